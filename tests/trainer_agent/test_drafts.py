"""Drafts: when one is made, what one that goes wrong leaves, and what ends one that is being made."""

import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from modules.trainer_agent.standby import Standby
from tests.trainer_agent.conftest import SCRIPTED_JOB, ended, gone, tag_images, trained
from tests.waiting import PATIENCE_S, wait_for


def draft_of(drafts, model, images):
    """The version of the draft, once it is one of so many images."""

    def look():
        version = drafts.packages.current(model.id)
        made_of = version and drafts.packages.read_manifest(model.id, version).images
        # What it replaces is deleted after it is there.
        return made_of == images and drafts.packages.versions(model.id) == [version] and version

    return wait_for(look)


def processes():
    """Ids of the trainings' processes that this process has started and that still run."""
    running = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_text()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and SCRIPTED_JOB[1] in command:
            running.append(int(stat.parent.name))
    return running


@pytest.fixture
def jobs():
    """Gives processes whose trainings take long."""
    standby = Standby((*SCRIPTED_JOB, "slow"))
    yield standby
    standby.close()


class Asked:
    """Processes that do nothing but write down what they are asked."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "asked"
        self.jobs = Standby(
            (sys.executable, "-c", f"import sys; open({str(self._file)!r}, 'w').write(sys.stdin.readline())")
        )

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []


@pytest.fixture
def asked(tmp_path):
    made = Asked(tmp_path)
    yield made
    made.jobs.close()


def at_work(jobs):
    """Those that make a draft, and do not only wait for one."""
    return [process for process in processes() if process != jobs.waiting]


@pytest.fixture
def told(caplog):
    """How often drafts told that they made none."""
    caplog.set_level(logging.INFO, logger="modules.trainer_agent.drafts")
    return lambda: caplog.text.count("no draft")


@pytest.fixture
def other(library):
    """A model of which a draft is due: where it has one, what was asked before it has been dealt with."""
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    tag_images(library, other, 3)
    return other


def test_three_tagged_images_make_a_draft_that_is_not_live(library, model, workshop, start_drafts):
    tag_images(library, model, 3)
    drafts = start_drafts()

    drafts.image_done(model.id)

    draft_of(drafts, model, 3)
    assert workshop.packages.current(model.id) is None
    assert workshop.packages.versions(model.id) == []


def test_two_tagged_images_make_none(library, model, other, start_drafts):
    tag_images(library, model, 2)
    drafts = start_drafts()

    drafts.image_done(model.id)
    drafts.image_done(other.id)

    draft_of(drafts, other, 3)
    assert drafts.packages.versions(model.id) == []


def test_half_as_many_more_images_make_a_draft_anew_that_replaces_the_one_before(library, model, start_drafts):
    tag_images(library, model, 3)
    drafts = start_drafts()
    drafts.image_done(model.id)
    first = draft_of(drafts, model, 3)
    tag_images(library, model, 2, first=3)

    drafts.image_done(model.id)

    assert draft_of(drafts, model, 5) > first


def test_fewer_images_more_leave_the_draft_as_it_is(library, model, other, start_drafts):
    tag_images(library, model, 3)
    drafts = start_drafts()
    drafts.image_done(model.id)
    first = draft_of(drafts, model, 3)
    tag_images(library, model, 1, first=3)

    drafts.image_done(model.id)
    drafts.image_done(other.id)

    draft_of(drafts, other, 3)
    assert draft_of(drafts, model, 3) == first


def test_images_in_which_there_is_nothing_to_tag_count(library, model, start_drafts):
    tag_images(library, model, 4)
    for image in library.images(model.id, tagged=True, limit=2):
        library.delete_box(image.id, library.boxes(image.id)[0].id)
        library.set_nothing(image.id, True)
    drafts = start_drafts()

    drafts.image_done(model.id)

    draft_of(drafts, model, 4)


def test_a_model_with_a_live_version_needs_no_draft(library, model, other, start_agent, start_drafts):
    tag_images(library, model, 15)
    trained(start_agent(), model)
    drafts = start_drafts()

    drafts.image_done(model.id)
    drafts.image_done(other.id)

    draft_of(drafts, other, 3)
    assert drafts.packages.versions(model.id) == []


@pytest.mark.parametrize("way", ["fails", "crashes", "killed", "ends-at-once", "babbles", "lies"])
def test_a_draft_that_goes_wrong_leaves_the_one_before_and_the_next_image_is_another_chance(
    library, model, start_drafts, told, way
):
    tag_images(library, model, 3)
    good = start_drafts()
    good.image_done(model.id)
    before = draft_of(good, model, 3)
    tag_images(library, model, 2, first=3)
    bad = start_drafts(way)

    bad.image_done(model.id)
    wait_for(lambda: told() == 1)
    assert bad.packages.current(model.id) == before
    bad.image_done(model.id)
    wait_for(lambda: told() == 2)
    tag_images(library, model, 1, first=5)
    good.image_done(model.id)

    assert draft_of(good, model, 6) > before


def test_a_model_that_is_deleted_meanwhile_keeps_no_other_from_its_draft(other, start_drafts, told):
    drafts = start_drafts()

    drafts.image_done("gone")
    drafts.image_done(other.id)

    draft_of(drafts, other, 3)
    assert told() == 1


def test_a_draft_gives_way_to_a_training_and_none_begins_while_it_runs(library, model, other, start_drafts, jobs, told):
    tag_images(library, model, 3)
    drafts = start_drafts(jobs=jobs)
    drafts.image_done(model.id)
    wait_for(lambda: at_work(jobs))

    with drafts.give_way():
        wait_for(lambda: told() == 1)
        drafts.image_done(other.id)
        wait_for(lambda: told() == 2)
        assert at_work(jobs) == []

    drafts.image_done(other.id)
    wait_for(lambda: at_work(jobs))


def test_a_training_that_begins_by_itself_ends_the_draft_that_is_being_made(
    library, start_agent, start_drafts, jobs, told
):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    drafts = start_drafts(jobs=jobs)
    agent = start_agent(settle_s=60, alone=drafts.give_way)
    drafts.image_done(model.id)
    wait_for(lambda: at_work(jobs))

    agent.tags_changed(model.id, image_done=True)

    wait_for(lambda: told() == 1)
    agent.wait_for_change(model.id, 0, PATIENCE_S)
    assert ended(agent, model.id).phase == "trained"


def test_closing_ends_the_draft_that_is_being_made_and_begins_no_other(library, model, other, start_drafts, jobs):
    tag_images(library, model, 3)
    drafts = start_drafts(jobs=jobs)
    drafts.image_done(model.id)
    drafts.image_done(other.id)
    wait_for(lambda: at_work(jobs))

    before_s = time.monotonic()
    drafts.close()
    jobs.close()

    assert time.monotonic() - before_s < 2
    assert processes() == []
    assert drafts.packages.live() == {}


def test_an_image_that_asks_for_no_draft_is_looked_at_by_a_process_that_waits_for_a_training(
    library, model, start_drafts, asked
):
    tag_images(library, model, 2)
    drafts = start_drafts(jobs=asked.jobs)

    drafts.image_done(model.id)

    (request,) = wait_for(asked.requests)
    assert request["look"]
    assert [image["name"] for image in request["images"]] == ["shelf-0.jpg", "shelf-1.jpg"]
    assert asked.jobs.waiting is not None


def test_images_are_looked_at_for_a_model_with_a_live_version_too(library, model, start_agent, start_drafts, asked):
    tag_images(library, model, 15)
    trained(start_agent(), model)
    tag_images(library, model, 1, first=15)
    drafts = start_drafts(jobs=asked.jobs)

    drafts.image_done(model.id)

    (request,) = wait_for(asked.requests)
    assert request["look"]
    assert len(request["images"]) == 16


def test_nothing_is_looked_at_while_a_training_runs(library, model, other, start_drafts, asked, told):
    tag_images(library, model, 2)
    drafts = start_drafts(jobs=asked.jobs)

    with drafts.give_way():
        drafts.image_done(model.id)
        drafts.image_done(other.id)
        wait_for(lambda: told() == 1)

    assert asked.requests() == []
    assert asked.jobs.waiting is None


def test_without_an_image_for_a_while_no_process_waits(library, model, start_drafts, jobs):
    tag_images(library, model, 2)
    drafts = start_drafts(jobs=jobs, idle_s=0.5)
    drafts.image_done(model.id)
    waiting = wait_for(lambda: jobs.waiting)

    wait_for(lambda: jobs.waiting is None)

    assert gone(waiting)
