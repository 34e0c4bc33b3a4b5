"""What `auto` chooses, with the real runtimes; where one is to be slow, wrong or absent, it is so in its trial."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_common.packages import INT8_FILE, TFLITE_FILE
from edge_common.results import VpuState
from edge_common.scores import Int8
from modules.inference import candidates
from modules.inference.candidates import candidates_of, circumstances
from modules.inference.choices import Choices
from modules.inference.choosing import Chooser
from modules.inference.loader import ModelLoader
from modules.inference.runtimes.runtime import NOTHING_MORE, Machine
from modules.inference.vpu import Vpu
from tests.inference.conftest import SETTINGS
from tests.inference.test_loader import events, handed_over
from tests.inference.tiny_models import coloured_frame, manifest, onnx_model, publish_model
from tests.inference.tiny_tflite import DETECTION, tflite_model
from tests.inference.vpus import running
from tests.waiting import wait_for

AUTO = SETTINGS.model_copy(update={"backend": "auto"})
PROGRAM = (sys.executable, "-m", "tests.inference.misbehaving_trial")
KEPT = Int8(kept=True, why="as good, and faster")


class Trials:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._tried = folder / "tried"
        self._tried.touch()
        self._told = 0
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("TRIED", str(self._tried))
        monkeypatch.setenv("OUTPUTS", str(folder / "outputs.npz"))
        np.savez(folder / "outputs.npz", raw_boxes=np.zeros((1, 4, 4)), raw_probs=np.zeros((1, 4, 3)))
        self.are()

    def are(self, **behaviours: str | float) -> None:
        self._monkeypatch.setenv("TRIALS", json.dumps(behaviours))

    def are_not_what_matters(self) -> None:
        """As quick as a trial can be, OpenVINO ahead."""
        self.are(onnx=2.0, openvino=1.0)

    def taken(self) -> list[str]:
        """Backends that were tried since the last call."""
        # The file is never taken away: a trial may have opened it and not written yet.
        found = self._tried.read_text().split()
        new, self._told = found[self._told :], len(found)
        return new


@pytest.fixture
def trials(tmp_path, monkeypatch):
    return Trials(tmp_path, monkeypatch)


@pytest.fixture
def start(store, hub, tmp_path, trials):
    """Makes a loader as at a start of the program, with a frame seen."""
    made = []

    def make(machine=NOTHING_MORE, settings=AUTO):
        chooser = Chooser(machine, Choices(tmp_path / "choices"), PROGRAM)
        loader = ModelLoader(store, hub, settings, machine=machine, chooser=chooser)
        loader.recent = coloured_frame((50, 100, 200))
        made.append(loader)
        return loader

    yield make
    for loader in made:
        loader._chooser.close()


def publish_both(store):
    """A package with a TFLite file, too."""
    store.write(
        manifest("1", tflite=DETECTION), onnx_model("detection"), forms={TFLITE_FILE: tflite_model("detection")}
    )
    store.activate("shelf", "1")


def settled(loader):
    """The model once what runs it is known: each look is what the loader's thread does four times a second."""
    sets = []

    def known():
        loader.look(time.monotonic())
        sets.extend(handed_over(loader))
        return sets and sets[-1] and sets[-1][0].choice is not None

    wait_for(known, 120)
    return sets[-1][0]


def figures(model):
    return {one.backend: one.why or one.ms for one in model.choice.tried}


def test_a_model_goes_live_at_once_and_moves_to_the_fastest_when_that_is_known(store, start, trials, tmp_path):
    publish_both(store)
    trials.are(openvino="slow", onnx="slow")
    loader = start()

    loader.look(0)
    (first,) = handed_over(loader)[-1]
    model = settled(loader)

    assert (first.backend, first.choice) == ("openvino", None)
    assert (model.backend, model.key) == ("tflite", first.key)
    told = figures(model)
    assert list(told) == ["onnx", "openvino", "tflite"]
    assert told["tflite"] < 50 < min(told["onnx"], told["openvino"])
    assert trials.taken() == ["onnx", "openvino", "tflite"]
    assert events(tmp_path) == [("model live", "1")]
    assert model.look(coloured_frame(), AUTO).detections == first.look(coloured_frame(), AUTO).detections
    described = model.describe(AUTO)
    assert (described.backend, described.device, described.choice) == ("tflite", "CPU", model.choice)


def test_the_real_trial_measures_all_that_are_installed(store, hub):
    publish_both(store)
    loader = ModelLoader(store, hub, AUTO)
    loader.recent = coloured_frame()

    told = figures(settled(loader))

    assert set(told) == {"onnx", "openvino", "tflite"}
    assert all(isinstance(ms, float) and ms > 0 for ms in told.values()), told


def test_one_that_is_faster_but_wrong_is_never_chosen(store, start, trials):
    publish_both(store)
    trials.are(onnx="slow", openvino="wrong", tflite="nan")

    model = settled(start())

    assert model.backend == "onnx"
    told = figures(model)
    assert "raw_probs at most 0.005 off expected, got 0.0784" in told["openvino"]
    assert "got nan" in told["tflite"]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("absent", "runtime 'openvino' is not installed here"),
        ("illegal", "the process that tried it was ended by SIGILL"),
        ("fault", "the process that tried it was ended by a fault"),
    ],
)
def test_one_that_cannot_run_is_left_out_with_its_reason(store, start, trials, behaviour, reason):
    publish_model(store, "1")
    trials.are(openvino=behaviour)

    model = settled(start())

    assert (model.backend, figures(model)["openvino"]) == ("onnx", reason)


def test_without_the_reference_the_next_one_says_what_is_right(store, start, trials):
    publish_both(store)
    trials.are(onnx="nan", tflite="slow")

    model = settled(start())

    assert model.backend == "openvino"
    assert isinstance(figures(model)["tflite"], float)


def test_where_none_is_of_use_the_model_runs_on_and_nothing_is_measured_again(store, start, trials):
    publish_model(store, "1")
    trials.are(onnx="absent", openvino="absent")
    loader = start()
    loader.look(0)
    (model,) = handed_over(loader)[-1]

    def tried_both():
        loader.look(0)
        return loader._chooser._measuring is None

    wait_for(tried_both)
    for _ in range(5):
        loader.look(0)

    assert trials.taken() == ["onnx", "openvino"]
    assert handed_over(loader) == []
    assert (model.backend, loader.failures) == ("openvino", {})


def test_nothing_is_measured_before_a_camera_gave_a_picture(store, start, trials):
    publish_model(store, "1")
    loader = start()
    loader.recent = None

    for _ in range(3):
        loader.look(0)

    assert len(handed_over(loader)) == 1
    assert trials.taken() == []


def test_the_next_start_takes_what_was_measured(store, start, trials):
    publish_model(store, "1")
    trials.are(onnx=1.0, openvino=2.0)
    measured = settled(start())
    trials.taken()

    loader = start()
    loader.look(0)

    ((model,),) = handed_over(loader)
    assert (model.backend, model.choice) == ("onnx", measured.choice)
    assert trials.taken() == []


@pytest.mark.parametrize("change", ["another model", "another number of threads"])
def test_another_model_and_other_settings_are_measured_by_themselves(store, start, trials, change):
    publish_model(store, "1")
    trials.are_not_what_matters()
    settled(start())
    trials.taken()
    loader = start(settings=AUTO.model_copy(update={"threads": 2}) if change.endswith("threads") else AUTO)
    if change == "another model":
        publish_model(store, "2", onnx_model("detection", scale=1 / 256))

    settled(loader)

    assert trials.taken() == ["onnx", "openvino"]


def test_on_other_hardware_it_is_measured_anew(store, start, trials, monkeypatch):
    publish_model(store, "1")
    trials.are_not_what_matters()
    settled(start())
    trials.taken()
    here = candidates._machine(candidates._CPU_INFO)
    monkeypatch.setattr(candidates, "_machine", lambda cpu_info: here | {"facts_sha256": "0" * 64})

    settled(start())

    assert trials.taken() == ["onnx", "openvino"]


def test_a_damaged_choice_is_measured_anew_and_kept_again(store, start, trials, tmp_path):
    publish_model(store, "1")
    trials.are_not_what_matters()
    settled(start())
    (file,) = (tmp_path / "choices").iterdir()
    whole = file.read_text()
    trials.taken()
    for damage in (whole[: len(whole) // 2], whole.replace('"ms": ', '"ms": -'), "[]"):
        file.write_text(damage)

        settled(start())

        assert trials.taken() == ["onnx", "openvino"]
        assert json.loads(file.read_text()).keys() == {"circumstances", "choice"}


def test_what_is_measured_of_a_version_that_went_is_dropped(store, start, trials):
    publish_model(store, "1")
    trials.are(onnx="hang")
    loader = start()
    loader.look(0)
    wait_for(lambda: trials.taken() == ["onnx"])
    trials.are()

    publish_model(store, "2", onnx_model("detection", scale=1 / 256))
    started_s = time.monotonic()
    model = settled(loader)

    assert model.manifest.version == "2"
    assert time.monotonic() - started_s < 60


def test_closing_ends_a_trial_at_once(store, start, trials):
    publish_model(store, "1")
    trials.are(onnx="hang")
    loader = start()
    loader.look(0)
    wait_for(lambda: trials.taken() == ["onnx"])
    started_s = time.monotonic()

    loader._chooser.close()

    assert time.monotonic() - started_s < 5


def test_a_vpu_is_tried_where_one_is_set_up_and_the_processor_stands_in_when_it_is_chosen(store, start, trials, rig):
    publish_model(store, "1")
    trials.are(onnx="slow", openvino="slow")
    # The processor stands for the device.
    loader = start(Machine(vpu=rig.vpu), AUTO.model_copy(update={"device": "CPU"}))

    model = settled(loader)
    pid = rig.vpu.pid

    def on_vpu():
        model.look(coloured_frame(), AUTO)
        return model.describe(AUTO).vpu.phase == "running"

    wait_for(on_vpu)
    assert model.backend == "vpu"
    assert rig.vpu.pid == pid, "an Eye takes no second process until it is switched off"
    model.runtime.close()
    loader._chooser.close()
    wait_for(lambda: not running(pid))


def test_a_vpu_that_does_not_answer_is_left_out_and_tried_again_at_the_next_start(store, start, trials, tmp_path):
    publish_model(store, "1")
    trials.are_not_what_matters()
    usb = tmp_path / "no usb"
    usb.mkdir()
    vpu = Vpu(sys.executable, usb=usb)

    for _ in range(2):
        model = settled(start(Machine(vpu=vpu)))

        assert "USB shows no Myriad X" in figures(model)["vpu"]
        assert trials.taken() == ["onnx", "openvino"]
        assert model.describe(AUTO).vpu is None
    vpu.close()


def test_a_vpu_that_gives_nonsense_is_not_chosen(store, start, trials, rig):
    publish_model(store, "1")
    trials.are(onnx="slow", openvino="slow")
    rig.do("infer wrong always")

    model = settled(start(Machine(vpu=rig.vpu), AUTO.model_copy(update={"device": "CPU"})))

    assert model.backend in ("onnx", "openvino")
    assert "off expected" in figures(model)["vpu"]


def test_candidates_are_what_the_machine_and_the_package_have(tmp_path):
    (tmp_path / "renderD128").touch()

    def told(one, machine=NOTHING_MORE, gpus=tmp_path / "none"):
        return [(found.backend, found.device) for found in candidates_of(one, machine, "MYRIAD", gpus=gpus)]

    assert told(manifest()) == [("onnx", "CPU"), ("openvino", "CPU")]
    assert told(manifest(tflite=DETECTION))[2:] == [("tflite", "CPU")]
    assert told(manifest(), gpus=tmp_path)[2:] == [("openvino", "GPU")]
    assert told(manifest(), Machine(vpu=Vpu("python3.10")))[2:] == [("vpu", "MYRIAD")]
    assert told(manifest(), Machine(vpu=Vpu(None)))[2:] == []


def test_a_processor_is_known_by_what_does_not_change_all_the_time(tmp_path):
    def facts(text):
        path = tmp_path / str(len(list(tmp_path.iterdir())))
        path.write_text(text)
        return circumstances(manifest(), (), 2, None, path)["machine"]

    here = facts("processor\t: 0\nmodel name\t: One\ncpu MHz\t\t: 2000.1\n")

    assert facts("processor\t: 1\nmodel name\t: One\ncpu MHz\t\t: 1000.7\n") == here
    assert facts("processor\t: 0\nmodel name\t: Two\ncpu MHz\t\t: 2000.1\n") != here
    assert facts("processor\t: 0\nCPU part\t: 0xd03\n") != facts("processor\t: 0\nCPU part\t: 0xd08\n")


def test_of_a_choice_a_state_tells_all_and_nothing_changes_on_the_way(store, start):
    publish_model(store, "1")
    model = settled(start())

    described = model.describe(AUTO)

    assert type(described).model_validate_json(described.model_dump_json()) == described
    assert not isinstance(described.vpu, VpuState)


def test_a_model_that_training_has_kept_in_whole_numbers_is_tried_in_them_too(store, start, tmp_path):
    half_as_sure = onnx_model("detection", scale=1 / 512)
    store.write(manifest("1", int8=KEPT), onnx_model("detection"), forms={INT8_FILE: half_as_sure})
    store.activate("shelf", "1")

    model = settled(start())
    tried = [(one.backend, one.file) for one in model.choice.tried]
    in_float = settled(start(settings=AUTO.model_copy(update={"precision": "float"})))

    # How good it is was judged by training, on more than one picture: only the same file says what is right here.
    assert tried == [(backend, file) for file in ("model.onnx", INT8_FILE) for backend in ("onnx", "openvino")]
    assert all(one.ms is not None for one in model.choice.tried)
    assert {one.file for one in in_float.choice.tried} == {"model.onnx"}
