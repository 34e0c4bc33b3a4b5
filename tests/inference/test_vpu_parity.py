"""A really trained model in the older Python that the VPU's SDK needs: the same detections as ours, on the processor.

FIFTEEN_VPU_PYTHON names such an interpreter; docs/vpu.md says how to make one.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from edge_common.detections import Detection
from edge_common.errors import DeviceLost
from edge_common.geometry import Letterbox
from edge_common.model_io import decode, to_input
from edge_common.packages import PackageStore
from modules.inference.runtimes.runtime import Machine, Runtime, open_runtime
from modules.inference.vpu import Vpu
from modules.inference.vpu_usb import BOOTED, MYRIAD_X, usb_ids
from tests.trainer_agent.learning.made import detection_set, draw_shapes
from tests.trainer_agent.training_process import request_for, run

LEAST_CONFIDENCE = 0.05
LEAST_OVERLAP = 0.98
MOST_DIFFERENCE = 0.02
PICTURES = 20


@pytest.fixture(scope="module")
def python() -> str:
    named = os.environ.get("FIFTEEN_VPU_PYTHON")
    if not named:
        pytest.skip("FIFTEEN_VPU_PYTHON names no interpreter with the VPU's SDK: see docs/vpu.md")
    return named


@pytest.fixture(scope="module")
def model(python: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Its file, and the side of its images in pixels."""
    data = tmp_path_factory.mktemp("trained")
    (data / "images").mkdir()
    code, lines = run(request_for(detection_set(data / "images", 15), data, threads=2, seed=0, parent_version=None))
    assert code == 0
    store, version = PackageStore(data / "models"), lines[-1]["trained"]["version"]
    return store.model_file("shapes", version), store.read_manifest("shapes", version).input_size_px


@pytest.fixture
def vpu(python: str):
    made = Vpu(python)
    yield made
    made.close()


def found_by(runtime: Runtime, seed: int, size: int) -> tuple[Detection, ...]:
    pixels = draw_shapes(seed)[0]
    height, width = pixels.shape[:2]
    outputs = runtime.infer(to_input(pixels, size))
    labels = [str(number) for number in range(outputs["raw_probs"].shape[-1] - 1)]
    return decode(
        outputs,
        kind="detection",
        labels=labels,
        thresholds=np.full(len(labels), LEAST_CONFIDENCE, dtype=np.float32),
        overlap=0.5,
        place=Letterbox(width, height, size),
    )


def test_it_finds_the_same_as_the_runtime_of_this_process(vpu: Vpu, model: tuple[Path, int]) -> None:
    file, size = model
    ours, theirs = open_runtime("openvino", file, 2), open_runtime("vpu", file, 2, "CPU", Machine(vpu))
    overlaps: list[float] = []
    differences: list[float] = []

    for seed in range(500, 500 + PICTURES):
        expected, found = found_by(ours, seed, size), found_by(theirs, seed, size)
        assert len(found) == len(expected)
        for one in expected:
            same = max(
                (other for other in found if other.label == one.label), key=lambda o, one=one: o.box.iou(one.box)
            )
            overlaps.append(same.box.iou(one.box))
            differences.append(abs(same.confidence - one.confidence))

    ours.close()
    theirs.close()
    print(f"{len(overlaps)} detections, least IoU {min(overlaps):.6f}, largest difference {max(differences):.6f}")
    assert len(overlaps) >= PICTURES
    assert min(overlaps) >= LEAST_OVERLAP
    assert max(differences) <= MOST_DIFFERENCE


def test_it_says_that_there_is_no_myriad_x(vpu: Vpu, model: tuple[Path, int]) -> None:
    if usb_ids() & {MYRIAD_X, BOOTED}:
        pytest.skip("there is a Myriad X here: nothing to say")

    with pytest.raises(DeviceLost) as lost:
        open_runtime("vpu", model[0], 2, "MYRIAD", Machine(vpu))

    print(lost.value)
    assert lost.value.kind in ("no_device", "not_updated")
