import time
from datetime import datetime

import pytest

from edge_common.scores import Rate, Score
from modules.trainer_agent.web.wording import (
    duration,
    image_caption,
    in_plain_words,
    measurement,
    moment,
    score_sentence,
    verdict,
)
from tests.trainer_agent.conftest import noise


def score(value, name="ap50"):
    return Score(name=name, value=value, per_label={}, protocol="made up for a test")


@pytest.mark.parametrize(
    ("value", "word", "advised"),
    [(1.0, "Very good", False), (0.75, "Good", False), (0.749, "Fair", True), (0.0, "Weak", True)],
)
def test_a_score_is_a_word_and_a_weak_one_comes_with_advice(value, word, advised):
    assert verdict(score(value)) == word
    assert score_sentence(score(value)).endswith("More tagged images will help.") == advised


def test_each_score_is_explained_by_what_it_measures():
    assert "100 % is every area found" in score_sentence(score(0.9))
    assert "area" not in score_sentence(score(0.9, "accuracy"))
    assert "Areas missed" in measurement(score(0.9))
    assert "named your tag" in measurement(score(0.9, "accuracy"))


@pytest.mark.parametrize(
    ("recall", "precision", "words"),
    [
        (0.87, 0.95, "Finds 9 of 10; 1 in 20 of what it reports is a false alarm."),
        (1.0, 1.0, "Finds 10 of 10; no false alarm seen."),
        (0.97, 0.5, "Finds 97 of 100; 50 % of what it reports is a false alarm."),
        (0.0, 0.75, "Finds 0 of 10; 1 in 4 of what it reports is a false alarm."),
        (0.999, 1.0, "Finds 99 of 100; no false alarm seen."),
    ],
)
def test_what_to_expect_is_said_in_plain_words(recall, precision, words):
    rates = {
        "recall": Rate(value=recall, low=0.6, high=1.0),
        "precision": Rate(value=precision, low=0.4, high=1.0),
    }

    said = in_plain_words(score(0.9).model_copy(update=rates))

    assert said == f"{words} With so few images this is rough: it may find 60 % to 100 %."


def test_a_score_of_an_older_version_promises_nothing():
    assert in_plain_words(score(0.9)) == ""


def test_a_captured_image_is_called_by_its_camera_and_its_local_time(library, model):
    taken_ns = int(datetime(2026, 3, 5, 7, 8, 9).timestamp() * 1e9)
    image = library.add_image(model.id, noise(1), "stored name", "camera", camera="till-1", taken_ns=taken_ns)

    assert image_caption(image) == "Till 1, 5 Mar 2026, 07:08:09"


def test_an_uploaded_image_is_called_by_its_file(library, model):
    image = library.add_image(model.id, noise(1), "shelf.jpg", "upload", camera=None, taken_ns=1)

    assert image_caption(image) == "shelf.jpg"


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 second"), (89, "89 seconds"), (90, "2 minutes")])
def test_times_are_given_in_words(seconds, words):
    assert duration(seconds) == words


@pytest.fixture
def in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("created", "words"),
    [
        pytest.param("2026-11-05T13:03:59Z", "5 Nov 2026, 14:03", id="in winter"),
        pytest.param("2026-07-05T13:03:00+00:00", "5 Jul 2026, 15:03", id="in summer"),
        pytest.param("2025-12-31T23:30:00Z", "1 Jan 2026, 00:30", id="over midnight"),
    ],
)
def test_a_moment_is_told_in_the_time_of_the_shop(in_berlin, created, words):
    assert moment(created) == words
