import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import zmq

from edge_common.errors import CodecError
from edge_common.frames import (
    CameraState,
    Frame,
    FramePublisher,
    FrameSubscriber,
    decode_frame,
    decode_state,
    encode_frame,
    encode_state,
    frame_topic,
)

HEADER: dict[str, Any] = {"version": 1, "camera": "till", "sequence": 5, "taken_ns": 17, "width": 4, "height": 3}
STATE: dict[str, Any] = {
    "version": 1,
    "camera": "till",
    "phase": "lost",
    "reason": "débranchée",
    "frames_per_s": 9.5,
    "width": 640,
    "height": 480,
    "name": "",
    "source": "",
    "since_ns": 0,
    "location": "",
    "own": False,
}
PIXELS = bytes(range(36))


@pytest.fixture
def endpoint() -> Iterator[str]:
    # The path of a Unix socket may have about 100 characters; pytest's own folders are longer.
    folder = tempfile.mkdtemp(prefix="frames-")
    yield f"ipc://{folder}/socket"
    shutil.rmtree(folder)


@pytest.fixture
def publisher(endpoint: str) -> Iterator[FramePublisher]:
    made = FramePublisher(endpoint)
    yield made
    made.close()


@pytest.fixture
def subscriber(endpoint: str) -> Iterator[FrameSubscriber]:
    made = FrameSubscriber(endpoint)
    yield made
    made.close()


def frame(camera: str = "till", sequence: int = 0, width: int = 960) -> Frame:
    return Frame(camera, sequence, time.time_ns(), np.full((540, width, 3), sequence % 256, np.uint8))


WAITED_S = 1.0
"""A publisher that waits for a reader does so for good; a busy machine makes one frame take a tenth of this."""


def publish_until(publish: Callable[[int], None], seen: Callable[[], bool]) -> int:
    """Publish numbers from 1 until the reader has something: readers join when they join."""
    for number in range(1, 3000):
        publish(number)
        time.sleep(0.01)
        if seen():
            return number
    raise AssertionError("the reader got nothing")


def test_a_frame_survives_its_codec() -> None:
    sent = Frame("till", 5, 1_790_000_000_123_456_789, np.frombuffer(PIXELS, np.uint8).reshape(3, 4, 3))

    got = decode_frame(encode_frame(sent))

    assert (got.camera, got.sequence, got.taken_ns) == (sent.camera, sent.sequence, sent.taken_ns)
    assert got.id == "1790000000123456789-5"
    np.testing.assert_array_equal(got.pixels, sent.pixels)


def test_a_frame_cut_out_of_a_larger_picture_survives_its_codec() -> None:
    picture = np.arange(10 * 10 * 3, dtype=np.uint8).reshape(10, 10, 3)

    got = decode_frame(encode_frame(Frame("till", 0, 0, picture[2:7, 1:9])))

    np.testing.assert_array_equal(got.pixels, picture[2:7, 1:9])


def test_a_state_survives_its_codec() -> None:
    sent = CameraState(
        "till", "lost", "débranchée", 9.5, 640, 480, "Kasse", "rtsp://192.0.2.7/main", 1_790_000_000, True, "Ausgang"
    )

    assert decode_state(encode_state(sent)) == sent


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([], "3 parts expected, got 0", id="nothing"),
        pytest.param([b"topic", b"{}"], "3 parts expected, got 2", id="no pixels"),
        pytest.param([b"topic", b"{", PIXELS], "JSON expected", id="header cut short"),
        pytest.param([b"topic", b"\xff\xfe", PIXELS], "JSON expected", id="header is not text"),
        pytest.param([b"topic", b"[]", PIXELS], "object of version 1 expected", id="header is a list"),
        pytest.param([b"topic", b"{}", PIXELS], "object of version 1 expected", id="no version"),
    ],
)
def test_a_frame_that_is_no_frame_is_refused(parts: list[bytes], expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decode_frame(parts)


@pytest.mark.parametrize(
    ("change", "pixels", "expected"),
    [
        pytest.param({"version": 2}, PIXELS, "object of version 1 expected", id="another version"),
        pytest.param({"camera": None}, PIXELS, "camera: text expected, got None", id="no camera"),
        pytest.param({"sequence": "5"}, PIXELS, "sequence: a whole number from 0", id="sequence as text"),
        pytest.param({"sequence": True}, PIXELS, "sequence: a whole number from 0", id="sequence as truth"),
        pytest.param({"taken_ns": -1}, PIXELS, "taken_ns: a whole number from 0", id="before the epoch"),
        pytest.param({"width": 4.0}, PIXELS, "width: a whole number from 0", id="fractional width"),
        pytest.param({"width": 5}, PIXELS, "5 x 3 x 3 bytes expected, got 36", id="wrong width"),
        pytest.param({}, PIXELS[:-1], "4 x 3 x 3 bytes expected, got 35", id="pixels cut short"),
        pytest.param({}, PIXELS + b"\0", "4 x 3 x 3 bytes expected, got 37", id="pixels too long"),
        pytest.param({"width": 0}, b"", "0 x 3 x 3 bytes expected, got 0", id="empty picture"),
    ],
)
def test_a_frame_with_a_wrong_field_is_refused(change: dict[str, Any], pixels: bytes, expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decode_frame([frame_topic("till"), json.dumps(HEADER | change).encode(), pixels])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"version": 0}, "object of version 1 expected", id="another version"),
        pytest.param({"camera": 7}, "camera: text expected, got 7", id="camera as number"),
        pytest.param({"phase": "gone"}, "phase one of .* got 'gone'", id="unknown phase"),
        pytest.param({"phase": None}, "phase one of .* got None", id="no phase"),
        pytest.param({"reason": None}, "reason: text expected", id="no reason"),
        pytest.param({"frames_per_s": "9"}, "frames_per_s must be a number, got '9'", id="rate as text"),
        pytest.param({"frames_per_s": True}, "frames_per_s must be a number, got True", id="rate as truth"),
        pytest.param({"width": -1}, "width: a whole number from 0", id="negative width"),
        pytest.param({"height": None}, "height: a whole number from 0", id="no height"),
        pytest.param({"name": None}, "name: text expected", id="no name"),
        pytest.param({"source": 3}, "source: text expected", id="source as number"),
        pytest.param({"since_ns": -1}, "since_ns: a whole number from 0", id="since before the epoch"),
        pytest.param({"own": 1}, "own must be true or false, got 1", id="own as number"),
    ],
)
def test_a_state_with_a_wrong_field_is_refused(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decode_state([b"topic", json.dumps(STATE | change).encode()])


def test_a_state_of_one_part_is_refused() -> None:
    with pytest.raises(CodecError, match="2 parts expected, got 1"):
        decode_state([b"topic"])


def test_a_reader_gets_frames_of_the_cameras_it_watches_and_states_of_all(
    publisher: FramePublisher, subscriber: FrameSubscriber
) -> None:
    def publish(number: int) -> None:
        for camera in ("till", "till-2"):
            publisher.publish(frame(camera, number))
            publisher.publish_state(CameraState(camera, "live", "", 10.0, 960, 540))

    with subscriber.watching("till"):
        publish_until(publish, lambda: subscriber.frames.after("till", 0, 0) is not None)
        publish_until(publish, lambda: len(subscriber.states()) == 2)

        assert subscriber.frames.after("till-2", 0, 0.1) is None


def test_frames_stop_when_the_last_watcher_has_gone(publisher: FramePublisher, subscriber: FrameSubscriber) -> None:
    def got() -> bool:
        return subscriber.frames.after("till", 0, 0) is not None

    def publish(number: int) -> None:
        publisher.publish(frame(sequence=number))

    with subscriber.watching("till"):
        with subscriber.watching("till"):
            publish_until(publish, got)
        publish_until(publish, got)
    time.sleep(0.2)
    subscriber.frames.forget("till")
    for number in range(20):
        publish(number)
        time.sleep(0.01)

    assert not got()


def test_the_newest_frame_wins(publisher: FramePublisher, endpoint: str) -> None:
    reader = FrameSubscriber(endpoint, everything=True)
    publish_until(lambda n: publisher.publish(frame(sequence=n)), lambda: reader.frames.take(0) is not None)
    for number in range(1000, 1100):
        publisher.publish(frame(sequence=number))
        time.sleep(0.002)
    time.sleep(0.1)

    taken = reader.frames.take(1)

    reader.close()
    assert taken is not None
    assert taken[1].sequence == 1099


def test_a_reader_that_never_reads_does_not_slow_the_publisher(publisher: FramePublisher, endpoint: str) -> None:
    context = zmq.Context()
    lazy = context.socket(zmq.SUB)
    lazy.setsockopt(zmq.SUBSCRIBE, b"")
    lazy.setsockopt(zmq.RCVHWM, 2)
    lazy.connect(endpoint)
    publish_until(lambda n: publisher.publish(frame(sequence=n)), lambda: lazy.poll(0) != 0)

    slowest_s = _slowest_of(publisher, 200)

    context.destroy(linger=0)
    assert slowest_s < WAITED_S


def test_a_reader_that_is_stopped_slows_neither_the_publisher_nor_other_readers(
    publisher: FramePublisher, endpoint: str
) -> None:
    script = (
        "import sys, zmq; socket = zmq.Context().socket(zmq.SUB); socket.setsockopt(zmq.SUBSCRIBE, b''); "
        "socket.connect(sys.argv[1]); socket.recv(); print('reading', flush=True)\nwhile True: socket.recv()"
    )
    with subprocess.Popen([sys.executable, "-c", script, endpoint], stdout=subprocess.PIPE) as stopped:
        reader = FrameSubscriber(endpoint, everything=True)
        output = stopped.stdout
        assert output is not None
        publish_until(lambda n: publisher.publish(frame(sequence=n)), lambda: reader.frames.take(0) is not None)
        poller = zmq.Poller()
        poller.register(output, zmq.POLLIN)
        publish_until(lambda n: publisher.publish(frame(sequence=n)), lambda: bool(poller.poll(0)))
        stopped.send_signal(signal.SIGSTOP)

        slowest_s = _slowest_of(publisher, 200)
        time.sleep(0.1)
        taken = reader.frames.take(1)

        reader.close()
        stopped.kill()
    assert slowest_s < WAITED_S
    assert taken is not None
    assert taken[1].sequence == 199


def test_a_reader_survives_messages_that_are_no_frames(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    context = zmq.Context()
    socket = context.socket(zmq.PUB)
    socket.bind(endpoint)
    reader = FrameSubscriber(endpoint, everything=True)

    def publish(number: int) -> None:
        socket.send_multipart([b"frame/till\0", b"not JSON", b""])
        socket.send_multipart([b"state/till\0"])
        socket.send_multipart(encode_frame(frame(sequence=number)))

    publish_until(publish, lambda: reader.frames.take(0) is not None)

    reader.close()
    context.destroy(linger=0)
    assert "message from capture left out: frame: JSON expected" in caplog.text
    assert "message from capture left out: camera state: 2 parts expected, got 1" in caplog.text


def test_a_reader_goes_on_when_capture_was_started_again(endpoint: str) -> None:
    reader = FrameSubscriber(endpoint, everything=True)
    for _ in range(2):
        publisher = FramePublisher(endpoint)
        publish_until(
            lambda n, to=publisher: to.publish(frame(sequence=n)),  # type: ignore[misc]
            lambda: reader.frames.take(0) is not None,
        )
        publisher.close()
        while reader.frames.take(0.1) is not None:
            pass
    reader.close()


def test_states_of_a_capture_that_went_silent_are_not_believed_for_long(
    publisher: FramePublisher, subscriber: FrameSubscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = CameraState("till", "live", "", 10.0, 960, 540)
    publish_until(lambda _: publisher.publish_state(state), lambda: subscriber.states() == {"till": state})

    monkeypatch.setattr("edge_common.frames.STATE_LASTS_S", 0.1)
    time.sleep(0.15)

    assert subscriber.states() == {}


def _slowest_of(publisher: FramePublisher, count: int) -> float:
    """The longest that publishing one of `count` frames, numbered from 0, took."""
    slowest_s = 0.0
    for number in range(count):
        sent = frame(sequence=number)
        begun_s = time.perf_counter()
        publisher.publish(sent)
        slowest_s = max(slowest_s, time.perf_counter() - begun_s)
        time.sleep(0.002)
    return slowest_s
