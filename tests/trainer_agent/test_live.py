import http.client
import json
import shutil
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from edge_common.detections import Detection, Result
from edge_common.frames import CameraPhase, CameraState, Frame, FramePublisher, FrameSubscriber
from edge_common.geometry import Box
from edge_common.images import Pixels, decode_image
from edge_common.results import InferenceState, LiveModel, ResultPublisher, ResultSubscriber, result_key
from modules.trainer_agent.live import MOST_VIEWERS, NO_MODEL, LiveView, Ring, TooManyViewers, Watch, encode_part
from tests.trainer_agent.conftest import Serve
from tests.trainer_agent.page_server import PageServer
from tests.waiting import wait_for

SHELF = LiveModel(
    id="shelf", name="Shelf", version="1", kind="detection", labels=("low", "full"), created="2026-11-22T10:00:00Z"
)
TILL = SHELF.model_copy(update={"id": "till", "name": "Till"})


def grey(level: int, width: int = 160) -> Pixels:
    return np.full((120, width, 3), level, dtype=np.uint8)


@dataclass
class Shown:
    """One part of the stream."""

    facts: dict[str, Any]
    jpeg: bytes

    @property
    def level(self) -> int:
        """The grey of the picture, which says which frame it is."""
        return round(float(decode_image(self.jpeg).mean()))


def parse(part: bytes) -> Shown:
    (json_bytes,) = struct.unpack_from(">I", part)
    (jpeg_bytes,) = struct.unpack_from(">I", part, 4 + json_bytes)
    assert len(part) == 8 + json_bytes + jpeg_bytes
    return Shown(json.loads(part[4 : 4 + json_bytes]), part[8 + json_bytes :])


@dataclass
class Store:
    """A camera and inference, driven by hand."""

    camera: FramePublisher
    inference: ResultPublisher
    view: LiveView
    models: tuple[LiveModel, ...] = (SHELF,)
    phase: CameraPhase = "live"
    reason: str = ""
    sequence: int = 0
    sent: list[Frame] = field(default_factory=list)

    def show(self, level: int = 100, *, width: int = 160, camera: str = "camera-1") -> Frame:
        self.sequence += 1
        frame = Frame(camera, self.sequence, time.time_ns(), grey(level, width))
        self.camera.publish(frame)
        self.sent.append(frame)
        return frame

    def show_encoded(self, watch: Watch, level: int) -> Frame:
        """Show a frame and wait for its picture: of frames that come faster than they are encoded, some are skipped."""
        frame = self.show(level)

        def is_newest() -> bool:
            newest = watch.ring.after(0, 0)
            return newest is not None and newest.frame_id == frame.id

        self.until(lambda: None, is_newest)
        return frame

    def find(self, frame: Frame, confidence: float = 0.9, model: LiveModel = SHELF) -> None:
        found = Detection("low", confidence, Box(0.1, 0.2, 0.3, 0.4))
        result = Result(frame.camera, frame.id, frame.taken_ns, model.id, model.version, model.kind, (found,), 5.0)
        self.inference.publish(result)

    def state(self) -> None:
        self.camera.publish_state(CameraState("camera-1", self.phase, self.reason, 10, 160, 120))
        state = InferenceState(models=self.models, runtime="onnx", frames_per_s=10, inference_ms=5, last_error="")
        self.inference.publish_state(state)

    def until(self, act: Callable[[], object], fits: Callable[[], object]) -> None:
        wait_for(lambda: (act(), fits())[1])

    def inference_is_heard(self) -> bool:
        state = self.view.results.state()
        return state is not None and state.models == self.models

    def joined(self, watch: Watch) -> Watch:
        """The watch once it gets frames: readers join when they join."""
        self.until(self.state, lambda: self.inference_is_heard() and self.view.frames.states())
        self.until(lambda: self.show(0), lambda: watch.ring.after(0, 0))
        time.sleep(0.1)
        return watch


@pytest.fixture
def store() -> Iterator[Store]:
    # The path of a Unix socket may have about 100 characters; pytest's own folders are longer.
    folder = Path(tempfile.mkdtemp(prefix="live-"))
    at_frames, at_results = f"ipc://{folder}/frames", f"ipc://{folder}/results"
    with (
        closing(FramePublisher(at_frames)) as camera,
        closing(ResultPublisher(at_results)) as inference,
        closing(FrameSubscriber(at_frames)) as frames,
        closing(ResultSubscriber(at_results)) as results,
    ):
        yield Store(camera, inference, LiveView(frames, results))
    shutil.rmtree(folder)


def until_boxes(store: Store, watch: Watch) -> Shown:
    """The first picture with a result."""
    for _ in range(20):
        store.find(store.show())
        shown = parse(watch.part())
        if shown.facts["detections"] is not None:
            return shown
    raise AssertionError("no picture came with a result")


def test_a_result_goes_out_on_the_picture_of_its_own_frame(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
        looked_at = store.show_encoded(watch, 50)
        for level in (100, 150, 200):
            store.show_encoded(watch, level)
        store.find(looked_at)

        shown = parse(watch.part())

    assert shown.facts["frame_id"] == looked_at.id
    assert shown.level == pytest.approx(50, abs=2)
    assert shown.facts["detections"] == [{"label": "low", "confidence": 0.9, "box": [0.1, 0.2, 0.3, 0.4]}]
    assert (shown.facts["model_id"], shown.facts["model_version"], shown.facts["note"]) == ("shelf", "1", "")


def test_a_result_that_overtakes_its_picture_waits_for_it(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
        late = Frame("camera-1", 10_000, time.time_ns(), grey(50))
        store.find(late)
        threading.Timer(0.1, lambda: watch.ring.put(late)).start()

        shown = parse(watch.part())

    assert shown.facts["frame_id"] == late.id
    assert shown.level == pytest.approx(50, abs=2)
    assert shown.facts["detections"]


def test_a_slow_viewer_gets_the_newest_only(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
        for level in range(0, 250, 25):
            store.find(store.show_encoded(watch, level), confidence=level / 250)
        last = store.sent[-1].id
        results, key = store.view.results.results, result_key("camera-1", SHELF.id)
        store.until(lambda: None, lambda: (newest := results.after(key, 0, 0)) and newest[1].frame_id == last)

        shown = parse(watch.part())

    assert shown.facts["frame_id"] == last


def test_viewers_share_one_encoding(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as first, closing(store.view.watch("camera-1")) as second:
        store.joined(first)
        store.find(store.show(80))

        one, other = parse(first.part()), parse(second.part())

        assert one == other
        assert first.ring is second.ring


def test_nothing_is_encoded_once_nobody_watches(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
    time.sleep(0.6)
    newest = watch.ring.after(0, 0)

    for level in range(20):
        store.show(level)
        time.sleep(0.01)

    assert watch.ring.after(0, 0) == newest


def test_pictures_go_out_without_boxes_when_results_stop_and_say_so(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
        until_boxes(store, watch)

        stopped_s = time.monotonic()
        shown = Shown({"detections": []}, b"")
        while shown.facts["detections"] is not None:
            frame = store.show(130)
            shown = parse(watch.part())

        assert 0.8 < time.monotonic() - stopped_s < 6
        assert shown.facts["frame_id"] == frame.id
        assert "no results" in shown.facts["note"]
        assert until_boxes(store, watch).facts["note"] == ""


def test_pictures_go_out_without_boxes_while_no_model_is_live(store: Store) -> None:
    store.models = ()
    with closing(store.view.watch("camera-1")) as watch:
        store.joined(watch)
        frame = store.show(90)

        shown = parse(watch.part())
        while shown.facts["frame_id"] != frame.id:
            shown = parse(watch.part())

    assert shown.level == pytest.approx(90, abs=2)
    assert (shown.facts["model_id"], shown.facts["detections"]) == (None, None)
    assert shown.facts["note"] == "No model is live yet."


def test_models_are_told_with_the_first_part_and_again_when_they_change(store: Store) -> None:
    with closing(store.view.watch("camera-1", NO_MODEL)) as watch:
        store.joined(watch)

        def next_facts() -> dict[str, Any]:
            store.show()
            return parse(watch.part()).facts

        parts = [next_facts(), next_facts()]
        store.models = (SHELF, TILL)
        store.until(store.state, lambda: store.view.models() == store.models)
        parts += [next_facts(), next_facts()]

    assert [len(facts["models"]) if "models" in facts else None for facts in parts] == [1, None, 2, None]


def test_a_viewer_may_choose_among_the_models(store: Store) -> None:
    store.models = (SHELF, TILL)
    with closing(store.view.watch("camera-1", "till")) as watch:
        store.joined(watch)
        frame = store.show()
        store.find(frame, 0.1, SHELF)
        store.find(frame, 0.7, TILL)

        shown = parse(watch.part())

    assert shown.facts["model_id"] == "till"
    assert shown.facts["detections"][0]["confidence"] == 0.7
    assert [model["name"] for model in shown.facts["models"]] == ["Shelf", "Till"]


def test_a_heartbeat_says_why_no_picture_comes(store: Store) -> None:
    store.models = ()
    store.phase, store.reason = "lost", "the cable is out"
    store.until(store.state, lambda: store.view.frames.states())
    with closing(store.view.watch("camera-1")) as watch:
        started_s = time.monotonic()

        shown = parse(watch.part())

    assert 0.8 < time.monotonic() - started_s < 5
    assert shown.jpeg == b""
    assert (shown.facts["phase"], shown.facts["reason"]) == ("lost", "the cable is out")
    assert shown.facts["frame_id"] is None


def test_without_capture_and_inference_a_heartbeat_says_so(store: Store) -> None:
    with closing(store.view.watch("camera-1")) as watch:
        shown = parse(watch.part())

    assert shown.facts["phase"] == "unknown"
    assert "not running" in shown.facts["note"]


def test_large_frames_are_scaled_down(store: Store) -> None:
    ring = Ring()

    ring.put(Frame("camera-1", 1, 1, grey(100, width=2560)))

    picture = ring.after(0, 0)
    assert picture is not None
    assert (picture.width, picture.height) == (1280, 60)


def test_a_ring_holds_a_bounded_number_of_pictures() -> None:
    ring = Ring(size=2)
    for sequence in (1, 2, 3):
        ring.put(Frame("camera-1", sequence, sequence, grey(100)))

    def kept(sequence: int) -> bool:
        result = Result("camera-1", f"{sequence}-{sequence}", sequence, "shelf", "1", "detection", (), 1)
        return ring.of(result, 0) is not None

    assert [kept(sequence) for sequence in (1, 2, 3, 4)] == [False, True, True, False]


def test_viewers_are_bounded_and_a_place_comes_free_again(store: Store) -> None:
    watches = [store.view.watch(f"camera-{number % 2}") for number in range(MOST_VIEWERS)]

    with pytest.raises(TooManyViewers, match=f"{MOST_VIEWERS} pages watch live already"):
        store.view.watch("camera-1")
    watches[0].close()
    watches[0].close()
    watches.append(store.view.watch("camera-1"))

    assert store.view.viewers() == MOST_VIEWERS
    for watch in watches:
        watch.close()


def test_a_part_is_two_lengths_json_and_jpeg() -> None:
    assert encode_part({"a": "ü"}, b"jpeg") == b"\0\0\0\x0b" + '{"a": "ü"}'.encode() + b"\0\0\0\x04jpeg"


@pytest.fixture
def client(store: Store, serve: Serve) -> FlaskClient:
    return serve(store.view).test_client()


def test_the_page_offers_every_camera(store: Store, client: FlaskClient) -> None:
    store.until(store.state, lambda: store.view.frames.states())
    two = CameraState("till-2", "lost", "gone", 0, 0, 0)
    store.until(lambda: store.camera.publish_state(two), lambda: len(store.view.frames.states()) == 2)

    page = client.get("/live").get_data(as_text=True)

    assert 'data-camera="camera-1"' in page
    assert 'data-camera="till-2"' in page
    assert "No model is trained yet." in page


def test_the_page_says_when_there_is_no_camera(client: FlaskClient) -> None:
    assert "No camera is there yet" in client.get("/live").get_data(as_text=True)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("", id="no camera"),
        pytest.param("?camera=../x", id="no camera id"),
        pytest.param("?camera=camera-1&model=a/b", id="no model id"),
    ],
)
def test_a_question_that_names_no_camera_or_model_is_refused(client: FlaskClient, question: str) -> None:
    assert client.get(f"/live/stream{question}").status_code == 400


def test_asking_for_the_head_alone_takes_no_place(store: Store, client: FlaskClient) -> None:
    assert client.head("/live/stream?camera=camera-1").status_code == 200

    assert store.view.viewers() == 0


def test_the_ninth_viewer_is_told_why_not(store: Store, client: FlaskClient) -> None:
    watches = [store.view.watch("camera-1") for _ in range(MOST_VIEWERS)]

    answer = client.get("/live/stream?camera=camera-1")

    assert answer.status_code == 503
    assert answer.get_json()["code"] == "too_many_viewers"
    for watch in watches:
        watch.close()


def test_a_stream_ends_when_its_viewer_goes_away(store: Store, client: FlaskClient) -> None:
    server = PageServer(client.application)
    viewer = http.client.HTTPConnection("127.0.0.1", server.port)
    viewer.request("GET", "/live/stream?camera=camera-1", headers={"Host": "localhost"})
    answer = viewer.getresponse()
    (length,) = struct.unpack(">I", answer.read(4))
    facts = json.loads(answer.read(length))

    assert (answer.status, facts["camera"], store.view.viewers()) == (200, "camera-1", 1)
    answer.close()
    viewer.close()
    store.until(lambda: time.sleep(0.01), lambda: store.view.viewers() == 0)

    server.close()
