from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import InferenceError, PackageError
from edge_common.onnx_graph import GraphBuilder
from edge_common.packages import Manifest, PackageStore
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.verify import check_outputs, verify, write_verified
from tests.trainer_agent.learning.made import SHAPES, classification_set

MANIFEST = Manifest(
    model_id="shapes",
    model_name="Shapes",
    version="1",
    kind="classification",
    labels=SHAPES,
    input_size_px=64,
    backbone="none",
    backbone_sha256="0" * 64,
    thresholds=dict.fromkeys(SHAPES, 0.5),
    score=None,
    images=2,
    boxes=0,
    dataset_sha256="0" * 64,
    parent_version=None,
    created="2026-01-01T00:00:00Z",
    program_version="0",
)
DETECTOR = MANIFEST.model_copy(update={"kind": "detection"})


def colour_model(scale: float, size: int = 64) -> bytes:
    """The mean of blue and of green, scaled, as the probabilities of two tags."""
    builder = GraphBuilder()
    means = builder.node("Flatten", [builder.node("GlobalAveragePool", ["image"])], axis=1)
    weights = builder.constant((np.eye(3, 2) * scale).astype(np.float32))
    builder.node("Gemm", [means, weights, builder.constant(np.zeros(2, dtype=np.float32))], "probs")
    return builder.build("colours", {"image": [1, 3, size, size]}, {"probs": [1, 2]}).SerializeToString()


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "models")


@pytest.fixture
def shapes(tmp_path: Path) -> Dataset:
    return classification_set(tmp_path, 3)


def test_a_package_that_runs_on_the_images_is_kept_and_is_not_active(store: PackageStore, shapes: Dataset) -> None:
    write_verified(store, MANIFEST, colour_model(1 / 255), {}, shapes, threads=1)

    assert (store.versions("shapes"), store.current("shapes")) == (["1"], None)


@pytest.mark.parametrize(
    ("model", "error", "reason"),
    [
        pytest.param(colour_model(np.nan), PackageError, "not finite", id="gives no numbers"),
        pytest.param(colour_model(1.0), PackageError, "outside 0 to 1", id="gives no probabilities"),
        pytest.param(colour_model(1 / 255, size=32), InferenceError, "invalid dimensions", id="of another size"),
        pytest.param(b"no model", PackageError, "cannot load", id="no model"),
    ],
)
def test_a_package_that_does_not_run_is_not_kept(
    store: PackageStore, shapes: Dataset, model: bytes, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        write_verified(store, MANIFEST, model, {}, shapes, threads=1)

    assert store.versions("shapes") == []
    assert list((store.root / "shapes").iterdir()) == []


def test_images_that_cannot_be_read_are_passed_over_but_one_has_to_be_there(
    store: PackageStore, shapes: Dataset
) -> None:
    store.write(MANIFEST, colour_model(1 / 255))
    shapes.images[0].path.unlink()

    verify(store, MANIFEST, shapes, threads=1)
    with pytest.raises(PackageError, match="no image to try it on"):
        verify(store, MANIFEST, replace(shapes, images=shapes.images[:1]), threads=1)


ROWS = np.full((1, 5, 3), 0.2, dtype=np.float32)
GOOD = {"raw_boxes": np.zeros((1, 5, 4), dtype=np.float32), "raw_probs": ROWS}


def test_sane_outputs_pass() -> None:
    check_outputs(DETECTOR, GOOD)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"raw_probs": ROWS[..., :2]}, r"raw_probs has shape \(1, 5, 2\), \[1, ..., 3\]", id="a tag short"),
        pytest.param({"raw_probs": ROWS.repeat(2, axis=0)}, "raw_probs has shape", id="two pictures"),
        pytest.param({"raw_boxes": np.zeros((1, 0, 4))}, "raw_boxes has shape", id="no boxes"),
        pytest.param({"raw_boxes": np.full((1, 5, 4), np.inf)}, "raw_boxes has values that are not", id="endless"),
        pytest.param({"raw_probs": ROWS - 0.3}, "outside 0 to 1", id="below zero"),
        pytest.param({"raw_probs": ROWS + 0.9}, "outside 0 to 1", id="above one"),
    ],
)
def test_outputs_that_break_the_contract_are_refused(change: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(PackageError, match=reason):
        check_outputs(DETECTOR, GOOD | change)


def test_a_missing_output_is_named() -> None:
    with pytest.raises(PackageError, match=r"output raw_probs expected, the model gives \['raw_boxes'\]"):
        check_outputs(DETECTOR, {"raw_boxes": GOOD["raw_boxes"]})
