"""Processes for trainings: one waits where a training is expected, and whoever takes one gets one that runs."""

import os
import signal
import sys

import pytest

from edge_common.errors import LearningError
from modules.trainer_agent.standby import Standby
from tests.trainer_agent.conftest import gone
from tests.waiting import wait_for

ECHO = (sys.executable, "-c", "import sys; [print(line, end='', flush=True) for line in sys.stdin]")


@pytest.fixture
def jobs():
    standby = Standby(ECHO, silence_s=20)
    yield standby
    standby.close()


def first_line(job, request):
    lines = job.lines(request)
    try:
        return next(lines)
    finally:
        lines.close()


def test_where_a_training_is_expected_one_waits_and_is_the_one_that_is_taken(jobs):
    jobs.expect()
    waiting = jobs.waiting

    job = jobs.take()

    assert job.process == waiting
    assert jobs.waiting is None
    assert first_line(job, b"request\n") == b"request"


def test_however_often_it_is_expected_only_one_waits(jobs):
    jobs.expect()
    waiting = jobs.waiting

    jobs.expect()

    assert jobs.waiting == waiting


def test_where_none_waits_a_new_one_is_taken(jobs):
    assert first_line(jobs.take(), b"request\n") == b"request"


def test_one_that_has_ended_meanwhile_is_replaced(jobs):
    jobs.expect()
    ended = jobs.waiting
    os.kill(ended, signal.SIGKILL)
    wait_for(lambda: gone(ended))

    job = jobs.take()

    assert job.process != ended
    assert first_line(job, b"request\n") == b"request"


def test_what_it_looks_at_comes_before_the_training(jobs):
    jobs.expect()
    jobs.look(b"look\n")

    lines = jobs.take().lines(b"train\n")

    assert [next(lines), next(lines)] == [b"look", b"train"]
    lines.close()


def test_where_none_waits_nothing_is_looked_at(jobs):
    jobs.look(b"look\n")

    assert first_line(jobs.take(), b"train\n") == b"train"


def test_one_that_rests_has_ended_and_another_can_be_expected(jobs):
    jobs.expect()
    first = jobs.waiting

    jobs.rest()

    assert jobs.waiting is None
    assert gone(first)
    jobs.expect()
    assert jobs.waiting not in (None, first)


def test_after_closing_none_waits_any_more(jobs):
    jobs.expect()
    first = jobs.waiting

    jobs.close()
    jobs.expect()

    assert gone(first)
    assert jobs.waiting is None


def test_a_command_that_cannot_be_started_is_told():
    jobs = Standby(("/nowhere",))

    with pytest.raises(LearningError, match="could not be started"):
        jobs.expect()
    with pytest.raises(LearningError, match="could not be started"):
        jobs.take()
