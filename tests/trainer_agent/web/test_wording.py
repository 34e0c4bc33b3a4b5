import time

import pytest

from edge_common.scores import Rate, Score
from modules.trainer_agent.web.wording import (
    duration,
    in_plain_words,
    measurement,
    moment,
    score_sentence,
    verdict,
)


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
    assert "surer of what is there" in score_sentence(score(0.9))
    assert "surer" not in score_sentence(score(0.9, "accuracy"))
    assert "areas missed" in measurement(score(0.9))
    assert "first guess was your tag" in measurement(score(0.9, "accuracy"))


@pytest.mark.parametrize(
    ("recall", "precision", "words"),
    [
        (0.87, 0.95, "As it is set now, it finds 9 of 10; 1 in 20 of what it reports is a false alarm."),
        (1.0, 1.0, "As it is set now, it finds 10 of 10; no false alarm seen."),
        (0.97, 0.5, "As it is set now, it finds 97 of 100; 50 % of what it reports is a false alarm."),
        (0.0, 0.75, "As it is set now, it finds 0 of 10; 1 in 4 of what it reports is a false alarm."),
        (0.999, 1.0, "As it is set now, it finds 99 of 100; no false alarm seen."),
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
