from itertools import count, islice

import pytest
from flask import Flask

from modules.trainer_agent.web import following


@pytest.fixture
def in_a_request():
    with Flask(__name__).test_request_context():
        yield


def test_what_changes_often_is_followed_as_long_as_what_seldom_does(in_a_request):
    number = count()

    answer = following.following(lambda timeout_s: {"number": next(number)})

    events = islice(answer.response, 1, 1001)
    assert list(events)[-1] == 'data: {"number": 999}\n\n'
    answer.close()


def test_a_reader_comes_again_after_some_minutes(in_a_request, monkeypatch):
    monkeypatch.setattr(following, "_LASTS_S", 0.05)

    answer = following.following(lambda timeout_s: {})

    assert "data: {}\n\n" in list(answer.response)
    answer.close()


def test_one_reader_too_many_is_told_to_ask_instead(in_a_request):
    answers = [following.following(lambda timeout_s: None) for _ in range(following.MOST_FOLLOWERS)]

    assert following.following(lambda timeout_s: None).status_code == 204
    for answer in answers:
        answer.close()
    another = following.following(lambda timeout_s: None)
    assert another.status_code == 200
    another.close()
