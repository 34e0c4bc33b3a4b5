"""Every error as an answer: the family's status, JSON for programs and a page for people."""

import logging
import math

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from edge_common.camera_questions import NoAnswer
from edge_common.errors import CameraError, ConfigError, Conflict, EdgeError, InvalidInput, NotFound
from edge_common.sentences import Sentence
from modules.trainer_agent.people import WrongPin
from modules.trainer_agent.slow_down import TooSoon
from modules.trainer_agent.web.door import SignInNeeded
from modules.trainer_agent.web.guard import Refused
from modules.trainer_agent.web.language import _, told

log = logging.getLogger(__name__)

STATUS: dict[type[EdgeError], int] = {
    InvalidInput: 400,
    ConfigError: 400,
    Refused: 403,
    WrongPin: 403,
    NotFound: 404,
    Conflict: 409,
    CameraError: 503,
    NoAnswer: 503,
    EdgeError: 500,
}


def answer_problems(app: Flask) -> None:
    """Register the one place that turns errors into answers; a class is answered as its nearest parent here."""
    for kind, status in STATUS.items():
        app.register_error_handler(kind, lambda error, status=status: answer(status, _message(error), error.code))
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(SignInNeeded, ask_to_sign_in)
    app.register_error_handler(TooSoon, ask_to_wait)


def answer_http(error: HTTPException) -> Response:
    """What Flask and Werkzeug found wrong, in the same form."""
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        shown_mb = f"{(request.max_content_length or 0) / 1e6:.3g}"
        return answer(
            status,
            _("What was sent is too large; at most %(size)s MB can be taken.", size=shown_mb),
            "too_large",
        )
    if status == 404:
        return answer(status, _("There is nothing at this address."), "not_found")
    if status == 500:
        return answer(status, _("Something went wrong on the device; its log tells more."), "error")
    return answer(status, error.description or error.name, "bad_request")


def ask_to_sign_in(error: SignInNeeded) -> Response:
    """To a person the page for it, which leads back; to a program, and to a page's own requests, the status 401."""
    wants_page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")
    if wants_page and not request.path.startswith("/api/"):
        return make_response(redirect(url_for("people.sign_in_page", next=request.full_path.removesuffix("?"))))
    return answer(401, _message(error), error.code)


def ask_to_wait(error: TooSoon) -> Response:
    response = answer(429, _message(error), error.code)
    response.headers["Retry-After"] = str(math.ceil(error.wait_s))
    return response


def answer(status: int, message: str, code: str) -> Response:
    """A problem with its HTTP status, as JSON below /api and where a sign-in is needed, as a page elsewhere."""
    if status >= 500 and code not in (CameraError.code, NoAnswer.code):
        log.error("%s %s: %s", request.method, request.path, message)
    if request.path.startswith("/api/") or status == 401:
        response = jsonify(message=message, code=code)
    else:
        response = make_response(render_template("problem.html", message=message, status=status))
    response.status_code = status
    return response


def _message(error: EdgeError) -> str:
    """What an error says, in the language of the request where that knows it."""
    return told(error.args[0]) if error.args and isinstance(error.args[0], Sentence) else told(str(error))
