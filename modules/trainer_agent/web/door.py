"""Who is let in: with a PIN whoever has signed in, without one whoever sits at the device."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from flask import Flask, Response, g, request

from edge_common.errors import EdgeError
from edge_common.network import is_this_machine, neighbourhood
from edge_common.sentences import sentence
from modules.trainer_agent.web.guard import COOKIE, MODEL_ZIP, is_own_name
from modules.trainer_agent.web.services import services

OPEN_ENDPOINTS = frozenset({"people.sign_in_page", "people.sign_in", "people.first_pin", "language.words", MODEL_ZIP})
"""What nobody needs to be signed in for; a model zip is for whoever knows its checksum (docs/adr/0030)."""
OPEN_FILES = frozenset(
    {
        "base.css",
        "parts.css",
        "people.css",
        "icon.svg",
        "api.js",
        "pin_forms.js",
        "ready.js",
        "signed_out.js",
        "toast.js",
        "words.js",
    }
)
"""Of the static files those that the page for signing in is made of."""
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class SignInNeeded(EdgeError):
    """A request of somebody who is not let in."""

    code = "sign_in"


@dataclass(frozen=True)
class Caller:
    """Who sends the present request, as far as it counts for setting and trying PINs."""

    who: str
    known: bool
    """Need not wait for what others did wrong."""
    here: bool
    """At the device itself."""


def keep_door(app: Flask) -> None:
    """Have the app let in only whom it may, and end the streams of those who are not let in any more."""
    app.before_request(admit)
    app.after_request(end_with_session)


def admit() -> None:
    """Raises SignInNeeded."""
    if request.endpoint in OPEN_ENDPOINTS or _is_open_file():
        return
    people, token = services().people, session_token()
    still_admitted: Callable[[], bool]
    if people.pin_is_set:

        def still_admitted() -> bool:
            return people.is_signed_in(token)

    else:
        here = is_here()

        def still_admitted() -> bool:
            return here and not people.pin_is_set

    if not still_admitted():
        raise SignInNeeded(sentence("Nobody is signed in here any more. Sign in to go on."))
    g.still_admitted = still_admitted


def end_with_session(response: Response) -> Response:
    """An answer that goes on for long ends when its reader would not be let in any more."""
    still_admitted = g.get("still_admitted")
    if response.is_streamed and not response.direct_passthrough and still_admitted is not None:
        # Text or bytes: the server takes either, and never both in one answer.
        response.response = WhileAdmitted(cast("Iterable[bytes]", response.response), still_admitted)
    return response


class WhileAdmitted:
    """The parts of an answer, each only if its reader is still let in."""

    def __init__(self, parts: Iterable[bytes], still_admitted: Callable[[], bool]) -> None:
        self._parts, self._still_admitted = iter(parts), still_admitted

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        part = next(self._parts)
        # Asked when the part is there: waiting for it may have taken long.
        if not self._still_admitted():
            raise StopIteration
        return part

    def close(self) -> None:
        """Called by the server when the answer has ended or its reader has gone."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


def caller() -> Caller:
    token, here = session_token(), is_here()
    if token and services().people.is_known(token):
        return Caller(f"browser {token}", known=True, here=here)
    if here:
        return Caller("this machine", known=True, here=True)
    return Caller(neighbourhood(request.remote_addr or ""), known=False, here=False)


def is_here() -> bool:
    """Whether the present request was sent at the device itself, by nobody who speaks for others.

    By its own name only: a page of another name that leads here has no business on this machine.
    """
    forwarded = any(name in request.headers for name in _FORWARDED)
    return is_own_name() and not forwarded and is_this_machine(request.remote_addr or "")


def session_token() -> str:
    return request.cookies.get(COOKIE, "")


def _is_open_file() -> bool:
    return request.endpoint == "static" and (request.view_args or {}).get("filename") in OPEN_FILES
