"""The benchmark of Insights, on few skills and days: it runs whole and finds out what it promises."""

import json
import subprocess
import sys

from tests.trainer_agent.conftest import REPOSITORY


def bench(*arguments):
    command = [sys.executable, "-m", "bench.insights", *arguments]
    return subprocess.run(command, capture_output=True, cwd=REPOSITORY, text=True, check=False)


def test_a_few_days_are_measured():
    run = bench("--skills", "1", "--cameras", "2", "--days", "5", "--json")

    measured = json.loads(run.stdout)

    assert measured["series"] == 8
    assert 8 * 5 * 24 <= measured["hours"] + 8 <= 8 * (5 * 24 + 3)
    assert 8 * 3 * 1440 <= measured["minutes"] <= 8 * (3 * 1440 + 120)
    assert 0 < measured["file_mb"] < 10
    assert all(measured[f"{span}_ms"] > 0 for span in ("day", "week", "month", "year"))


def test_fewer_days_than_minutes_last_are_refused():
    run = bench("--days", "3")

    assert run.returncode == 2
    assert "at least 4 expected, got 3" in run.stderr
