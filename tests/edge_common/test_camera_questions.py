import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.camera_questions import (
    Answer,
    NoAnswer,
    Question,
    QuestionAsker,
    QuestionServer,
    VideoDevice,
    decode_answer,
    decode_question,
    encode_answer,
    encode_question,
)
from edge_common.errors import CameraError, CodecError

WEBCAM = VideoDevice("v4l2:0", "Caméra HD", "")
ANSWER = {"version": 1, "reason": "", "width": 4, "height": 3, "taken_ns": 9, "devices": []}


@pytest.mark.parametrize(
    "question",
    [Question("find"), Question("try", "rtsp://a:b@x/é"), Question("again", "till"), Question("last", "till")],
)
def test_a_question_survives_its_codec(question: Question) -> None:
    assert decode_question(encode_question(question)) == question


def test_an_answer_survives_its_codec() -> None:
    got = decode_answer(encode_answer(Answer("", b"\xff\xd8", 640, 480, 1_790_000_000, (WEBCAM,))))

    assert (got.reason, got.jpeg, got.width, got.height, got.taken_ns) == ("", b"\xff\xd8", 640, 480, 1_790_000_000)
    assert got.devices == (WEBCAM,)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"{", "JSON expected", id="cut short"),
        pytest.param(b"\xff", "JSON expected", id="no text"),
        pytest.param(b"[]", "object of version 1", id="a list"),
        pytest.param(b'{"version": 2}', "object of version 1", id="another version"),
        pytest.param(b'{"version": 1, "kind": "open", "about": ""}', "kind one of .* got 'open'", id="unknown kind"),
        pytest.param(b'{"version": 1, "kind": "try"}', "about: text expected", id="about nothing"),
    ],
)
def test_a_question_that_is_none_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decode_question(data)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"version": 0}, "object of version 1", id="another version"),
        pytest.param({"reason": None}, "reason: text", id="no reason"),
        pytest.param({"width": -1}, "width: a whole number", id="negative width"),
        pytest.param({"height": 2.5}, "height: a whole number", id="fractional height"),
        pytest.param({"taken_ns": True}, "taken_ns: a whole number", id="time as truth"),
        pytest.param({"devices": {}}, "devices must be a list", id="devices no list"),
        pytest.param({"devices": ["v4l2:0"]}, "devices must be a list of objects", id="device as text"),
        pytest.param({"devices": [{"url": "v4l2:0", "name": "a"}]}, "problem: text", id="device without its problem"),
    ],
)
def test_an_answer_with_a_wrong_field_is_refused(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decode_answer([json.dumps(ANSWER | change).encode(), b""])


def test_an_answer_of_one_part_is_refused() -> None:
    with pytest.raises(CodecError, match="2 parts expected, got 1"):
        decode_answer([b"{}"])


Serve = Callable[[Callable[[Question], Answer]], QuestionAsker]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server that answers so, and get somebody to ask it."""
    made: list[QuestionServer | QuestionAsker] = []

    def started(answer: Callable[[Question], Answer]) -> QuestionAsker:
        endpoint = f"ipc://{tmp_path}/q"
        asker = QuestionAsker(endpoint)
        made.extend((QuestionServer(endpoint, answer), asker))
        return asker

    yield started
    for one in made:
        one.close()


def test_a_question_is_answered(serve: Serve) -> None:
    asker = serve(lambda question: Answer(reason=f"{question.kind} {question.about}"))

    assert asker.ask(Question("last", "till"), 5).reason == "last till"


def test_the_reason_of_a_camera_is_the_answer(serve: Serve) -> None:
    def refuse(question: Question) -> Answer:
        raise CameraError("nothing answers there")

    assert serve(refuse).ask(Question("try", "x"), 5).reason == "nothing answers there"


def test_a_slow_answer_holds_up_no_other(serve: Serve) -> None:
    over = threading.Event()

    def answer(question: Question) -> Answer:
        if question.kind == "try":
            over.wait(10)
        return Answer(reason=question.kind)

    asker = serve(answer)
    slow: list[str] = []
    thread = threading.Thread(target=lambda: slow.append(asker.ask(Question("try"), 10).reason))
    thread.start()

    assert asker.ask(Question("find"), 5).reason == "find"
    assert slow == []
    over.set()
    thread.join()
    assert slow == ["try"]


def test_without_capture_there_is_no_answer_but_an_end(tmp_path: Path) -> None:
    asker = QuestionAsker(f"ipc://{tmp_path}/nobody")
    asked_s = time.monotonic()

    with pytest.raises(NoAnswer, match="does not answer"):
        asker.ask(Question("find"), 0.2)

    assert time.monotonic() - asked_s < 2
    asker.close()
