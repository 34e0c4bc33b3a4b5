"""Classification by several tags for a picture: thresholds, the honest score, and a model that says what it learned."""

import numpy as np
import pytest

from edge_common.detections import Detection
from edge_common.images import letterbox
from edge_common.onnx_session import OnnxSession
from edge_common.zoo import LITE0
from modules.trainer_agent.learning.classifier import SIZE_PX, train_classifier
from modules.trainer_agent.learning.comparison import compare
from modules.trainer_agent.learning.dataset import Dataset, TaggedImage, read_pixels
from modules.trainer_agent.learning.doubts import find_doubts
from modules.trainer_agent.learning.familiarity import held_to
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.losses import sigmoid
from modules.trainer_agent.learning.outcome import Progress
from modules.trainer_agent.learning.several import named_by_others, score_several, shifts
from tests.trainer_agent.learning.made import detection_set
from tests.zoo_here import zoo_model

TAGS = ("wet", "dirty")


def whole(digest, *tags):
    return TaggedImage(None, digest, digest, (), tags)


def likely(wet, dirty):
    return (Detection("wet", wet, None), Detection("dirty", dirty, None))


def test_each_tag_gets_the_threshold_that_is_best_for_it():
    logits = np.float32([[-3, 2], [-2, 1], [-5, 1.5], [-6, 0.5]])
    wanted = np.float32([[1, 1], [1, 0], [0, 1], [0, 0]])

    probabilities = sigmoid(logits - shifts(logits, wanted))

    np.testing.assert_array_equal(probabilities >= 0.5, wanted == 1)


def test_a_fold_is_counted_at_the_thresholds_of_the_others():
    logits, wanted = np.float32([[-1], [-2], [2], [1]]), np.float32([[1], [0], [1], [0]])

    named = named_by_others(logits, wanted, [[0, 1], [2, 3]])

    # Each fold alone would be all right at a threshold of its own.
    assert named[:, 0].tolist() == [0, 0, 1, 1]


def test_the_figure_is_the_mean_of_the_tags_and_faults_are_those_at_the_thresholds():
    probabilities = np.float32([[0.9, 0.2], [0.8, 0.9], [0.3, 0.6], [0.1, 0.4]])
    wanted = np.float32([[1, 1], [1, 1], [0, 0], [0, 0]])
    named = (probabilities >= 0.5).astype(np.intp)

    score = score_several(probabilities, named, wanted, 2, "abcd", TAGS, seed=0)

    assert score.per_label == pytest.approx({"wet": 1.0, "dirty": (1 + 2 / 4) / 2})
    assert score.value == pytest.approx((1 + 0.75) / 2)
    assert (score.precision.value, score.recall.value) == (0.75, 0.75)
    assert [(one.digest, one.missed, one.false) for one in score.wrong] == [("a", 1, 0), ("c", 0, 1)]


def test_versions_are_compared_by_the_same_figure():
    images = (whole("a", 0, 1), whole("b", 0), whole("c", 1), whole("d"))
    dataset = Dataset("classification", TAGS, images, several=True)
    good = {"a": likely(0.9, 0.9), "b": likely(0.8, 0.1), "c": likely(0.2, 0.9), "d": likely(0.1, 0.1)}
    poor = good | {"d": likely(0.95, 0.95)}

    same, worse = (compare(dataset, found, good, "1", seed=0) for found in (good, poor))

    assert (same.value, same.live_value, same.images) == (1, 1, 4)
    assert worse.value < 0.7


def test_a_tag_that_is_not_seen_and_one_that_was_forgotten_are_in_doubt():
    dataset = Dataset("classification", TAGS, (whole("a", 0), whole("b", 0, 1)), several=True)

    found = find_doubts(dataset, {"a": likely(0.05, 0.9), "b": likely(0.6, 0.5)})

    assert [(one.digest, one.kind, one.tag, one.seen) for one in found] == [
        ("a", "not seen", "wet", None),
        ("a", "not tagged", None, "dirty"),
    ]


def test_a_sure_tag_takes_nothing_from_the_others_of_an_unusual_picture():
    logits, familiar = np.float32([[5, 1, -2]]), np.float32([0.5])

    assert held_to(logits, familiar, each=True).tolist() == [[0.5, 0.5, -2]]


def test_a_model_names_all_that_a_picture_shows(tmp_path):
    drawn = detection_set(tmp_path, 24)
    images = tuple(
        TaggedImage(one.path, one.digest, one.name, (), tuple(sorted({box.tag for box in one.boxes})))
        for one in drawn.images
    )
    assert len({image.tags for image in images}) > 2
    dataset = Dataset("classification", drawn.tags, images, several=True)

    trained = train_classifier(
        dataset,
        zoo_model(LITE0),
        FeatureCache(tmp_path / "cache"),
        threads=2,
        seed=0,
        progress=Progress(lambda *_: None),
    )

    session = OnnxSession(trained.model, threads=2)
    right = 0
    for image in images:
        square = letterbox(read_pixels(image), SIZE_PX).transpose(2, 0, 1)[None].astype(np.float32)
        (named,) = np.nonzero(session.run({"image": square})["probs"][0] >= 0.5)
        right += tuple(named) == image.tags
    assert right >= 20
    assert trained.score.name == "mean_ap"
    assert trained.score.value > 0.6
    assert set(trained.thresholds.values()) == {0.5}
