import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq

from edge_common import results
from edge_common.detections import Result
from edge_common.errors import CodecError
from edge_common.results import (
    InferenceState,
    LiveModel,
    ResultPublisher,
    ResultSubscriber,
    VpuState,
    decode_inference_state,
    encode_inference_state,
    result_topic,
)

MODEL = LiveModel(
    id="shelf",
    name="Regal: leer",
    version="3",
    kind="detection",
    labels=("low", "full"),
    created="2026-11-22T10:00:00Z",
)
STATE = InferenceState(models=(MODEL,), runtime="openvino", frames_per_s=9.5, inference_ms=31.25, last_error="")


@pytest.fixture
def endpoint() -> Iterator[str]:
    # The path of a Unix socket may have about 100 characters; pytest's own folders are longer.
    folder = tempfile.mkdtemp(prefix="results-")
    yield f"ipc://{folder}/socket"
    shutil.rmtree(folder)


@pytest.fixture
def publisher(endpoint: str) -> Iterator[ResultPublisher]:
    made = ResultPublisher(endpoint)
    yield made
    made.close()


@pytest.fixture
def subscriber(endpoint: str) -> Iterator[ResultSubscriber]:
    made = ResultSubscriber(endpoint)
    yield made
    made.close()


def result(number: int, camera: str = "till", model: str = "shelf") -> Result:
    return Result(camera, f"{number}-0", number, model, "3", "detection", (), 1.0)


def publish_until(publish: Callable[[], object], seen: Callable[[], bool]) -> None:
    """Readers join when they join, so what is published before is not theirs."""
    for _ in range(3000):
        publish()
        time.sleep(0.01)
        if seen():
            return
    raise AssertionError("the reader got nothing")


LOST = VpuState(device="MYRIAD", phase="lost", kind="hung", why="keine Antwort", since="2026-11-26T10:00:00+00:00")


@pytest.mark.parametrize("vpu", [None, VpuState(device="MYRIAD", phase="running"), LOST], ids=["none", "runs", "lost"])
def test_a_state_survives_its_codec(vpu: VpuState | None) -> None:
    state = STATE.model_copy(update={"models": (MODEL.model_copy(update={"vpu": vpu}),)})

    assert decode_inference_state(encode_inference_state(state)) == state


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"version": 2}, "version: ", id="another version"),
        pytest.param({"models": [{"id": "shelf"}]}, "models.0.name: ", id="half a model"),
        pytest.param({"models": None}, "models: ", id="no models"),
        pytest.param({"runtime": 3}, "runtime: ", id="runtime as number"),
        pytest.param({"frames_per_s": -1}, "frames_per_s: ", id="negative pace"),
        pytest.param({"inference_ms": "12"}, "inference_ms: ", id="duration as text"),
        pytest.param({"mood": "good"}, "mood: ", id="a field too many"),
    ],
)
def test_a_state_with_a_bad_field_is_refused_by_its_name(change: dict[str, Any], reason: str) -> None:
    body = STATE.model_dump(mode="json") | change

    with pytest.raises(CodecError, match=reason):
        decode_inference_state([b"inference\0", json.dumps(body).encode()])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"inference\0"], id="no body"),
        pytest.param([b"inference\0", b'{"version": 1'], id="cut short"),
        pytest.param([b"inference\0", b"\xff"], id="not text"),
    ],
)
def test_parts_that_are_no_state_are_refused(parts: list[bytes]) -> None:
    with pytest.raises(CodecError, match="inference state"):
        decode_inference_state(parts)


def test_the_newest_result_of_each_camera_and_model_is_kept(
    publisher: ResultPublisher, subscriber: ResultSubscriber
) -> None:
    publish_until(lambda: publisher.publish(result(1)), lambda: subscriber.newest("till", "shelf") is not None)

    publisher.publish(result(2))
    publisher.publish(result(3, model="people"))
    publisher.publish(result(4, camera="till-2"))
    publish_until(
        lambda: publisher.publish(result(9, camera="end")), lambda: subscriber.newest("end", "shelf") is not None
    )

    assert subscriber.newest("till", "shelf") == result(2)
    assert subscriber.newest("till", "people") == result(3, model="people")
    assert subscriber.newest("till-2", "shelf") == result(4, camera="till-2")
    assert subscriber.newest("till-2", "people") is None


def test_a_reader_may_subscribe_to_one_camera_alone() -> None:
    assert not result_topic("till-2").startswith(result_topic("till"))


def test_the_state_goes_stale_when_inference_falls_silent(
    publisher: ResultPublisher, subscriber: ResultSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert subscriber.state() is None
    publish_until(lambda: publisher.publish_state(STATE), lambda: subscriber.state() is not None)
    assert subscriber.state() == STATE

    monkeypatch.setattr(results, "STATE_LASTS_S", 0.0)

    assert subscriber.state() is None


def test_a_message_that_is_no_result_is_left_out_and_said(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    context = zmq.Context()
    socket = context.socket(zmq.PUB)
    socket.bind(endpoint)
    subscriber = ResultSubscriber(endpoint)

    with caplog.at_level(logging.WARNING):
        publish_until(lambda: socket.send_multipart([result_topic("till"), b"noise"]), lambda: bool(caplog.messages))

    assert "message from inference left out: result: JSON expected" in caplog.messages[0]
    subscriber.close()
    context.destroy(linger=0)


def test_a_reader_goes_on_when_inference_starts_again(endpoint: str, subscriber: ResultSubscriber) -> None:
    first = ResultPublisher(endpoint)
    publish_until(lambda: first.publish(result(1)), lambda: subscriber.newest("till", "shelf") is not None)
    first.close()

    second = ResultPublisher(endpoint)
    publish_until(lambda: second.publish(result(2)), lambda: subscriber.newest("till", "shelf") == result(2))

    second.close()
