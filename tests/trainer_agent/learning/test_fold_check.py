from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import ImageError
from edge_common.images import Pixels
from edge_common.zoo import LITE0
from modules.trainer_agent.learning.backbone import DetailBackbone, DetectionBackbone
from modules.trainer_agent.learning.features import ViewFeatures
from modules.trainer_agent.learning.outcome import Trained
from modules.trainer_agent.learning.score import score_detector
from modules.trainer_agent.learning.teller import DETAIL
from tests.trainer_agent.learning.made import SHAPES
from tests.zoo_here import zoo_model


@pytest.fixture(scope="module")
def trained(whole_training: Trained) -> Trained:
    return whole_training


def test_asked_by_the_backbones_that_they_learned_from_the_folds_find_the_same(
    trained: Trained, backbone: DetectionBackbone
) -> None:
    detail, told = DetailBackbone(zoo_model(LITE0).path), []

    def look(square: Pixels) -> tuple[ViewFeatures, np.ndarray]:
        return backbone.features(square), detail.map(square)

    checked = trained.fold_check.by(look, told.append)

    assert any(DETAIL in teller.weights for teller in trained.fold_check.tellers)
    score, _ = score_detector(checked, SHAPES, seed=0)
    assert score.value == pytest.approx(trained.score.value)
    assert score.interval == pytest.approx(trained.score.interval)
    for found, before in zip(checked.found, trained.fold_check.checked.found, strict=True):
        # In training the examples are kept at 16 bits.
        np.testing.assert_allclose(found.scores[:3], before.scores[:3], atol=0.01)
    assert told == [pytest.approx(count / 8) for count in range(1, 9)]


def test_by_backbones_that_see_nothing_the_folds_find_nothing_right(
    trained: Trained, backbone: DetectionBackbone
) -> None:
    detail = DetailBackbone(zoo_model(LITE0).path)

    def blind(square: Pixels) -> tuple[ViewFeatures, np.ndarray]:
        grey = np.full_like(square, 114)
        return backbone.features(grey), detail.map(grey)

    checked = trained.fold_check.by(blind, lambda part: None)

    assert score_detector(checked, SHAPES, seed=0)[0].value < trained.score.value - 0.3


def test_a_picture_that_is_gone_is_told_by_its_name(trained: Trained, tmp_path: Path) -> None:
    image = trained.fold_check.tagged[2].image
    gone = replace(trained.fold_check.tagged[2], image=replace(image, path=tmp_path / "gone.jpg"))
    tagged = [*trained.fold_check.tagged[:2], gone, *trained.fold_check.tagged[3:]]

    with pytest.raises(ImageError, match=image.name):
        replace(trained.fold_check, tagged=tagged).squares([2])
