from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.onnx_graph import GraphBuilder
from edge_common.onnx_session import OnnxSession
from edge_common.packages import Manifest
from edge_common.scores import Score
from modules.trainer_agent.learning.backbone import planes
from modules.trainer_agent.learning.fold_check import FoldCheck
from modules.trainer_agent.learning.head import join
from modules.trainer_agent.learning.int8 import Backbones, difference, milliseconds, reason_against, try_int8
from modules.trainer_agent.learning.outcome import Progress, Trained
from modules.trainer_agent.learning.quantise import quantised
from modules.trainer_agent.learning.score import CrossValidation
from tests.trainer_agent.learning.made import SHAPES


@pytest.fixture(scope="module")
def trained(whole_training: Trained) -> Trained:
    return whole_training


@pytest.fixture(scope="module")
def whole(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return quantised(trained.model, trained.fold_check.squares(range(8)), tmp_path_factory.mktemp("int8") / "room")


def manifest(trained: Trained, **changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "model_id": "shapes",
        "model_name": "Shapes",
        "version": "1",
        "kind": "detection",
        "labels": SHAPES,
        "input_size_px": trained.input_size_px,
        "backbone": trained.backbone,
        "backbone_sha256": trained.backbone_sha256,
        "thresholds": trained.thresholds,
        "score": trained.score,
        "images": 8,
        "boxes": trained.boxes,
        "dataset_sha256": "0" * 64,
        "parent_version": None,
        "created": "2026-01-01T00:00:00Z",
        "program_version": "0",
    }
    return Manifest.model_validate(values | changes)


def test_the_file_is_kept_with_what_was_measured_or_there_is_a_reason(trained: Trained, tmp_path: Path) -> None:
    shares: list[float] = []
    progress = Progress(lambda stage, share: shares.append(share))

    told, file = try_int8(
        manifest(trained), trained.model, trained.fold_check, tmp_path / "room", seed=0, progress=progress
    )

    # Whether it is faster depends on the machine, and on what else it does.
    assert told.kept == (file is not None)
    assert told.kept or "ms for an image here instead of" in told.why
    assert told.value > 0.8
    assert told.interval[0] <= told.value <= told.interval[1]
    assert told.difference[0] <= told.value - trained.score.value <= told.difference[1]
    assert told.ms > 0
    assert told.float_ms > 0
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda folder, check: (folder / "room").write_bytes(b""), "File exists", id="no room"),
        pytest.param(lambda folder, check: check.tagged[3].image.path.unlink(), "shapes-3.jpg", id="a picture is gone"),
    ],
)
def test_what_goes_wrong_is_a_reason_and_no_more(trained: Trained, tmp_path: Path, change: Any, why: str) -> None:
    check = with_pictures_of_its_own(trained.fold_check, tmp_path)
    change(tmp_path, check)
    progress = Progress(lambda stage, share: None)

    told, file = try_int8(manifest(trained), trained.model, check, tmp_path / "room", seed=0, progress=progress)

    assert (told.kept, file) == (False, None)
    assert told.why.startswith("it could not be made: ")
    assert why in told.why


def with_pictures_of_its_own(check: FoldCheck, folder: Path) -> FoldCheck:
    tagged = []
    for one in check.tagged:
        path = folder / one.image.path.name
        path.write_bytes(one.image.path.read_bytes())
        tagged.append(replace(one, image=replace(one.image, path=path)))
    return replace(check, tagged=tagged)


def test_a_model_that_is_none_is_a_reason_too(trained: Trained, tmp_path: Path) -> None:
    progress = Progress(lambda stage, share: None)

    told, file = try_int8(
        manifest(trained), b"no model", trained.fold_check, tmp_path / "room", seed=0, progress=progress
    )

    assert (told.kept, file) == (False, None)
    assert "quantising ended with exit code 1" in told.why


def test_the_folds_are_asked_by_the_very_layers_that_are_in_the_file(trained: Trained, whole: bytes) -> None:
    """The joined heads on what is read of the file's backbones find what the file as a whole finds."""
    check = trained.fold_check
    (square,) = check.squares([0])
    looked = Backbones(whole, 1).look(square)
    everywhere = replace(check, heads=[join(check.heads)] * 4)

    likely = everywhere.find(0, *looked)

    out = OnnxSession(whole, threads=1).run({"image": planes(square)})
    tag = int(likely.tags[0])
    surest = out["raw_boxes"][0, out["raw_probs"][0, :, 1 + tag].argmax()]
    centre = (likely.boxes[0, :2] + likely.boxes[0, 2:]) / 2
    # The file's backbones are the same; only what the cache keeps of them is rounded.
    np.testing.assert_allclose(surest[:2], centre, atol=0.005)


SCORE = Score(name="ap50", value=0.8, interval=(0.6, 0.95), per_label={}, protocol="folds")


@pytest.mark.parametrize(
    ("value", "gap", "ms", "why"),
    [
        pytest.param(0.79, (-0.02, 0.01), 12.0, "", id="as good and faster"),
        pytest.param(0.85, (0.01, 0.09), 18.9, "", id="better, and a little faster"),
        pytest.param(0.59, (-0.30, -0.1), 12.0, "score of 0.590 is below the interval", id="below the interval"),
        pytest.param(0.70, (-0.15, -0.05), 12.0, "may lose 0.150 of the score, more than 0.05", id="clearly worse"),
        pytest.param(0.80, (-0.02, 0.02), 19.1, "takes 19.1 ms for an image here instead of 20.0", id="not faster"),
        pytest.param(0.80, (-0.02, 0.02), 40.0, "takes 40.0 ms for an image here instead of 20.0", id="slower"),
    ],
)
def test_it_is_kept_if_it_is_as_good_and_faster(value: float, gap: tuple[float, float], ms: float, why: str) -> None:
    against = reason_against(SCORE, SCORE.model_copy(update={"value": value}), gap, 20.0, ms)

    assert why in against
    assert bool(against) == bool(why)


def test_what_is_hard_for_both_is_no_difference(trained: Trained) -> None:
    checked = trained.fold_check.checked

    assert difference(checked, checked, len(SHAPES), seed=0) == (0, 0)


def test_what_one_misses_in_every_image_is_a_difference(trained: Trained) -> None:
    checked = trained.fold_check.checked

    low, high = difference(blind(checked), checked, len(SHAPES), seed=0)

    assert low <= high < -0.5


def blind(checked: CrossValidation) -> CrossValidation:
    return replace(checked, found=[replace(one, boxes=one.boxes * 0) for one in checked.found])


def test_models_take_turns_and_the_slower_one_is_found(trained: Trained) -> None:
    (square,) = trained.fold_check.squares([0])

    tiny_ms, ms = milliseconds((tiny(square.shape[0]), trained.model), square, threads=1)

    assert 0 < tiny_ms < ms


def tiny(size: int) -> bytes:
    builder = GraphBuilder()
    builder.node("GlobalAveragePool", ["image"], "mean")
    return bytes(builder.build("tiny", {"image": [1, 3, size, size]}, {"mean": [1, 3, 1, 1]}).SerializeToString())
