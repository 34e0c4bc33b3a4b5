"""Which requests are answered at all, whoever sends them, and the headers of every answer."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from edge_common.errors import EdgeError
from edge_common.network import is_this_machine, machine_names, plain_address
from modules.trainer_agent.web.services import services

COOKIE = "fifteen_session"
MODEL_ZIP = "handoff.model_zip"
"""What programs of other containers fetch, by whatever name they have for this one."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Refused(EdgeError):
    """A request from where none is taken."""

    code = "refused"


def guard(app: Flask) -> None:
    """Have the app refuse foreign hosts and foreign pages, and send the headers that keep a page to itself."""
    app.before_request(refuse_foreign_host)
    app.before_request(refuse_foreign_page)
    app.before_request(send_to_https)
    app.after_request(with_headers)


def refuse_foreign_host() -> None:
    """A name that somebody else points at this machine (DNS rebinding) is not ours; raises Refused.

    An address as digits is: no name leads to it, so no other page can have it as its own.
    """
    if request.endpoint == MODEL_ZIP:
        # Its address is its secret, whatever page of whatever name asks.
        return
    host = host_name()
    if plain_address(host) or host == "localhost" or host in machine_names():
        return
    if host not in services().settings().web.names:
        raise Refused(f"This page does not answer as {request.host[:80]!r}. The setting web.names can allow a name.")


def refuse_foreign_page() -> None:
    """Only our own pages may change anything; raises Refused.

    Browsers name the page that a change comes from. Other programs need not, unless they borrow a browser's session.
    """
    if request.method in _SAFE_METHODS:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise Refused(f"Another page ({origin[:80]!r}) tried to change something here.")
    if site not in (None, "same-origin", "none"):
        raise Refused("Another page tried to change something here.")
    if origin is None and site is None and COOKIE in request.cookies:
        raise Refused("A change in a session must say which page it comes from: the header Origin is missing.")


def send_to_https() -> Response | None:
    """Where the setting wants it, nothing is said to other machines without encryption; the way there is told."""
    port = services().https_port()
    plain = not request.is_secure and request.endpoint != MODEL_ZIP
    if (
        port is None
        or not plain
        or is_this_machine(request.remote_addr or "")
        or not services().settings().web.https_only
    ):
        return None
    host = f"[{host_name()}]" if ":" in host_name() else host_name()
    address = f"https://{host}:{port}{request.full_path.rstrip('?')}"
    return Response(status=308, headers={"Location": address})


def with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure or is_own_name():
        # Elsewhere browsers leave it aside, and complain of it on every page.
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def is_own_name() -> bool:
    """Whether the present request asks for this machine by a name that means itself, wherever it is used."""
    host = host_name()
    return host == "localhost" or is_this_machine(host)


def host_name() -> str:
    """The host that the present request asks for, without its port; empty if it is none."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""
