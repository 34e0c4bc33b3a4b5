import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.errors import Conflict, EdgeError, LineLost, NotFound
from edge_common.hub import LocalHub
from edge_common.telemetry_events import AboutModel, ModelImported, VersionEvent
from modules.trainer_agent.cloud.jobs import CloudJobs, Job, Progress, Work
from tests.trainer_agent.cloud.conftest import QUICK
from tests.waiting import wait_for

DONE = ModelImported(model_id="a", model_version="v1", kind="detection", sha256="0" * 64)
Run = Callable[[Job, Progress], AboutModel]
Start = Callable[..., CloudJobs]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    opened = []

    def begin(**runs: Run) -> CloudJobs:
        works = {name: Work(run, "dataset not exported") for name, run in runs.items()}
        jobs = CloudJobs(tmp_path / "jobs", LocalHub(tmp_path / "twin"), works, lambda model_id: {}, patience=QUICK)
        jobs.start()
        opened.append(jobs)
        return jobs

    yield begin
    for jobs in opened:
        jobs.close()


def told(folder: Path, method: str, key: str) -> dict[str, Any]:
    # Between two patches it is not there.
    found = json.loads((folder / "twin" / "reported.json").read_bytes())["methods"][method].get(key, {})
    assert isinstance(found, dict)
    return found


def full_disk(job: Job, progress: Progress) -> AboutModel:
    Path("/dev/full").write_bytes(b"x")
    return DONE


def broken(job: Job, progress: Progress) -> AboutModel:
    raise ValueError("https://a.example/c?sig=secret")


def gone(job: Job, progress: Progress) -> AboutModel:
    raise NotFound("there is no model")


@pytest.mark.parametrize(
    ("work", "why"),
    [
        pytest.param(full_disk, "the disk is full", id="a full disk"),
        pytest.param(broken, "a fault in the program: ValueError", id="a fault of ours"),
        pytest.param(gone, "there is no model", id="what was foreseen"),
    ],
)
def test_a_job_that_fails_is_told_and_keeps_none_from_its_turn(
    start: Start, tmp_path: Path, work: Run, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = start(bad=work, good=lambda job, progress: DONE)
    jobs.add("bad", "a", "a", {})

    jobs.add("good", "a", "a", {})

    wait_for(lambda: not jobs.active("good", "a"))
    assert (told(tmp_path, "bad", "a")["phase"], told(tmp_path, "bad", "a")["why"]) == ("failed", why)
    assert (told(tmp_path, "good", "a")["phase"], told(tmp_path, "good", "a")["model_version"]) == ("done", "v1")
    assert not list((tmp_path / "jobs").iterdir())
    assert "secret" not in caplog.text


def test_what_a_job_was_before_is_not_told_of_the_next_one(start: Start, tmp_path: Path) -> None:
    facts = iter([DONE, VersionEvent(event="put live", model_id="a")])
    jobs = start(one=lambda job, progress: next(facts))
    for _ in range(2):
        jobs.add("one", "a", "a", {})
        wait_for(lambda: not jobs.active("one", "a"))

    assert "model_version" not in told(tmp_path, "one", "a")


def test_what_is_tried_again_by_itself_keeps_nobody_from_asking(start: Start, tmp_path: Path) -> None:
    def away(job: Job, progress: Progress) -> AboutModel:
        if job.lasting:
            raise LineLost("nobody answers")
        return DONE

    jobs = start(one=away)
    jobs.add("one", "a", "a", {}, lasting=True)
    wait_for(lambda: told(tmp_path, "one", "a").get("phase") == "failed")
    with pytest.raises(Conflict, match=r"methods\.one\.a"):
        jobs.add("one", "a", "a", {}, lasting=True)

    jobs.add("one", "a", "a", {})

    wait_for(lambda: told(tmp_path, "one", "a").get("phase") == "done")
    assert jobs.active("one", "a")


def test_a_note_that_is_damaged_is_left_out(start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "1-one-a.json").write_text('{"asked": {"url": "secret"')

    jobs = start(one=lambda job, progress: DONE)

    assert not jobs.active("one", "a")
    assert "1-one-a.json is damaged" in caplog.text
    assert "secret" not in caplog.text


def test_what_cannot_be_noted_is_not_begun(start: Start, tmp_path: Path) -> None:
    (tmp_path / "jobs").write_text("a file where the folder should be")
    jobs = start(one=lambda job, progress: DONE)

    with pytest.raises(EdgeError, match="cannot be noted on the disk"):
        jobs.add("one", "a", "a", {})

    assert not jobs.active("one", "a")
