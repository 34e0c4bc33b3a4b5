from pathlib import Path

import numpy as np
import pytest

from edge_common.detections import ModelKind
from edge_common.errors import InferenceError, PackageError
from edge_common.geometry import Box
from modules.trainer_agent.learning.packaged_model import LEAST_CONFIDENCE, PackagedModel
from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, manifest, onnx_model
from tests.trainer_agent.learning.coloured import BOTTOM_RIGHT, GREEN, RED, TOP_LEFT, shelf


def packaged(folder: Path, kind: ModelKind = "detection", **changes: object) -> PackagedModel:
    file = folder / "model.onnx"
    file.write_bytes(onnx_model(kind))
    return PackagedModel(manifest(kind=kind, **changes), file, threads=1)


def test_a_packaged_model_says_what_it_sees_in_the_picture(tmp_path: Path) -> None:
    (seen,) = packaged(tmp_path).look(shelf(RED, BOTTOM_RIGHT))

    assert seen.label == RED_SHELF
    assert seen.confidence == pytest.approx(1, abs=0.01)
    assert seen.box.to_list() == pytest.approx(BOTTOM_RIGHT.to_list(), abs=0.01)


def test_a_packaged_model_tells_of_what_it_hardly_sees(tmp_path: Path) -> None:
    faint, fainter = (round(255 * share) for share in (2 * LEAST_CONFIDENCE, LEAST_CONFIDENCE / 2))

    assert [one.label for one in packaged(tmp_path).look(shelf((0, faint, 0), TOP_LEFT))] == [GREEN_SHELF]
    assert packaged(tmp_path).look(shelf((0, fainter, 0), TOP_LEFT)) == ()


def test_a_packaged_model_finds_its_boxes_again_in_a_wide_picture(tmp_path: Path) -> None:
    wide = np.zeros((48, 96, 3), dtype=np.uint8)
    wide[:, 48:] = GREEN

    corners = sorted(one.box.to_list() for one in packaged(tmp_path).look(wide) if one.confidence > 0.5)

    assert corners == [pytest.approx([0.5, 0, 1, 0.5]), pytest.approx([0.5, 0.5, 1, 1])]


def test_a_packaged_classifier_names_a_picture_as_a_whole(tmp_path: Path) -> None:
    model = packaged(tmp_path, "classification", labels=("blue", "green", "red"))

    assert [(one.label, one.box) for one in model.look(shelf(GREEN, Box(0, 0, 1, 1)))] == [("green", None)]


def test_a_packaged_model_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")

    with pytest.raises(PackageError, match="cannot load"):
        PackagedModel(manifest(), tmp_path / "model.onnx", threads=1)


def test_a_packaged_model_of_other_labels_than_its_manifest_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(InferenceError, match="raw_probs: 2 values a row expected"):
        packaged(tmp_path, labels=(GREEN_SHELF,)).look(shelf(GREEN, TOP_LEFT))
