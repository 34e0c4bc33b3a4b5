"""Which requests are answered at all, and the headers of every answer. The page serves this machine only for now."""

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, Response, request

from edge_common.errors import EdgeError

_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Refused(EdgeError):
    """A request from where none is taken."""

    code = "refused"


def loopback(address: str) -> str:
    """The address, if only this machine can reach it; raises ValueError."""
    if not ipaddress.ip_address(address).is_loopback:
        raise ValueError(f"a loopback address expected, got {address!r}")
    return address


def guard(app: Flask) -> None:
    """Have the app refuse foreign hosts and foreign pages, and send the headers that keep a page to itself."""
    app.before_request(refuse_foreign_host)
    app.before_request(refuse_foreign_page)
    app.after_request(with_headers)


def refuse_foreign_host() -> None:
    """A name that somebody else points at this machine (DNS rebinding) is not ours; raises Refused."""
    if _host_name(request.host) not in _OWN_NAMES:
        raise Refused(f"This page answers as localhost only, not as {request.host[:80]!r}.")


def refuse_foreign_page() -> None:
    """Only our own pages may change anything; raises Refused."""
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise Refused(f"Another page ({origin[:80]!r}) tried to change something here.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refused("Another page tried to change something here.")


def with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
