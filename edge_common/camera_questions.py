"""What the page asks capture about cameras, and the answers: values, codec, and their way over ZeroMQ.

Which cameras are plugged in, whether a URL or a camera of the settings gives a picture, and what a camera saw last.
Frames and states come by themselves (`frames.py`); this is for what only the program that opens cameras can know.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import zmq

from edge_common.errors import CodecError, EdgeError
from edge_common.json_fields import json_object, text, whole

log = logging.getLogger(__name__)

VERSION = 1
QuestionKind = Literal["find", "try", "again", "last"]
_POLL_MS = 50
_MOST_AT_ONCE = 8
_MOST_BYTES = 20_000_000


class NoAnswer(EdgeError):
    """Capture does not run, or is too busy to answer in time."""

    code = "no_answer"


@dataclass(frozen=True)
class Question:
    """`about`: of "try" a camera URL, of "again" and "last" the id of a camera, of "find" nothing."""

    kind: QuestionKind
    about: str = ""


@dataclass(frozen=True)
class VideoDevice:
    """A camera that is plugged in, be it used or not."""

    url: str
    name: str
    problem: str
    """Why it cannot be opened; empty when nothing speaks against it."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What there is to each question; nothing else is filled in."""

    reason: str = ""
    """Why there is no picture; empty when there is one, or when none was asked for."""
    jpeg: bytes = b""
    width: int = 0
    height: int = 0
    """Size of the picture that the camera gave; the JPEG may be smaller."""
    taken_ns: int = 0
    devices: tuple[VideoDevice, ...] = ()


def encode_question(question: Question) -> bytes:
    return json.dumps({"version": VERSION, "kind": question.kind, "about": question.about}).encode()


def decode_question(data: bytes) -> Question:
    """Raises CodecError; what the question is about may hold a password and is not repeated."""
    body = json_object("question", data, VERSION, secret=True)
    kind: Any = body.get("kind")
    if kind not in get_args(QuestionKind):
        raise CodecError(f"question: kind one of {get_args(QuestionKind)} expected, got {kind!r}")
    return Question(kind, text(body, "about"))


def encode_answer(answer: Answer) -> list[bytes]:
    """Two parts: JSON, JPEG."""
    body = {
        "version": VERSION,
        "reason": answer.reason,
        "width": answer.width,
        "height": answer.height,
        "taken_ns": answer.taken_ns,
        "devices": [{"url": one.url, "name": one.name, "problem": one.problem} for one in answer.devices],
    }
    return [json.dumps(body).encode(), answer.jpeg]


def decode_answer(parts: list[bytes]) -> Answer:
    """Raises CodecError saying what is missing or malformed."""
    if len(parts) != 2:
        raise CodecError(f"answer: 2 parts expected, got {len(parts)}")
    body = json_object("answer", parts[0], VERSION, secret=True)
    devices = body.get("devices")
    if not isinstance(devices, list) or not all(isinstance(one, dict) for one in devices):
        raise CodecError(f"answer: devices must be a list of objects, got {devices!r}")
    return Answer(
        reason=text(body, "reason"),
        jpeg=parts[1],
        width=whole(body, "width"),
        height=whole(body, "height"),
        taken_ns=whole(body, "taken_ns"),
        devices=tuple(VideoDevice(text(one, "url"), text(one, "name"), text(one, "problem")) for one in devices),
    )


class QuestionServer:
    """Capture's side: each question is answered by `answer` in a thread of its own, a bounded number at a time."""

    def __init__(self, endpoint: str, answer: Callable[[Question], Answer]) -> None:
        self._answer = answer
        self._answers: queue.SimpleQueue[list[bytes]] = queue.SimpleQueue()
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._stop = threading.Event()
        self._context = zmq.Context()
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, _MOST_BYTES)
        socket.bind(endpoint)
        self._thread = threading.Thread(target=self._serve, args=(socket,), name="questions", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def _serve(self, socket: "zmq.Socket[bytes]") -> None:
        while not self._stop.is_set():
            if socket.poll(_POLL_MS):
                self._take(socket.recv_multipart())
            while not self._answers.empty():
                socket.send_multipart(self._answers.get())
        socket.close()

    def _take(self, parts: list[bytes]) -> None:
        *way, data = parts
        try:
            question = decode_question(data)
        except CodecError as error:
            log.warning("question left out: %s", error)
            return
        if not self._room.acquire(blocking=False):
            self._answers.put([*way, *encode_answer(Answer(reason="too many questions at once; ask again"))])
            return
        threading.Thread(target=self._work, args=(way, question), name=f"answer {question.kind}", daemon=True).start()

    def _work(self, way: list[bytes], question: Question) -> None:
        try:
            answer = self._answer(question)
        except EdgeError as error:
            answer = Answer(reason=str(error))
        finally:
            self._room.release()
        self._answers.put([*way, *encode_answer(answer)])


class QuestionAsker:
    """The page's side. May be used from any thread."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._context = zmq.Context()

    def ask(self, question: Question, timeout_s: float) -> Answer:
        """Wait for the answer; raises NoAnswer when there is none in time, CodecError when it cannot be read."""
        socket = self._context.socket(zmq.REQ)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(self._endpoint)
            socket.send(encode_question(question))
            if not socket.poll(int(timeout_s * 1000)):
                raise NoAnswer("The program that opens cameras does not answer. It may be starting; try again.")
            return decode_answer(socket.recv_multipart())
        finally:
            socket.close()

    def close(self) -> None:
        self._context.destroy(linger=0)
