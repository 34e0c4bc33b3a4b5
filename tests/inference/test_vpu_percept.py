"""The worker's side of the package azure-percept, against a stand-in: the package itself runs on that board only."""

import sys
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import DeviceLost, PackageError
from modules.inference.runtimes.runtime import Machine, open_runtime
from modules.inference.vpu import Vpu
from tests.inference.tiny_models import SIZE, fake_model
from tests.inference.vpus import image

STAND_IN = Path(__file__).with_name("percept_stand_in")


@pytest.fixture
def vpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(STAND_IN))
    monkeypatch.setenv("MYRIAD_X", "1")
    made = Vpu(sys.executable, usb=tmp_path)
    yield made
    made.close()


def opened(vpu, folder, kind="detection"):
    # A name that a shell would take for more than one.
    path = folder / f"model of; {kind}.onnx"
    path.write_bytes(fake_model(kind))
    return open_runtime("vpu", path, 1, None, Machine(vpu), "percept")


def test_an_image_goes_in_as_planes_of_bytes_and_outputs_get_their_names(vpu, tmp_path):
    picture = image(0, 255, 51)
    picture[0, 2, : SIZE // 2, SIZE // 2 :] = 300

    outputs = opened(vpu, tmp_path).infer(picture)

    assert outputs["raw_boxes"].shape == (1, 4, 4)
    expected = [[[0, 1, 0.2], [0, 1, 1], [0, 1, 0.2], [0, 1, 0.2]]]
    np.testing.assert_allclose(outputs["raw_probs"], expected, atol=1e-5)


def test_a_classification_has_one_output(vpu, tmp_path):
    outputs = opened(vpu, tmp_path, "classification").infer(image(0, 255, 51))

    np.testing.assert_allclose(outputs["probs"], [[0, 1, 0.2]], atol=1e-5)


def test_a_second_model_is_refused_until_the_first_one_is_let_go_of(vpu, tmp_path):
    vpu.join()
    first = opened(vpu, tmp_path)
    pid = vpu.pid

    with pytest.raises(DeviceLost, match="one model at a time") as lost:
        opened(vpu, tmp_path, "classification")

    assert lost.value.kind == "out_of_memory"
    assert first.infer(image(0, 0, 0))["raw_probs"].shape == (1, 4, 3)
    first.close()
    second = opened(vpu, tmp_path, "classification")
    assert second.infer(image(0, 0, 0))["probs"].shape == (1, 3)
    assert vpu.pid == pid, "an Eye takes no second process until it is switched off"


def test_without_the_device_nobody_waits_for_an_attestation(vpu, tmp_path, monkeypatch):
    monkeypatch.delenv("MYRIAD_X")
    (tmp_path / "1-1").mkdir()
    (tmp_path / "1-1" / "idVendor").write_text("045e\n")
    (tmp_path / "1-1" / "idProduct").write_text("066f\n")

    with pytest.raises(DeviceLost, match="045e:066f that never becomes 03e7:2485") as lost:
        opened(vpu, tmp_path)

    assert lost.value.kind == "not_updated"


def test_a_missing_file_is_no_fault_of_the_device(vpu, tmp_path):
    with pytest.raises(PackageError, match=r"absent\.onnx"):
        open_runtime("vpu", tmp_path / "absent.onnx", 1, None, Machine(vpu), "percept")
