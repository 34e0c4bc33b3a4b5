"""Signing in and out, and the settings of it: the PIN and how long a session lasts."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from edge_common.network import network_addresses
from edge_common.sentences import marked
from modules.trainer_agent.people import Hours
from modules.trainer_agent.web.door import caller, session_token
from modules.trainer_agent.web.guard import COOKIE
from modules.trainer_agent.web.language import told
from modules.trainer_agent.web.parsing import flag, json_object, text, whole
from modules.trainer_agent.web.services import services

bp = Blueprint("people", __name__)

HOURS: dict[Hours, str] = {
    1: marked("1 hour"),
    12: marked("12 hours"),
    168: marked("7 days"),
    720: marked("30 days"),
}
_COOKIE_LASTS_S = 90 * 86_400
"""Longer than any session: how long one lasts is the device's word, not the browser's."""


@dataclass(frozen=True)
class PeopleSection:
    """What the settings page shows of this."""

    pin_is_set: bool
    hours: Hours
    addresses: tuple[str, ...]
    """Where people in the network open the page."""


@bp.app_template_global()
def people_section() -> PeopleSection:
    people = services().people
    port = urlsplit(f"//{request.host}").port
    shown = f":{port}" if port else ""
    addresses = tuple(f"{request.scheme}://{address}{shown}" for address in network_addresses())
    return PeopleSection(people.pin_is_set, people.hours, addresses)


@bp.app_template_global()
def session_lengths() -> dict[Hours, str]:
    return {hours: told(words) for hours, words in HOURS.items()}


@bp.get("/sign-in")
def sign_in_page() -> str | Any:  # noqa: ANN401 (werkzeug's Response)
    """Asks for the PIN, or where none is set and nobody sits, for the first one with the set-up code."""
    people, onward = services().people, way_on(request.args.get("next", "/"))
    let_in = people.is_signed_in(session_token()) if people.pin_is_set else caller().here
    if let_in:
        return redirect(onward)
    if not people.pin_is_set:
        people.need_code()
    return render_template("sign_in.html", onward=onward, first=not people.pin_is_set)


@bp.post("/api/sign-in")
def sign_in() -> Response:
    asks = caller()
    return _with_session(services().people.sign_in(text(json_object(), "pin"), asks.who, known=asks.known))


@bp.post("/api/first-pin")
def first_pin() -> Response:
    """At the device itself no code is asked for."""
    asks, body = caller(), json_object()
    code = None if asks.here else text(body, "code")
    return _with_session(services().people.set_first_pin(text(body, "pin"), asks.who, known=asks.known, code=code))


@bp.put("/api/settings/people/pin")
def change_pin() -> Response:
    body = json_object()
    return _with_session(services().people.change_pin(text(body, "present"), text(body, "pin"), caller().who))


@bp.put("/api/settings/people/session")
def change_session_length() -> tuple[str, int]:
    services().people.set_hours(whole(json_object(), "hours"))
    return "", 204


@bp.post("/api/sign-out")
def sign_out() -> Response:
    people = services().people
    if flag(json_object(), "everywhere"):
        people.sign_out_everywhere()
    else:
        people.sign_out(session_token())
    response = jsonify(signed_in=False)
    response.delete_cookie(COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)
    return response


def way_on(path: str) -> str:
    """A path of this page to go on to; home for whatever could lead elsewhere."""
    # Browsers take a backslash for a slash, leave out what is not printable, and take two slashes for another host.
    own = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if own and path.partition("?")[0] != "/sign-in" else "/"


def _with_session(token: str) -> Response:
    response = jsonify(signed_in=True)
    response.set_cookie(
        COOKIE, token, max_age=_COOKIE_LASTS_S, httponly=True, samesite="Strict", secure=request.is_secure
    )
    return response
