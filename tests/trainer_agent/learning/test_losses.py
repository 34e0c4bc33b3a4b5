import numpy as np
import pytest

from modules.trainer_agent.learning.losses import quality_loss, sigmoid
from tests.trainer_agent.learning.differences import numeric_gradient


def test_probabilities_stay_finite_for_any_logit() -> None:
    logits = np.array([-1e4, -1.0, 0.0, 1.0, 1e4], dtype=np.float32)

    shares = sigmoid(logits)

    assert shares[2] == 0.5
    assert shares[1] + shares[3] == pytest.approx(1)
    assert (shares[0], shares[4]) == (pytest.approx(0, abs=1e-12), 1)
    assert shares.dtype == np.float32


def test_an_answering_anchor_at_its_quality_has_no_gradient() -> None:
    logit = np.log(0.7 / 0.3)

    _, gradient = quality_loss(np.array([[logit]]), np.array([[0.7]]), np.ones((1, 1)))

    assert gradient[0, 0] == pytest.approx(0, abs=1e-12)


def test_background_costs_by_how_likely_it_is_taken_for_a_tag_and_by_its_weight() -> None:
    logits, none = np.zeros((1, 1)), np.zeros((1, 1))

    once, _ = quality_loss(logits, none, np.ones((1, 1)))
    thrice, _ = quality_loss(logits, none, np.full((1, 1), 3.0))

    assert once == pytest.approx(0.75 * 0.5**2 * np.log(2), rel=1e-5)
    assert thrice == pytest.approx(3 * once)


def test_the_gradient_of_the_loss_is_that_of_central_differences() -> None:
    rng = np.random.default_rng(0)
    logits = rng.uniform(-4, 4, (40, 3))
    quality = np.where(rng.random((40, 3)) < 0.3, rng.random((40, 3)), 0)
    weights = rng.uniform(0, 10, (40, 1))

    _, gradient = quality_loss(logits, quality, weights)

    expected = numeric_gradient(lambda moved: quality_loss(moved, quality, weights)[0], logits)
    # The logarithms are kept from zero by 1e-6, which the gradient leaves out: 1e-6 / (1 - p) of it.
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-6)
