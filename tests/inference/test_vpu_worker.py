"""The worker program itself, as a process of its own."""

import ast
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import DeviceLost, PackageError, RuntimeUnavailable
from modules.inference import vpu_worker
from modules.inference.vpu import Vpu
from modules.inference.vpu_process import WORKER, Worker
from tests.inference.tiny_models import onnx_model
from tests.inference.vpus import Rig, image, running
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
ALLOWED = {"numpy", "openvino", "azure", "usb"}


@pytest.fixture
def worker():
    started = Worker(sys.executable, WORKER, "openvino")
    started.greet()
    yield started
    started.end("the test is over")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    return path


def load(worker, path, **changes):
    question = {"do": "load", "path": str(path), "sdk": "openvino", "device": "CPU", "threads": 1} | changes
    return worker.ask("loading", question, 20)[0]


def infer(worker, number, picture):
    return worker.ask("looking", {"do": "infer", "model": number}, 20, picture.data.cast("B"))


def test_it_is_written_for_an_older_python_and_imports_nothing_of_ours():
    tree = ast.parse(WORKER.read_text(), feature_version=(3, 9))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in nodes}

    assert {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) <= ALLOWED
    assert not any(isinstance(node, ast.Match) for node in ast.walk(tree))


def test_an_answer_names_its_outputs_and_their_shapes(worker, model):
    loaded = load(worker, model)

    head, body = infer(worker, loaded["model"], image(0, 255, 51))

    assert loaded["input"] == [1, 3, 64, 64]
    shapes = {name: shape for names, shape in head["outputs"] for name in names}
    assert shapes == {"raw_boxes": [1, 4, 4], "raw_probs": [1, 4, 3]}
    assert len(body) == 4 * (16 + 12)


def test_several_models_are_held_and_let_go_of_one_by_one(worker, model, tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(onnx_model("classification"))
    first, second = load(worker, model)["model"], load(worker, other)["model"]

    assert infer(worker, second, image(0, 255, 51))[0]["outputs"] == [[["probs"], [1, 3]]]
    assert worker.ask("letting go", {"do": "unload", "model": second}, 5) == ({}, b"")
    assert infer(worker, second, image(0, 255, 51))[0]["error"] == "inference_failed"

    assert "outputs" in infer(worker, first, image(0, 255, 51))[0]


def test_an_image_of_another_size_is_refused_and_the_next_one_is_taken(worker, model):
    number = load(worker, model)["model"]

    refused, _ = infer(worker, number, np.zeros((1, 3, 32, 32), dtype=np.float32))

    assert (refused["error"], "bytes" in refused["message"]) == ("inference_failed", True)
    assert "outputs" in infer(worker, number, image(0, 0, 0))[0]


@pytest.mark.parametrize(
    ("changes", "content", "kind"),
    [
        pytest.param({"device": "MYRIAD"}, None, "no_device", id="a device that is not there"),
        pytest.param({"sdk": "percept"}, None, "no_sdk", id="an SDK that is not installed"),
        pytest.param({}, b"no model", "bad_model", id="a file that is no model"),
    ],
)
def test_what_cannot_be_loaded_is_told_by_its_kind(worker, model, changes, content, kind):
    if content is not None:
        model.write_bytes(content)

    told = load(worker, model, **changes)

    assert told["error"] == kind
    assert told["error"] in vpu_worker.KINDS


@pytest.mark.parametrize(
    ("error", "doing", "kind"),
    [
        # The texts of openvino 2021.4.2's own plugin and of 2022.3.2, which has none.
        (RuntimeError("Can not init Myriad device: NC_ERROR"), "load", "no_device"),
        (RuntimeError('Device with "MYRIAD" name is not registered in the OpenVINO Runtime'), "load", "no_device"),
        (RuntimeError("Failed to allocate graph: NC_OUT_OF_MEMORY"), "load", "out_of_memory"),
        (MemoryError(), "load", "out_of_memory"),
        (RuntimeError("Unsupported layer"), "load", "compile_failed"),
        (RuntimeError("Failed to read output from FIFO: NC_ERROR"), "infer", "inference_failed"),
        (MemoryError("std::bad_alloc"), "infer", "out_of_memory"),
    ],
)
def test_errors_of_sdks_have_stable_kinds(error, doing, kind):
    assert vpu_worker.kind_of(error, doing) == kind


def test_what_is_printed_in_it_never_reaches_the_line(tmp_path, monkeypatch, model, capfd):
    rig = Rig(tmp_path, monkeypatch, infer_within_s=10)
    loaded = rig.vpu.load(model, "openvino", "CPU", 1)
    rig.do("infer prints")

    outputs = rig.vpu.infer(loaded, image(0, 255, 51))

    rig.vpu.close()
    assert outputs["raw_boxes"].shape == (1, 4, 4)
    assert "[NOT A MESSAGE]" in capfd.readouterr().err


def test_what_is_asked_in_no_message_ends_it(worker):
    worker._line.sendall(b"no message at all" * 10)

    assert worker._process.wait(5) == 1


def test_it_ends_when_the_line_closes(worker):
    worker._line.close()

    assert worker._process.wait(5) == 0


def test_it_ends_when_its_standard_input_closes(worker):
    worker._process.stdin.close()

    assert worker._process.wait(5) == -signal.SIGIO


STARTER = """
    import sys
    from pathlib import Path
    from modules.inference.vpu import Vpu
    from tests.inference.vpus import MISBEHAVING, image

    vpu = Vpu(sys.executable, program=MISBEHAVING, infer_within_s=100)
    model = vpu.load(Path(sys.argv[1]), "openvino", "CPU", 1)
    print(vpu.pid, flush=True)
    if Path(sys.argv[2]).exists():
        vpu.infer(model, image(0, 0, 0))
    sys.stdin.read()
"""


@pytest.mark.parametrize("hangs", [False, True], ids=["idle", "hanging with the interpreter's lock held"])
def test_it_dies_with_whoever_started_it(tmp_path, model, hangs):
    script = tmp_path / "behaviour"
    if hangs:
        script.write_text("infer hang")
    starter = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(STARTER), str(model), str(script)],
        cwd=ROOT,
        env=os.environ | {"BEHAVIOUR": str(script)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    pid = int(starter.stdout.readline())
    if hangs:
        wait_for(lambda: script.read_text() == "")
    assert running(pid)

    starter.kill()
    starter.wait()

    assert wait_for(lambda: not running(pid)) < 3
    starter.stdin.close()
    starter.stdout.close()


@pytest.mark.parametrize(
    ("shown", "kind", "told"),
    [
        (["045e:066f"], "not_updated", "an Eye as 045e:066f that never becomes 03e7:2485"),
        (["045e:066f", "03e7:2485"], "no_device", "no right to open it"),
        (["045e:066f", "03e7:f63b"], "no_device", "03e7:f63b: a program has booted it already"),
        (["1d6b:0002"], "no_device", "USB shows no Myriad X (03e7:2485)"),
    ],
    ids=["an Eye that was never updated", "not allowed", "booted by somebody else", "not plugged in"],
)
def test_without_a_device_it_is_told_what_usb_shows(tmp_path, monkeypatch, model, shown, kind, told):
    rig = Rig(tmp_path, monkeypatch, infer_within_s=10)
    rig.plug(*shown)
    (rig.usb / "1-0:1.0").mkdir()

    with pytest.raises(DeviceLost) as lost:
        rig.vpu.load(model, "openvino", "MYRIAD", 1)

    assert lost.value.kind == kind
    assert told in str(lost.value)
    assert "MYRIAD" in str(lost.value)
    assert rig.vpu.pid is None


def test_an_interpreter_that_is_not_named_or_not_there_is_told(model):
    for python, told in ((None, "FIFTEEN_VPU_PYTHON is not set"), ("/nowhere/python", "cannot be started")):
        with pytest.raises(RuntimeUnavailable, match=told):
            Vpu(python).load(model, "openvino", "CPU", 1)


def test_an_sdk_that_is_not_installed_is_told_with_its_interpreter(model):
    vpu = Vpu(sys.executable)

    with pytest.raises(RuntimeUnavailable, match="has no such SDK"):
        vpu.load(model, "percept", "MYRIAD", 1)

    vpu.close()


def test_a_file_that_is_no_model_is_no_fault_of_the_device(tmp_path):
    vpu = Vpu(sys.executable)

    with pytest.raises(PackageError, match=r"absent\.onnx"):
        vpu.load(tmp_path / "absent.onnx", "openvino", "CPU", 1)

    vpu.close()
