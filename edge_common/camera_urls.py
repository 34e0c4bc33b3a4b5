"""Camera URLs in parts: what may be shown of one, which device it names, and where user and password belong in it."""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from edge_common.errors import ConfigError

FORMS = "sim:shelf, file:PATH (video), folder:PATH (images), v4l2:N (USB) or rtsp://HOST[:PORT]/PATH"
KINDS = ("sim", "file", "folder", "v4l2", "rtsp")
_RTSP_PORT = 554
_HIDDEN = "•••"
_SECRET = re.compile(r"((?:pass(?:word|wd)?|pwd)=)[^&/;\s]*", re.IGNORECASE)
"""Some cameras want the password in the path or among the options."""
_SIGNED = re.compile(r"//[^/\s]*@")
"""User and password of a URL."""


@dataclass(frozen=True)
class CameraUrl:
    """A camera URL; `place` is what follows the colon, without user and password."""

    kind: str
    place: str
    user: str = ""
    password: str = ""

    @property
    def text(self) -> str:
        """The whole URL, for the program that opens the camera and nobody else."""
        if not self.user and not self.password:
            return f"{self.kind}:{self.place}"
        who = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        return f"{self.kind}://{who}@{self.place.removeprefix('//')}"

    @property
    def shown(self) -> str:
        """The URL without user, password and what looks like a password."""
        return f"{self.kind}:{hidden(self.place)}"

    @property
    def host(self) -> str:
        """`HOST:PORT` of a network camera in lower case, empty for all others."""
        if self.kind != "rtsp":
            return ""
        parts = urlsplit(f"rtsp:{self.place}")
        return f"{parts.hostname}:{parts.port or _RTSP_PORT}"

    @property
    def device(self) -> str:
        """The same for every URL that opens the same device, which may allow one connection; empty for any number."""
        match self.kind:
            case "rtsp":
                parts = urlsplit(f"rtsp:{self.place}")
                return f"rtsp:{self.host}{parts.path}?{parts.query}"
            case "v4l2":
                return f"v4l2:{self.place.partition('?')[0].lstrip('0') or '0'}"
        return ""

    def signed_in(self, user: str, password: str) -> "CameraUrl":
        return replace(self, user=user, password=password)


def hidden(place: str) -> str:
    """A path, options or both, with what looks like a password taken out."""
    return _SECRET.sub(rf"\1{_HIDDEN}", place)


def parse_camera_url(text: str) -> CameraUrl:
    """The parts of a camera URL; raises ConfigError in words that hold no more of it than its kind."""
    kind, _, place = text.strip().partition(":")
    if kind not in KINDS or not place:
        raise ConfigError([f"camera: {FORMS} expected, got something else that begins with {kind[:20]!r}"])
    if any(not sign.isprintable() for sign in place):
        raise ConfigError(["camera: the address has signs that cannot be seen; type it anew"])
    if kind != "rtsp":
        return CameraUrl(kind, place)
    rest = place.removeprefix("//")
    host, slash, path = rest.partition("/")
    who, _, host = host.rpartition("@")
    user, _, password = who.partition(":")
    url = CameraUrl(kind, f"//{host}{slash}{path}", unquote(user), unquote(password))
    try:
        known = place.startswith("//") and urlsplit(f"rtsp://{host}").hostname
        port = urlsplit(f"rtsp://{host}").port
    except ValueError:
        known, port = None, None
    if not known or port == 0 or " " in host:
        raise ConfigError(["camera: rtsp://HOST[:PORT]/PATH expected, got another host or port"])
    return url


def without_secrets(text: str) -> str:
    """Any text with what stands before the `@` of each URL in it taken out, and what looks like a password."""
    return hidden(_SIGNED.sub(f"//{_HIDDEN}@", text))


def secrets_of(text: str) -> frozenset[str]:
    """What of a camera URL nobody may read, in every form in which it may stand somewhere; for searching a text."""
    try:
        url = parse_camera_url(text)
    except ConfigError:
        # Nobody knows where in it the password is.
        return frozenset({text})
    found = {url.password, quote(url.password, safe=""), quote(url.password)}
    found |= {match[0].partition("=")[2] for match in _SECRET.finditer(url.place)}
    return frozenset(found - {""})
