"""Losing the VPU while frames are looked at: how long a frame waits, what is told, and how it comes back by itself."""

import os
import signal
import time
from pathlib import Path

import pytest

from edge_common.settings import VpuSettings
from modules.inference.fallback import Fallback
from modules.inference.loader import ModelLoader
from modules.inference.runtimes.runtime import Machine, open_runtime
from modules.inference.vpu import INFER_WITHIN_S, Vpu
from tests.inference.conftest import SETTINGS, Bench
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, onnx_model, publish_model
from tests.inference.vpus import WITHIN_S, Rig, image, running
from tests.messages import sent
from tests.waiting import PATIENCE_S, wait_for

PAUSES = VpuSettings(first_pause_s=0.3, longest_pause_s=1.2)
ON_VPU = SETTINGS.model_copy(update={"backend": "vpu", "device": "CPU", "vpu": PAUSES})


@pytest.fixture
def loader(store, hub, rig):
    return ModelLoader(store, hub, ON_VPU, machine=Machine(vpu=rig.vpu))


def phase(bench):
    state = bench.reader.state()
    return state.models[0].vpu.phase if state and state.models else ""


def on_vpu(bench):
    """The bench once its model runs on the VPU: frames have to come for that."""
    bench.start()
    bench.first_result()
    wait_for(lambda: bench.result_of(bench.show()) and phase(bench) == "running")


def events(tmp_path):
    bodies = [body for body in sent(tmp_path / "twin") if body["event"].startswith("vpu")]
    return [(body["event"], body["model_version"], body["message"]) for body in bodies]


@pytest.mark.parametrize(
    ("behaviour", "kind", "within_s", "stays"),
    [
        ("hang", "hung", WITHIN_S + 1, False),
        ("segfault", "crashed", 1, False),
        ("killed", "crashed", 1, False),
        ("garbage", "bad_answer", 1, False),
        ("nan", "bad_answer", 1, True),
        ("shape", "bad_answer", 1, True),
        ("error", "inference_failed", 1, True),
    ],
)
def test_the_frame_on_which_the_vpu_is_lost_has_its_result_in_time_and_the_vpu_comes_back(
    bench: Bench, store, rig, tmp_path, behaviour, kind, within_s, stays
):
    publish_model(store, "1")
    on_vpu(bench)
    pid = rig.vpu.pid
    rig.do(f"infer {behaviour}")

    shown_s = time.monotonic()
    result = bench.result_of(bench.show((0, 0, 255)))
    waited_s = time.monotonic() - shown_s

    assert result is not None
    assert waited_s < within_s
    assert ({found.label for found in result.detections}, result.model_version) == ({RED_SHELF}, "1")
    lost = bench.state_when(lambda state: state.models[0].vpu.phase == "lost" and state.models[0].vpu.next_try)
    (model,) = lost.models
    assert (model.device, model.vpu.device, model.vpu.kind) == ("CPU", "CPU", kind)
    assert model.vpu.why
    assert model.vpu.since <= model.vpu.next_try
    assert running(pid) == stays

    wait_for(lambda: bench.result_of(bench.show()) and phase(bench) == "running")
    assert (rig.vpu.pid == pid) == stays
    (first, second) = events(tmp_path)
    assert (first[:2], second[:2]) == (("vpu lost", "1"), ("vpu back", "1"))
    assert first[2] == model.vpu.why


def test_results_go_on_while_the_vpu_is_lost_again_and_again(bench: Bench, store, rig):
    publish_model(store, "1")
    on_vpu(bench)
    waits = []
    for behaviour in ("killed", "hang", "nan"):
        rig.do(f"infer {behaviour}")
        deadline_s = time.monotonic() + 3
        while time.monotonic() < deadline_s:
            shown_s = time.monotonic()
            result = bench.result_of(bench.show())
            assert result is not None
            assert result.model_version == "1"
            assert {found.label for found in result.detections} == {GREEN_SHELF}
            waits.append(time.monotonic() - shown_s)
            time.sleep(0.01)

    assert max(waits) < WITHIN_S + 1
    assert sum(wait >= WITHIN_S for wait in waits) <= 1, "one frame alone met the hang"
    assert len(waits) > 50


def test_with_the_products_limit_a_hang_costs_one_frame_less_than_five_seconds_and_one(tmp_path, monkeypatch):
    rig = Rig(tmp_path, monkeypatch, infer_within_s=INFER_WITHIN_S)
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    told = []
    fallback = Fallback(
        open_runtime("openvino", path, 1),
        lambda: open_runtime("vpu", path, 1, "CPU", Machine(rig.vpu)),
        "CPU",
        PAUSES,
        lambda event, message: told.append((time.monotonic(), event)),
    )
    fallback.infer(image(0, 0, 0))
    wait_for(lambda: fallback.state.phase == "running")
    os.kill(rig.vpu.pid, signal.SIGSTOP)

    started_s = time.monotonic()
    outputs = fallback.infer(image(0, 255, 51))
    took_s = time.monotonic() - started_s
    wait_for(lambda: told)

    assert outputs["raw_probs"].shape == (1, 4, 3)
    assert INFER_WITHIN_S <= took_s < 6
    assert told[0][1] == "vpu lost"
    assert told[0][0] - started_s < 5.5
    fallback.close()
    rig.vpu.close()


def test_pauses_grow_while_it_does_not_come_back(bench: Bench, store, rig, tmp_path):
    publish_model(store, "1")
    on_vpu(bench)
    rig.do("load refused always")
    tries, failures = [], []
    original = rig.vpu.load

    def load(*arguments):
        tries.append(time.monotonic())
        try:
            return original(*arguments)
        finally:
            failures.append(time.monotonic())

    rig.vpu.load = load
    os.kill(rig.vpu.pid, signal.SIGKILL)
    bench.result_of(bench.show())
    failures.append(time.monotonic())

    wait_for(lambda: len(tries) == 4)

    # Starting the process takes a while of its own, which is no part of a pause.
    pauses = [after - before for before, after in zip(failures, tries, strict=False)]
    for pause_s, least_s in zip(pauses, (0.25, 0.6, 1.2, 1.2), strict=True):
        assert least_s <= pause_s < least_s + 1.5
    assert [event for event, _, _ in events(tmp_path)] == ["vpu lost"]
    assert bench.state_when(lambda state: state.models[0].vpu.kind == "compile_failed").models[0].device == "CPU"
    rig.do("")
    wait_for(lambda: bench.result_of(bench.show()) and phase(bench) == "running")
    assert [event for event, _, _ in events(tmp_path)] == ["vpu lost", "vpu back"]


def test_without_a_vpu_models_run_on_the_processor_from_the_start(bench: Bench, store, rig, tmp_path):
    rig.plug("045e:066f")
    bench.loader.settings = ON_VPU.model_copy(update={"device": "MYRIAD"})
    publish_model(store, "1")
    bench.start()
    bench.first_result()

    state = bench.state_when(lambda state: bool(state.models) and state.models[0].vpu.phase == "lost")

    (model,) = state.models
    assert (model.device, model.vpu.device, model.vpu.kind) == ("CPU", "MYRIAD", "not_updated")
    assert "045e:066f that never becomes 03e7:2485" in model.vpu.why
    assert [event[0] for event in events(tmp_path)] == ["vpu lost"]


@pytest.mark.parametrize("behaviour", ["nan", "wrong"])
def test_a_trial_that_fails_never_reaches_a_frame(bench: Bench, store, rig, behaviour):
    publish_model(store, "1")
    rig.do(f"infer {behaviour} always")
    bench.start()
    bench.first_result()
    bench.state_when(lambda state: bool(state.models) and state.models[0].vpu.kind == "bad_answer")

    for _ in range(100):
        assert bench.result_of(bench.show()) is not None
        time.sleep(0.01)

    assert bench.reader.state().last_error == ""
    assert phase(bench) == "lost"


def test_a_new_version_takes_over_while_it_is_prepared_on_the_vpu_and_no_frame_is_left_out(bench: Bench, store, rig):
    publish_model(store, "1")
    on_vpu(bench)
    pid = rig.vpu.pid
    rig.do("load slow")
    publish_model(store, "2")
    seen = []
    waits = []
    deadline_s = time.monotonic() + PATIENCE_S
    while seen[-1:] != ["2"] or phase(bench) != "running":
        assert time.monotonic() < deadline_s
        shown_s = time.monotonic()
        result = bench.result_of(bench.show())
        assert result is not None, f"a frame was left out after {len(seen)} frames"
        waits.append(time.monotonic() - shown_s)
        seen.append(result.model_version)
        time.sleep(0.01)

    assert seen == sorted(seen)
    assert max(waits) < 1
    assert rig.vpu.pid == pid


def test_two_models_come_back_to_one_process(bench: Bench, store, rig):
    publish_model(store, "1")
    thresholds = dict.fromkeys("abc", 0.5)
    publish_model(store, "7", model_id="till", kind="classification", labels=tuple(thresholds), thresholds=thresholds)
    bench.start()
    bench.first_result()

    def both_run():
        bench.result_of(bench.show())
        state = bench.reader.state()
        return [model.vpu.phase for model in state.models] == ["running", "running"]

    wait_for(both_run)
    os.kill(rig.vpu.pid, signal.SIGSTOP)
    shown_s = time.monotonic()
    assert bench.result_of(bench.show()) is not None
    bench.state_when(lambda state: {model.vpu.phase for model in state.models} == {"lost"})
    assert time.monotonic() - shown_s < WITHIN_S + 2

    wait_for(both_run)

    assert rig.vpu.pid is not None


def test_changed_settings_take_models_off_the_vpu_and_end_its_process(bench: Bench, store, rig):
    publish_model(store, "1")
    on_vpu(bench)
    pid = rig.vpu.pid

    bench.loader.settings = SETTINGS
    wait_for(lambda: bench.result_of(bench.show()) and bench.reader.state().models[0].vpu is None)

    wait_for(lambda: not running(pid))


def test_closing_while_the_vpu_loads_waits_for_nothing(tmp_path, monkeypatch):
    rig = Rig(tmp_path, monkeypatch)
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    rig.do("load hang")
    fallback = Fallback(
        open_runtime("openvino", path, 1),
        lambda: open_runtime("vpu", path, 1, "CPU", Machine(rig.vpu)),
        "CPU",
        PAUSES,
        lambda event, message: None,
    )
    wait_for(lambda: rig.vpu.pid)
    pid = rig.vpu.pid

    started_s = time.monotonic()
    fallback.close()
    rig.vpu.close()

    assert time.monotonic() - started_s < 2
    assert not running(pid)


def test_a_vpu_that_is_not_set_up_is_told_as_such(tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    nobody = Vpu(None)
    fallback = Fallback(
        open_runtime("openvino", path, 1),
        lambda: open_runtime("vpu", path, 1, "MYRIAD", Machine(nobody)),
        "MYRIAD",
        PAUSES,
        lambda event, message: None,
    )

    wait_for(lambda: fallback.state.phase == "lost")

    assert (fallback.state.kind, "FIFTEEN_VPU_PYTHON" in fallback.state.why) == ("not_set_up", True)
    assert fallback.infer(image(0, 255, 51))["raw_boxes"].shape == (1, 4, 4)
    fallback.close()
