import logging
from pathlib import Path

import numpy as np
import pytest

from modules.inference.runtimes.compiled import MOST_MODELS, CompiledModels
from modules.inference.runtimes.runtime import Machine, open_runtime
from tests.inference.tiny_models import SIZE, onnx_model


@pytest.fixture
def kept(tmp_path: Path) -> CompiledModels:
    return CompiledModels(tmp_path / "compiled")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))
    return path


def outputs(model: Path, kept: CompiledModels | None) -> dict[str, np.ndarray]:
    runtime = open_runtime("openvino", model, 1, machine=Machine(compiled=kept))
    rng = np.random.default_rng(0)
    return runtime.infer(rng.uniform(0, 255, (1, 3, SIZE, SIZE)).astype(np.float32))


def blobs(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "compiled").glob("*/*.blob"))


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_model_that_was_compiled_before_is_read_back_and_gives_the_same(
    tmp_path: Path, kept: CompiledModels, model: Path
) -> None:
    first = outputs(model, kept)
    (blob,) = blobs(tmp_path)
    written = blob.stat().st_mtime_ns

    assert same(first, outputs(model, None))
    assert same(first, outputs(model, kept))
    assert blob.stat().st_mtime_ns == written


@pytest.mark.parametrize("at", [0, 0.5, 0.99])
def test_a_file_that_has_changed_is_never_used(tmp_path: Path, kept: CompiledModels, model: Path, at: float) -> None:
    first = outputs(model, kept)
    (blob,) = blobs(tmp_path)
    data = bytearray(blob.read_bytes())
    data[int(at * len(data))] ^= 255
    blob.write_bytes(data)

    assert same(first, outputs(model, kept))
    assert bytes(data) != blob.read_bytes()


@pytest.mark.parametrize("left", ["half of it", "nothing at all"])
def test_a_file_that_a_power_cut_left_in_part_is_made_again(
    tmp_path: Path, kept: CompiledModels, model: Path, left: str
) -> None:
    first = outputs(model, kept)
    (blob,) = blobs(tmp_path)
    whole = blob.read_bytes()
    blob.write_bytes(whole[: len(whole) // 2] if left == "half of it" else b"")

    assert same(first, outputs(model, kept))
    assert len(blobs(tmp_path)[0].read_bytes()) == len(whole)


def test_without_a_place_to_keep_it_a_model_is_compiled_all_the_same(
    tmp_path: Path, kept: CompiledModels, model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "compiled").write_text("a file where the folder should be")

    with caplog.at_level(logging.WARNING):
        assert same(outputs(model, kept), outputs(model, None))

    assert "without the models that are kept" in caplog.text


def test_the_models_used_last_are_kept(tmp_path: Path, kept: CompiledModels) -> None:
    models = [tmp_path / f"{number}.onnx" for number in range(MOST_MODELS + 2)]
    for number, path in enumerate(models):
        path.write_bytes(onnx_model("detection", scale=1 / (256 + number)))
        outputs(path, kept)
        outputs(models[0], kept)

    folders = {path.parent for path in blobs(tmp_path)}
    assert len(folders) == MOST_MODELS
    assert kept.folder(models[0]) in folders
    assert kept.folder(models[-1]) in folders
