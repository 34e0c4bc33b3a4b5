"""Why a network camera gives no video: it is asked once to describe its stream (RFC 2326), and says so by a number."""

import base64
import hashlib
import re
import socket
from urllib.parse import urlsplit

from edge_common.camera_urls import CameraUrl

_PORT = 554
_PATIENCE_S = 2.0
_MOST_BYTES = 8192
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


def why_no_video(url: CameraUrl) -> str:
    """The reason in words, without user and password."""
    parts = urlsplit(f"rtsp:{url.place}")
    host, port = parts.hostname or "", parts.port or _PORT
    try:
        line = socket.create_connection((host, port), timeout=_PATIENCE_S)
    except OSError as error:
        return f"nothing answers at {host}:{port} ({error.strerror or error})"
    with line:
        try:
            status = _described(line, url)
        except OSError:
            status = 0
    return _words(status, signed_in=bool(url.user))


def _words(status: int, *, signed_in: bool) -> str:
    match status:
        case 401 | 403:
            return "user name or password is wrong" if signed_in else "it asks for a user name and a password"
        case 404:
            return "it has no stream of this path; the part of the address after the host is wrong"
        case 453 | 503:
            return "it serves as many readers as it can; another program watches it"
        case 0:
            return "it answers but gives no video; it is no network camera, or it hangs"
    return f"it answers but gives no video (answer {status})"


def _described(line: socket.socket, url: CameraUrl) -> int:
    """The status of DESCRIBE, asked again with user and password if it wants them; 0 for no RTSP answer."""
    target = f"rtsp:{url.place}"
    status, wanted = _asked(line, target, 1, "")
    if status == 401 and url.user and wanted:
        status, _ = _asked(line, target, 2, f"Authorization: {signature(wanted, url, target)}\r\n")
    return status


def _asked(line: socket.socket, target: str, number: int, more: str) -> tuple[int, str]:
    line.sendall(f"DESCRIBE {target} RTSP/1.0\r\nCSeq: {number}\r\nAccept: application/sdp\r\n{more}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < _MOST_BYTES:
        data = line.recv(_MOST_BYTES)
        if not data:
            break
        answer += data
    text = answer.decode(errors="replace")
    status = re.match(r"RTSP/1\.\d (\d{3})", text)
    wishes = re.findall(r"(?im)^www-authenticate:\s*(.+?)\s*$", text)
    # Digest does not send the password itself.
    wishes.sort(key=lambda wish: not wish.lower().startswith("digest"))
    return int(status[1]) if status else 0, wishes[0] if wishes else ""


def signature(wanted: str, url: CameraUrl, target: str) -> str:
    """The answer to a WWW-Authenticate header, Basic or Digest without qop (RFC 2617)."""
    if not wanted.lower().startswith("digest"):
        return "Basic " + base64.b64encode(f"{url.user}:{url.password}".encode()).decode()
    fields = dict(_FIELD.findall(wanted))
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")
    response = _md5(f"{_md5(f'{url.user}:{realm}:{url.password}')}:{nonce}:{_md5(f'DESCRIBE:{target}')}")
    return f'Digest username="{url.user}", realm="{realm}", nonce="{nonce}", uri="{target}", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
