from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_common import model_io
from edge_common.errors import RuntimeUnavailable
from edge_common.geometry import Letterbox, centres
from edge_common.images import letterbox
from edge_common.onnx_graph import OPSET, load_graph, operations_beyond_vpu
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import FEATURE_MAPS, LOGITS, STRIDES
from modules.inference.runtimes.runtime import Runtime, open_runtime
from modules.trainer_agent.learning.boxes import correct
from modules.trainer_agent.learning.detect import LEAST_SCORE, candidates, select
from modules.trainer_agent.learning.examples import Example, make_example
from modules.trainer_agent.learning.features import RELU6_STEP, ViewFeatures
from modules.trainer_agent.learning.head import forward
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.projection import project
from tests.requirements_here import skip_or_fail
from tests.trainer_agent.learning.conftest import SIZE, Trained
from tests.trainer_agent.learning.made import SHAPES, draw_shapes
from tests.zoo_here import zoo_model

ANCHORS = 20 * 20 * 3 + 10 * 10 * 6 + 5 * 5 * 6
NONE_TAGGED = np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.intp), np.empty((0, 4), dtype=np.float32)
UNSEEN = draw_shapes(101)[0]


@pytest.fixture(params=["onnx", "openvino"])
def runtime(request: pytest.FixtureRequest, detector_file: Path):
    try:
        opened = open_runtime(request.param, detector_file, threads=1)
    except RuntimeUnavailable as reason:
        skip_or_fail(str(reason))
    yield opened
    opened.close()


def unrounded_example(trained: Trained, square: np.ndarray) -> Example:
    """An example of features at 32 bits, as they are before they are packed for the cache."""
    session = OnnxSession(zoo_model("ssd-mobilenet-v2-backbone").path, threads=1)
    out = session.run({"image": square.transpose(2, 0, 1)[None].astype(np.float32)})
    rows = {
        kind: np.concatenate([out[f"{kind}{stride}"][0].transpose(1, 2, 0).reshape(-1, width) for stride in STRIDES])
        for kind, width in (("boxes", 4), ("logits", LOGITS))
    }
    view = ViewFeatures({name: out[name][0] / RELU6_STEP for name in FEATURE_MAPS}, rows["boxes"], rows["logits"])
    example = make_example(view, trained.projection, trained.grid, *NONE_TAGGED)
    return replace(example, inputs=tuple(project(view, trained.projection)))


def everything(trained: Trained, example: Example) -> tuple[np.ndarray, np.ndarray]:
    """What the head says of all anchors: boxes as cx, cy, w, h, and probabilities."""
    scores, shifts, start = [], [], 0
    for inputs, level in zip(example.inputs, trained.head.levels, strict=True):
        each = level["boxes.bias"].size // 4
        old = example.old_logits[start : start + len(inputs) * each].reshape(-1, each, LOGITS)
        start += len(inputs) * each
        made = forward(level, inputs.astype(np.float32), old.astype(np.float32), len(inputs))
        scores.append(made.scores.reshape(-1, trained.head.tags))
        shifts.append(made.shifts.reshape(-1, 4))
    return centres(correct(example.frozen, np.concatenate(shifts))), sigmoid(np.concatenate(scores))


def test_the_file_says_of_every_anchor_what_the_head_says(trained: Trained, runtime: Runtime) -> None:
    square = letterbox(UNSEEN, SIZE)
    boxes, scores = everything(trained, unrounded_example(trained, square))

    outputs = runtime.infer(model_io.to_input(UNSEEN, SIZE))

    # The largest differences seen: 1.4e-6 for boxes, 1.9e-6 for probabilities.
    np.testing.assert_allclose(outputs["raw_boxes"][0], boxes, atol=1e-5)
    np.testing.assert_allclose(outputs["raw_probs"][0, :, 1:], scores, atol=1e-5)


def test_background_is_what_the_tags_leave(runtime: Runtime) -> None:
    probs = runtime.infer(model_io.to_input(UNSEEN, SIZE))["raw_probs"][0]

    np.testing.assert_allclose(probs[:, 0], np.clip(1 - probs[:, 1:].sum(axis=1), 0, 1), atol=1e-5)


@pytest.mark.parametrize("seed", [0, 3, 101, 102])
def test_inference_finds_what_the_trainer_finds(trained: Trained, runtime: Runtime, seed: int) -> None:
    picture = draw_shapes(seed)[0]
    view = trained.backbone.features(letterbox(picture, SIZE))
    likely = candidates(trained.head, make_example(view, trained.projection, trained.grid, *NONE_TAGGED))
    expected = select(likely.boxes, likely.scores)

    found = model_io.decode(
        runtime.infer(model_io.to_input(picture, SIZE)),
        kind="detection",
        labels=SHAPES,
        thresholds=np.full(len(SHAPES), LEAST_SCORE, dtype=np.float32),
        overlap=0.5,
        place=Letterbox(SIZE, SIZE, SIZE),
    )

    # Weak ones may change places in the suppression: features that the trainer keeps are rounded.
    sure = [index for index, score in enumerate(expected.scores) if score > 0.3]
    assert sure
    for index, one in zip(sure, found, strict=False):
        assert one.label == SHAPES[expected.tags[index]]
        # The largest differences seen: 0.0012 for confidences, 0.0004 for corners.
        assert one.confidence == pytest.approx(expected.scores[index], abs=0.01)
        np.testing.assert_allclose(one.box.to_list(), np.clip(expected.boxes[index], 0, 1), atol=0.004)


def test_the_file_is_static_opset_11_and_of_operations_that_the_vpu_runs(detector_file: Path) -> None:
    model = load_graph(detector_file)

    session = OnnxSession(detector_file, threads=1)

    assert session.inputs == {"image": (1, 3, SIZE, SIZE)}
    assert session.outputs == {"raw_boxes": (1, ANCHORS, 4), "raw_probs": (1, ANCHORS, 3)}
    assert [(item.domain, item.version) for item in model.opset_import] == [("", OPSET)]
    assert operations_beyond_vpu(model) == set()


def test_each_tags_threshold_becomes_one_half(trained: Trained, detector_file: Path) -> None:
    tensor = model_io.to_input(UNSEEN, SIZE)
    plain = OnnxSession(detector_file, threads=1).run({"image": tensor})

    shifted = OnnxSession(trained.export((0.2, 0.7)), threads=1).run({"image": tensor})

    before, after = plain["raw_probs"][0, :, 1:], shifted["raw_probs"][0, :, 1:]
    for tag, threshold in enumerate((0.2, 0.7)):
        odds = before[:, tag] / (1 - before[:, tag]) / (threshold / (1 - threshold))
        np.testing.assert_allclose(after[:, tag], odds / (1 + odds), atol=1e-5)
        clear = np.abs(before[:, tag] - threshold) > 1e-4
        np.testing.assert_array_equal((before[:, tag] > threshold)[clear], (after[:, tag] > 0.5)[clear])
    np.testing.assert_array_equal(plain["raw_boxes"], shifted["raw_boxes"])
