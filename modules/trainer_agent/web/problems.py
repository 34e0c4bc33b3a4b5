"""Every error as an answer: the family's status, JSON for programs and a page for people."""

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from edge_common.camera_questions import NoAnswer
from edge_common.errors import CameraError, ConfigError, Conflict, EdgeError, InvalidInput, NotFound
from modules.trainer_agent.web.guard import Refused

log = logging.getLogger(__name__)

STATUS: dict[type[EdgeError], int] = {
    InvalidInput: 400,
    ConfigError: 400,
    Refused: 403,
    NotFound: 404,
    Conflict: 409,
    CameraError: 503,
    NoAnswer: 503,
    EdgeError: 500,
}


def answer_problems(app: Flask) -> None:
    """Register the one place that turns errors into answers; a class is answered as its nearest parent here."""
    for kind, status in STATUS.items():
        app.register_error_handler(kind, lambda error, status=status: answer(status, str(error), error.code))
    app.register_error_handler(HTTPException, answer_http)


def answer_http(error: HTTPException) -> Response:
    """What Flask and Werkzeug found wrong, in the same form."""
    status = error.code or 500
    if isinstance(error, RequestEntityTooLarge):
        limit_mb = (request.max_content_length or 0) / 1e6
        return answer(status, f"What was sent is too large; at most {limit_mb:.3g} MB can be taken.", "too_large")
    if status == 404:
        return answer(status, "There is nothing at this address.", "not_found")
    if status == 500:
        return answer(status, "Something went wrong on the device; its log tells more.", "error")
    return answer(status, error.description or error.name, "bad_request")


def answer(status: int, message: str, code: str) -> Response:
    """A problem with its HTTP status, as JSON below /api and as a page elsewhere."""
    if status >= 500 and code not in (CameraError.code, NoAnswer.code):
        log.error("%s %s: %s", request.method, request.path, message)
    if request.path.startswith("/api/"):
        response = jsonify(message=message, code=code)
    else:
        response = make_response(render_template("problem.html", message=message, status=status))
    response.status_code = status
    return response
