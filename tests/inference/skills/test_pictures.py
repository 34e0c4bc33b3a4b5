from pathlib import Path

from edge_common.images import decode_image
from edge_common.skills.told import SkillEvent
from modules.inference.skills.changes import Job
from modules.inference.skills.pictures import MOST_RECENT, Pictures, Recent, RecentFrames
from tests.inference.skills.test_doer import job
from tests.inference.tiny_models import coloured_frame


def event(number: int, skill: str = "few") -> SkillEvent:
    return Job.model_validate_json(job(number)).event.model_copy(
        update={"id": f"{skill}.low.0a1b2c3d-{number}", "skill": skill}
    )


def test_a_picture_shows_the_frame_and_is_named_for_its_event(tmp_path: Path) -> None:
    name = Pictures(tmp_path, free_bytes=0).keep(event(1), coloured_frame((0, 0, 255)), 5)

    assert name == "few.low.0a1b2c3d-1.jpg"
    assert decode_image((tmp_path / name).read_bytes())[40, 40, 2] > 240


def test_raised_and_cleared_have_pictures_of_their_own(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, free_bytes=0)
    cleared = event(1).model_copy(update={"phase": "cleared"})

    assert pictures.keep(event(1), coloured_frame(), 5) != pictures.keep(cleared, coloured_frame(), 5)


def test_what_is_done_again_after_a_restart_names_the_picture_that_was_kept(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, free_bytes=0)
    name = pictures.keep(event(1), coloured_frame(), 5)

    assert pictures.keep(event(1), None, 5) == name
    assert pictures.keep(event(2), None, 5) == ""


def test_the_oldest_go_first_of_the_skill_and_of_all(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, free_bytes=0)
    for number in range(4):
        pictures.keep(event(number, "queue"), coloured_frame(), 9)
    for number in range(4):
        pictures.keep(event(number), coloured_frame(), 2)
    kept = {path.name for path in tmp_path.iterdir()}
    size = max(path.stat().st_size for path in tmp_path.iterdir())

    assert kept == {f"queue.low.0a1b2c3d-{number}.jpg" for number in range(4)} | {
        f"few.low.0a1b2c3d-{number}.jpg" for number in (2, 3)
    }
    Pictures(tmp_path, most_bytes=3 * size, free_bytes=0).keep(event(9), coloured_frame(), 9)
    assert {path.name for path in tmp_path.iterdir()} == {f"few.low.0a1b2c3d-{number}.jpg" for number in (2, 3, 9)}


def test_none_is_kept_on_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    assert Pictures(tmp_path, free_bytes=10**18).keep(event(1), coloured_frame(), 5) == ""
    assert list(tmp_path.iterdir()) == []


def test_few_frames_wait_in_memory() -> None:
    recent = RecentFrames()
    for number in range(MOST_RECENT + 2):
        recent.put(event(number), Recent(coloured_frame(sequence=number), {}))

    assert recent.of(event(1)) is None
    found = recent.of(event(2))
    assert found is not None
    assert found.frame.sequence == 2
    recent.forget(event(2))
    assert recent.of(event(2)) is None
