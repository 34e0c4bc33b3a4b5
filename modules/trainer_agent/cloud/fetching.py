"""Fetches one file from the web: bounded in size and time, from nowhere else than was said, checked by its sha256.

The address may hold a secret in its query, so no error tells more of it than the host.
"""

import hashlib
import http.client
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from edge_common.errors import InvalidInput, LineLost
from modules.trainer_agent.cloud.patience import Persistence

MOST_BYTES = 500_000_000
_READ_BYTES = 256 * 1024
_LEFT_FREE_BYTES = 500_000_000
_LATER = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Bounds:
    """How much and how long."""

    most_bytes: int = MOST_BYTES
    silence_s: float = 30.0
    within_s: float = 1800.0
    """One try, from the request to the last byte."""


DEFAULT_BOUNDS = Bounds()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """None: another address than the one that was asked for is not gone to; it ends as an HTTPError."""


def host_of(url: str) -> str:
    """Raises InvalidInput unless it is an http or https address without user name."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise InvalidInput("url: a web address expected, got something else") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or not url.isprintable():
        raise InvalidInput("url: https://HOST/PATH or http://HOST/PATH expected, without user name")
    return host


def fetch(
    url: str,
    sha256: str,
    target: Path,
    persistence: Persistence,
    told: Callable[[float, int], None],
    bounds: Bounds = DEFAULT_BOUNDS,
) -> None:
    """Put the file at `target`; `told` gets the fraction and the bytes that are there.

    Raises InvalidInput when it is another file, too large, or refused; LineLost when that lasts too long; Stopped.
    """
    persistence.until_done(lambda: _fetch(url, sha256, target, persistence, told, bounds))


def _fetch(
    url: str, sha256: str, target: Path, persistence: Persistence, told: Callable[[float, int], None], bounds: Bounds
) -> None:
    host, began_s = host_of(url), time.monotonic()
    opener = urllib.request.build_opener(_NoRedirect)
    digest, size = hashlib.sha256(), 0
    try:
        with opener.open(url, timeout=bounds.silence_s) as answer, target.open("wb") as file:
            expected = _length(answer.headers, host, bounds, target)
            while data := answer.read1(_READ_BYTES):
                size += len(data)
                if size > bounds.most_bytes:
                    raise InvalidInput(f"{host}: at most {bounds.most_bytes} bytes expected, there are more")
                if time.monotonic() - began_s > bounds.within_s:
                    raise LineLost(f"{host} did not send the file within {bounds.within_s:g} s, but {size} bytes")
                digest.update(data)
                file.write(data)
                told(size / expected if expected else 0.0, size)
                persistence.check()
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(host, error.code) from None
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        kind = type(getattr(error, "reason", None) or error).__name__
        raise LineLost(f"{host} cannot be reached, or broke off ({kind})") from None
    if expected is not None and size < expected:
        raise LineLost(f"{host} broke off after {size} of {expected} bytes")
    if digest.hexdigest() != sha256:
        raise InvalidInput(f"sha256: {sha256} expected, the file that {host} sent has {digest.hexdigest()}")


def _length(headers: Message, host: str, bounds: Bounds, target: Path) -> int | None:
    """As the server tells it; raises InvalidInput when there is no room for so much."""
    text = headers.get("Content-Length", "")
    length = int(text) if text.isdecimal() else None
    if length is not None and length > bounds.most_bytes:
        raise InvalidInput(f"{host}: at most {bounds.most_bytes} bytes expected, got {length}")
    free = shutil.disk_usage(target.parent).free
    if free < 2 * (length or bounds.most_bytes) + _LEFT_FREE_BYTES:
        raise InvalidInput(f"there is no room for the file: {free / 1e6:.0f} MB are free")
    return length


def _refused(host: str, status: int) -> InvalidInput | LineLost:
    if status in _LATER:
        return LineLost(f"{host} cannot send it now ({status})")
    if status in (301, 302, 303, 307, 308):
        return InvalidInput(f"url: {host} sends to another address ({status}), which is not gone to; name that one")
    why = {401: "it asks for a sign-in", 403: "it does not allow it", 404: "there is nothing at this address"}
    return InvalidInput(f"url: {host}: {why.get(status, 'it refuses')} ({status})")
