"""One contract for every runtime."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_common.detections import ModelKind
from edge_common.errors import ConfigError, InferenceError, PackageError, RuntimeUnavailable
from modules.inference.runtimes.runtime import Machine, Runtime, RuntimeKind, open_runtime
from modules.inference.vpu import Vpu
from tests.inference.tiny_models import SIZE, fake_model, onnx_model
from tests.inference.tiny_tflite import FACTS, tflite_model

KINDS = get_args(RuntimeKind)


def opened(kind: str, model_kind: ModelKind, folder: Path) -> Runtime:
    """The tiny model in a runtime; one that is absent is skipped, unless all are required."""
    path = folder / f"{kind}-{model_kind}.onnx"
    models = {"fake": fake_model, "tflite": tflite_model}
    path.write_bytes(models.get(kind, onnx_model)(model_kind))
    try:
        return loaded(kind, path, model_kind)
    except RuntimeUnavailable as error:
        if os.environ.get("REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(error))


def loaded(kind: str, path: Path, model_kind: ModelKind = "detection") -> Runtime:
    """The VPU's process has today's OpenVINO, whose processor stands for the device; it ends with its last model."""
    return (
        open_runtime(kind, path, 1, "CPU", Machine(Vpu(sys.executable)))
        if kind == "vpu"
        else open_runtime(kind, path, 1, tflite=FACTS[model_kind])
    )


@pytest.fixture(params=KINDS)
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    detector = opened(request.param, "detection", tmp_path)
    yield detector
    detector.close()


def image(*colour: float) -> NDArray[np.float32]:
    return np.broadcast_to(np.array(colour, dtype=np.float32).reshape(1, 3, 1, 1), (1, 3, SIZE, SIZE)).copy()


def test_outputs_have_the_names_and_shapes_of_the_contract(runtime: Runtime) -> None:
    outputs = runtime.infer(image(0, 255, 51))

    assert outputs["raw_boxes"].shape == (1, 4, 4)
    np.testing.assert_allclose(outputs["raw_probs"], [[[0, 1, 0.2]] * 4], atol=1e-5)


def test_an_image_is_read_with_its_rows_and_columns_in_place(runtime: Runtime) -> None:
    picture = image(0, 0, 0)
    picture[0, 2, : SIZE // 2, SIZE // 2 :] = 255

    probs = runtime.infer(picture)["raw_probs"]

    np.testing.assert_allclose(probs[0, :, 2], [0, 1, 0, 0], atol=1e-5)


def test_outputs_survive_the_next_call(runtime: Runtime) -> None:
    first = runtime.infer(image(0, 255, 0))["raw_probs"]
    kept = first.copy()

    runtime.infer(image(255, 0, 255))

    np.testing.assert_array_equal(first, kept)


def test_the_image_is_not_changed(runtime: Runtime) -> None:
    picture = image(10, 20, 30)
    kept = picture.copy()

    runtime.infer(picture)

    np.testing.assert_array_equal(picture, kept)


def test_an_image_of_another_size_is_refused_and_the_next_one_is_taken(runtime: Runtime) -> None:
    with pytest.raises(InferenceError):
        runtime.infer(np.zeros((1, 3, SIZE, SIZE // 2), dtype=np.float32))

    assert runtime.infer(image(0, 0, 0))["raw_boxes"].shape == (1, 4, 4)


def test_closing_twice_does_no_harm_and_a_closed_model_says_so(runtime: Runtime) -> None:
    runtime.close()
    runtime.close()

    with pytest.raises(InferenceError, match="closed"):
        runtime.infer(image(0, 0, 0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_classification_gives_one_row_of_probabilities(kind: str, tmp_path: Path) -> None:
    classifier = opened(kind, "classification", tmp_path)

    np.testing.assert_allclose(classifier.infer(image(0, 255, 51))["probs"], [[0, 1, 0.2]], atol=1e-5)
    classifier.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"no model at all"], ids=["empty", "other bytes"])
def test_a_file_that_is_no_model_is_refused(kind: str, content: bytes, tmp_path: Path) -> None:
    opened(kind, "detection", tmp_path).close()
    path = tmp_path / "model.onnx"
    path.write_bytes(content)

    with pytest.raises(PackageError, match=r"model\.onnx"):
        loaded(kind, path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_file_is_refused(kind: str, tmp_path: Path) -> None:
    opened(kind, "detection", tmp_path).close()

    with pytest.raises(PackageError, match="absent"):
        loaded(kind, tmp_path / "absent.onnx")


def test_an_unknown_runtime_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'abacus'"):
        open_runtime("abacus", tmp_path / "model.onnx", 1)


def test_a_device_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))

    for device in ("NOSUCH", "AUTO:NOSUCH,CPU"):
        with pytest.raises(RuntimeUnavailable, match="no device NOSUCH here, only CPU"):
            open_runtime("openvino", path, 1, device)


def test_openvino_runs_on_the_device_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_model("detection"))

    runtime = open_runtime("openvino", path, 1, "AUTO:CPU")

    np.testing.assert_allclose(runtime.infer(image(0, 255, 51))["raw_probs"], [[[0, 1, 0.2]] * 4], atol=1e-5)
    runtime.close()
