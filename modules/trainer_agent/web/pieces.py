"""How a large file comes in from a browser: announced, then piece by piece, as `send_pieces.js` sends it."""

from collections.abc import Callable
from typing import Protocol

from flask import Blueprint, Response, jsonify, request

from modules.trainer_agent.pieces import PIECE_BYTES
from modules.trainer_agent.web.parsing import file_name, json_object, text, whole, whole_argument


class Received(Protocol):
    """How far a file is, in bytes."""

    @property
    def id(self) -> str: ...

    @property
    def received(self) -> int: ...


class Taker(Protocol):
    """Who keeps such files; both raise what those of `Pieces` do."""

    def begin(self, name: str, size: int) -> Received: ...

    def put(self, file_id: str, start: int, data: bytes, /) -> Received: ...


def take_pieces(bp: Blueprint, path: str, taker: Callable[[], Taker], unnamed: str) -> None:
    """Answer at `path` (endpoint `begin`) and below it (`put`); `unnamed`: what a file without a name is called."""

    @bp.post(path)
    def begin() -> tuple[Response, int]:
        """Announce a file by `name` and `size` in bytes."""
        body = json_object()
        coming = taker().begin(file_name(text(body, "name"), unnamed), whole(body, "size"))
        return jsonify(id=coming.id, received=coming.received), 201

    @bp.put(f"{path}/<file_id>")
    def put(file_id: str) -> Response:
        """The bytes of the body belong at `start`."""
        request.max_content_length = PIECE_BYTES
        coming = taker().put(file_id, whole_argument("start", 0), request.get_data())
        return jsonify(id=coming.id, received=coming.received)
