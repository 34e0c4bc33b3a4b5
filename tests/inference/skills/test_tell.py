"""The file of events: each whole, whatever happened to the one before."""

from pathlib import Path

from edge_common.asked_frames import AskedFrames
from edge_common.results import ResultPublisher
from edge_common.skills.told import SkillEvent
from modules.inference.skills.actions.tell import Tell
from modules.inference.skills.changes import Job
from modules.inference.skills.pictures import Pictures, RecentFrames
from tests.inference.skills.test_pictures import event


def test_an_event_that_a_power_cut_left_half_written_takes_none_with_it(tmp_path: Path) -> None:
    results, file = ResultPublisher(f"ipc://{tmp_path}/results"), tmp_path / "events.jsonl"
    tell = Tell(results, file, Pictures(tmp_path / "pictures"), AskedFrames(tmp_path / "asked"), RecentFrames())
    tell(Job(event=event(1), actions=()))
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:40])

    tell(Job(event=event(2), actions=()))
    tell(Job(event=event(3), actions=()))

    results.close()
    first, half, *others = file.read_bytes().splitlines()
    assert SkillEvent.model_validate_json(first) == event(1)
    assert half == whole[:40]
    assert [SkillEvent.model_validate_json(line) for line in others] == [event(2), event(3)]
