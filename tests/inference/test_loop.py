import logging
import threading
import time

import pytest

from edge_common.errors import InferenceError
from edge_common.model_io import to_input
from edge_common.packages import PackageStore
from edge_common.results import result_key
from modules.inference.loop import SELDOM_S, Pace
from tests.inference.conftest import SETTINGS, Bench
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, SIZE, coloured_frame, onnx_model, publish_model


def test_a_result_says_what_is_in_its_frame(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()

    result = bench.result_of(bench.show((0, 0, 255)))

    assert result is not None
    assert {found.label for found in result.detections} == {RED_SHELF}
    assert len(result.detections) == 4
    assert (result.model_id, result.model_version, result.kind) == ("shelf", "1", "detection")
    assert result.inference_ms > 0


def test_what_a_model_is_not_sure_of_goes_out_apart_from_what_it_found(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()

    result = bench.result_of(bench.show((0, 60, 255)))

    assert result is not None
    assert {found.label for found in result.detections} == {RED_SHELF}
    assert {(found.label, round(found.confidence, 2)) for found in result.weak} == {(GREEN_SHELF, 0.24)}
    assert bench.state_when(lambda state: bool(state.models)).models[0].threshold == 0.5


def test_every_model_looks_at_every_camera(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    thresholds = dict.fromkeys("abc", 0.5)
    publish_model(store, "7", model_id="till", kind="classification", labels=tuple(thresholds), thresholds=thresholds)
    bench.start()
    bench.state_when(lambda state: len(state.models) == 2)
    bench.first_result()

    bench.result_of(bench.show(camera="camera-1"))
    bench.result_of(bench.show(camera="camera-2"))
    bench.reader.results.after(result_key("camera-2", "till"), 0, 2)

    for camera in ("camera-1", "camera-2"):
        assert bench.reader.newest(camera, "shelf") is not None
        till = bench.reader.newest(camera, "till")
        assert till is not None
        assert [found.label for found in till.detections] == ["b"]


def test_versions_swap_between_two_frames_and_no_frame_is_left_out(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()
    live_since = {"1": 0.0}

    def roll_out() -> None:
        for version in ("2", "3", "4", "5"):
            time.sleep(0.3)
            live_since[version] = time.monotonic()
            publish_model(store, version)

    rolling = threading.Thread(target=roll_out)
    rolling.start()
    seen: list[str] = []
    longest_s = 0.0
    while seen[-1:] != ["5"]:
        shown_s = time.monotonic()
        result = bench.result_of(bench.show())
        assert result is not None, f"a frame was left out after {len(seen)} frames"
        assert live_since[result.model_version] <= time.monotonic()
        longest_s = max(longest_s, time.monotonic() - shown_s)
        seen.append(result.model_version)
        time.sleep(0.005)
    rolling.join()

    assert seen == sorted(seen)
    assert longest_s < 1


def test_a_broken_version_is_told_while_the_old_one_goes_on(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()

    publish_model(store, "2", b"no model")
    state = bench.state_when(lambda state: state.last_error != "")

    assert "cannot load" in state.last_error
    assert [model.version for model in state.models] == ["1"]
    result = bench.result_of(bench.show())
    assert result is not None
    assert result.model_version == "1"


def test_a_frame_on_which_inference_fails_is_told_once_and_the_next_one_is_looked_at(
    bench: Bench, store: PackageStore, caplog: pytest.LogCaptureFixture
) -> None:
    # This one goes beyond its contract on bright pictures only.
    publish_model(store, "1", onnx_model("detection", scale=1 / 100))
    bench.loader.recent = coloured_frame((0, 80, 0))
    bench.start()
    bench.state_when(lambda state: len(state.models) == 1)

    with caplog.at_level(logging.ERROR):
        for _ in range(5):
            bench.show((0, 255, 0))
            time.sleep(0.05)
        state = bench.state_when(lambda state: state.last_error != "")
    result = bench.result_of(bench.show((0, 80, 0)))

    assert "camera-1" in state.last_error
    assert len([line for line in caplog.messages if "from 0 to 1" in line]) == 1
    assert result is not None
    assert {found.label for found in result.detections} == {GREEN_SHELF}


def test_a_version_that_was_swapped_out_is_closed(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.loader.look(0)
    old = bench.loader.ready.get()[0]
    bench.loader.ready.put((old,))
    publish_model(store, "2")
    bench.start()

    bench.state_when(lambda state: [model.version for model in state.models] == ["2"])
    bench.close()

    with pytest.raises(InferenceError, match="closed"):
        old.runtime.infer(to_input(coloured_frame().pixels, SIZE))


def test_settings_of_the_detections_hold_from_the_next_frame_on(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()

    bench.loop.settings = SETTINGS.model_copy(update={"minimum_confidence": 0.9})
    result = bench.result_of(bench.show((0, 200, 0)))

    assert result is not None
    assert result.detections == ()


def test_the_state_tells_models_runtime_and_pace(bench: Bench, store: PackageStore) -> None:
    publish_model(store, "1")
    bench.start()
    bench.first_result()
    for _ in range(20):
        bench.result_of(bench.show())

    state = bench.state_when(lambda state: state.frames_per_s > 1)

    assert state.runtime == "onnx"
    assert state.inference_ms > 0
    assert state.models[0].labels == (GREEN_SHELF, RED_SHELF)
    assert (state.models[0].name, state.models[0].created) == ("Shelf", "2026-11-22T10:00:00Z")


def test_the_state_comes_without_frames_and_models(bench: Bench) -> None:
    bench.start()

    state = bench.state_when(lambda state: True)

    assert (state.models, state.frames_per_s, state.last_error) == ((), 0, "")


def test_the_pace_forgets_frames_of_long_ago() -> None:
    pace = Pace()
    for now_s in (0, 1, 2, 3):
        pace.frame(now_s)

    assert pace.frames_per_s(3.5) == pytest.approx(1)
    assert pace.frames_per_s(60) == 0


COLOURS = ("blue", "green", "red")


class Seldom:
    """Who watches and uses one model on parts of pictures alone."""

    standings = ()
    missed = 0
    seldom = frozenset({"colours"})

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def saw(self, frame: object, results: tuple[object, ...]) -> None:
        self.seen.append(tuple(getattr(result, "model_id", "") for result in results))


def test_a_model_that_looks_at_parts_sees_whole_pictures_seldom_and_the_others_see_all(
    bench: Bench, store: PackageStore
) -> None:
    publish_model(store, "1")
    publish_model(
        store,
        "1",
        onnx_model("classification"),
        model_id="colours",
        kind="classification",
        labels=COLOURS,
        thresholds=dict.fromkeys(COLOURS, 0.3),
    )
    watcher = Seldom()
    bench.loop.skills = watcher
    bench.start()
    bench.state_when(lambda state: len(state.models) == 2)
    bench.first_result()
    watcher.seen.clear()
    began_s = time.monotonic()
    shown = 0
    while time.monotonic() - began_s < 1.5 * SELDOM_S:
        assert bench.result_of(bench.show()) is not None
        shown += 1

    assert len(watcher.seen) >= shown - 1 > 10
    assert all("shelf" in models for models in watcher.seen)
    assert 1 <= sum("colours" in models for models in watcher.seen) <= 2
    assert bench.reader.newest("camera-1", "colours") is not None
