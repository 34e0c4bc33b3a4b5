"""A runtime in another process: every way in which that can fail ends in time, in an error that says what happened."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from edge_common.errors import DeviceBusy, DeviceLost, InferenceError
from modules.inference import vpu as vpu_file
from modules.inference import vpu_process
from modules.inference.runtimes.runtime import Machine, open_runtime
from tests.inference.tiny_models import onnx_model
from tests.inference.vpus import WITHIN_S, image, running
from tests.waiting import wait_for


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    return path


@pytest.fixture
def runtime(rig, model):
    opened = open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))
    yield opened
    opened.close()


def lost(runtime):
    """How a call fails, and how long it took."""
    started_s = time.monotonic()
    with pytest.raises(DeviceLost) as error:
        runtime.infer(image(0, 255, 51))
    return error.value, time.monotonic() - started_s


def test_a_hang_ends_in_time_with_the_process_killed(rig, runtime):
    pid = rig.vpu.pid
    rig.do("infer hang")

    error, took_s = lost(runtime)

    assert (error.kind, "within 1.0 s" in str(error)) == ("hung", True)
    assert WITHIN_S <= took_s < WITHIN_S + 1.5
    assert not running(pid)


def test_a_process_that_was_stopped_by_the_system_is_a_hang(rig, runtime):
    os.kill(rig.vpu.pid, signal.SIGSTOP)

    error, took_s = lost(runtime)

    assert error.kind == "hung"
    assert took_s < WITHIN_S + 1.5


def test_the_limit_of_the_product_leaves_time_for_the_processor():
    # What has to hold of a frame: 5 s until a hang is noticed, and one more until there is a result.
    assert vpu_file.INFER_WITHIN_S + vpu_process._DIE_WITHIN_S < 5


@pytest.mark.parametrize(
    ("behaviour", "kind", "told", "stays"),
    [
        ("segfault", "crashed", "SIGSEGV", False),
        ("killed", "crashed", "SIGKILL", False),
        ("exit", "crashed", "code 7", False),
        ("garbage", "bad_answer", "no answer", False),
        ("nan", "bad_answer", "not finite", True),
        ("error", "inference_failed", "NC_ERROR", True),
        ("memory", "out_of_memory", "NC_OUT_OF_MEMORY", True),
    ],
)
def test_what_goes_wrong_with_an_image_is_told_at_once(rig, runtime, behaviour, kind, told, stays):
    pid = rig.vpu.pid
    rig.do(f"infer {behaviour}")

    error, took_s = lost(runtime)

    assert error.kind == kind
    assert told in str(error)
    assert took_s < WITHIN_S
    assert rig.vpu.pid == (pid if stays else None)


def test_answers_of_no_use_end_the_process_when_they_come_again_and_again(rig, runtime):
    pid = rig.vpu.pid
    for _ in range(3):
        assert rig.vpu.pid == pid
        rig.do("infer nan")
        lost(runtime)

    assert rig.vpu.pid is None


def test_a_process_that_dies_between_two_images_is_told_by_its_signal(rig, runtime):
    pid = rig.vpu.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not running(pid))

    error, _ = lost(runtime)

    assert (error.kind, "SIGKILL" in str(error)) == ("crashed", True)


def test_outputs_that_change_their_shape_are_no_answer(rig, runtime):
    runtime.infer(image(0, 255, 51))
    rig.do("infer shape")

    error, _ = lost(runtime)

    assert (error.kind, "shapes" in str(error)) == ("bad_answer", True)


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [("memory", "out_of_memory"), ("refused", "compile_failed"), ("segfault", "crashed"), ("garbage", "bad_answer")],
)
def test_a_model_that_the_device_does_not_take_is_told(rig, model, behaviour, kind):
    rig.do(f"load {behaviour}")

    with pytest.raises(DeviceLost) as error:
        open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))

    assert error.value.kind == kind


def test_loading_that_hangs_ends_in_time(rig, model, monkeypatch):
    monkeypatch.setattr(vpu_file, "LOAD_WITHIN_S", 1.0)
    rig.do("load hang")

    with pytest.raises(DeviceLost, match=r"within 1\.0 s while loading a model"):
        open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))

    assert rig.vpu.pid is None


def test_a_process_that_never_says_hello_ends_in_time(rig, model, monkeypatch):
    monkeypatch.setattr(vpu_process, "START_WITHIN_S", 2.0)
    rig.do("start hang")

    with pytest.raises(DeviceLost, match="while starting"):
        open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))

    assert rig.vpu.pid is None


def test_after_a_crash_loading_starts_another_process(rig, runtime, model):
    rig.do("infer segfault")
    lost(runtime)

    again = open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))

    assert again.infer(image(0, 255, 51))["raw_probs"].shape == (1, 4, 3)
    error, _ = lost(runtime)
    assert "SIGSEGV" in str(error)
    again.close()


def test_two_models_share_the_process_and_the_last_one_ends_it(rig, runtime, tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(onnx_model("classification"))
    pid = rig.vpu.pid
    second = open_runtime("vpu", other, 1, "CPU", Machine(rig.vpu))

    assert rig.vpu.pid == pid
    np.testing.assert_allclose(second.infer(image(0, 255, 51))["probs"], [[0, 1, 0.2]], atol=1e-5)
    second.close()
    assert runtime.infer(image(0, 255, 51))["raw_boxes"].shape == (1, 4, 4)
    runtime.close()

    assert wait_for(lambda: not running(pid)) < 3


def test_while_another_model_is_loaded_an_image_does_not_wait(rig, runtime, model):
    rig.do("load slow")
    loading = threading.Thread(target=lambda: open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu)).close())
    loading.start()
    wait_for(lambda: rig.vpu._loading)

    with pytest.raises(DeviceBusy):
        runtime.infer(image(0, 0, 0))

    assert loading.is_alive()
    loading.join()
    assert runtime.infer(image(0, 0, 0))["raw_boxes"].shape == (1, 4, 4)


def test_a_model_that_is_let_go_of_while_another_is_loaded_is_not_waited_for(rig, runtime, model):
    rig.do("load slow")
    opened = []
    loading = threading.Thread(target=lambda: opened.append(open_runtime("vpu", model, 1, "CPU", Machine(rig.vpu))))
    loading.start()
    wait_for(lambda: rig.vpu._loading)

    runtime.close()

    assert loading.is_alive()
    loading.join()
    assert opened[0].infer(image(0, 0, 0))["raw_boxes"].shape == (1, 4, 4)
    opened[0].close()
    assert rig.vpu.pid is None


def test_a_wrong_image_is_no_fault_of_the_device(rig, runtime):
    with pytest.raises(InferenceError, match="expected") as error:
        runtime.infer(np.zeros((1, 3, 32, 32), dtype=np.float32))

    assert not isinstance(error.value, DeviceLost)
    assert runtime.infer(image(0, 0, 0))["raw_boxes"].shape == (1, 4, 4)


def test_closing_ends_the_process_even_if_it_hangs(rig, runtime):
    pid = rig.vpu.pid
    rig.vpu.infer_within_s = 100
    rig.do("infer hang")
    failed = []

    def look():
        try:
            runtime.infer(image(0, 0, 0))
        except DeviceLost as error:
            failed.append(error)

    looking = threading.Thread(target=look)
    looking.start()
    time.sleep(0.3)

    rig.vpu.close()

    looking.join(2)
    assert not looking.is_alive()
    assert failed
    assert not running(pid)
