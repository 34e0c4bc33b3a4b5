"""The action `post`: an HTTP POST of the event as JSON, to hosts that the operator has allowed, signed where it can be.

What is sent again has the same `Idempotency-Key`. Redirects are not followed: they could lead to any host.
"""

import contextlib
import hashlib
import hmac
import http.client
import socket
import threading
from collections.abc import Callable
from urllib.parse import SplitResult, quote, urlsplit

from edge_common.settings import ActionSettings
from edge_common.skills.steps import PostAction
from edge_common.version import VERSION
from modules.inference.skills.changes import Job, host_of
from modules.inference.skills.doer import NotNow, Refused

TIMEOUT_S = 10.0
"""For all of it."""
SIGNATURE = "X-Signature-256"
_AGAIN = (408, 425, 429)
"""Of 4xx, those that say that it may work later."""


class Post:
    """Used by one thread."""

    def __init__(self, settings: Callable[[], ActionSettings], timeout_s: float = TIMEOUT_S) -> None:
        self._settings = settings
        self._timeout_s = timeout_s

    def __call__(self, job: Job) -> None:
        """Raises NotNow or Refused."""
        settings = self._settings()
        body = job.event.model_dump_json().encode()
        for action in job.actions:
            if isinstance(action, PostAction):
                if host_of(action.url) not in settings.hosts:
                    raise Refused(f"a host of the setting actions.hosts expected, got {host_of(action.url)!r}")
                self._post(action.url, body, _headers(body, f"{job.event.id}/{job.event.phase}", settings.secret))

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        status = self._status(url, body, headers)
        if 200 <= status < 300:
            return
        if status >= 500 or status in _AGAIN:
            raise NotNow(f"{host_of(url)} answers {status}")
        if 300 <= status < 400:
            raise Refused(f"{host_of(url)} answers {status}; redirects are not followed")
        raise Refused(f"{host_of(url)} answers {status}")

    def _status(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout_s)
        # A server that answers a byte now and then would never run into the time-out of the socket.
        ending = threading.Timer(self._timeout_s, _cut_off, (connection,))
        ending.daemon = True
        try:
            connection.connect()
            ending.start()
            connection.request("POST", _target(parts), body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise NotNow(f"{host_of(url)}: {error or type(error).__name__}") from error
        finally:
            ending.cancel()
            connection.close()


def _target(parts: SplitResult) -> str:
    """Path and query as they go out: letters beyond ASCII in percent signs."""
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return quote(target, safe="/?%:@!$&'()*+,;=~-._[]")


def signature(secret: str, body: bytes) -> str:
    """HMAC of the body by SHA-256, as hex behind the name of the method."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _headers(body: bytes, key: str, secret: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": f"fifteen/{VERSION}", "Idempotency-Key": key}
    return headers | ({SIGNATURE: signature(secret, body)} if secret else {})


def _cut_off(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
