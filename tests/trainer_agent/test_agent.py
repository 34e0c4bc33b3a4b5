import json
import os
import signal
import subprocess
import sys
import time

import pytest

from edge_common.errors import Conflict, NotEnoughTags, NotFound
from modules.trainer_agent.training_log import INTERRUPTED, TrainingLog
from tests.trainer_agent.conftest import REPOSITORY, ended, gone, tag_images, trained
from tests.waiting import PATIENCE_S


def test_a_training_makes_a_new_version_live_and_tells_the_hub(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()

    agent.train(model.id)
    state = ended(agent, model.id)

    assert (state.phase, state.images, state.score.value) == ("trained", 14, 0.87)
    assert state.left_out == {"shelf-0.jpg": "the file is damaged"}
    assert workshop.packages.current(model.id) == state.version
    agent.close()
    assert [(body["event"], body["model_version"]) for body in workshop.messages()] == [("trained", state.version)]
    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())
    assert reported["trainings"][model.id]["event"] == "trained"


@pytest.mark.parametrize(("wanted", "why"), [(True, "made up for a test"), (False, None)])
def test_a_model_in_whole_numbers_is_tried_where_the_twin_wants_it_and_the_twin_tells_how_it_went(
    library, model, workshop, start_agent, wanted, why
):
    tag_images(library, model, 15)
    agent = start_agent(int8=wanted)

    state = trained(agent, model)

    assert state.phase == "trained"
    agent.close()
    reported = json.loads((workshop.folder / "twin" / "reported.json").read_text())
    told = reported["trainings"][model.id].get("int8")
    assert (told and told["why"]) == why


def test_progress_is_handed_on_as_it_comes(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("0.3")
    seen = [agent.train(model.id)]

    while seen[-1].active:
        seen.append(agent.wait_for_change(model.id, seen[-1].number, PATIENCE_S))

    assert ("running", "Looking at the images", 0.4, 6.0) in [
        (state.phase, state.stage, state.fraction, state.seconds_left) for state in seen
    ]
    assert [state.number for state in seen] == sorted(state.number for state in seen)


@pytest.mark.parametrize(
    ("way", "why"),
    [
        pytest.param("fails", "The images are all alike.", id="says that it failed"),
        pytest.param("crashes", "it ended with code 1", id="crashes"),
        pytest.param("killed", "it was killed", id="killed from outside"),
        pytest.param("ends-at-once", "it ended with code 3", id="does not read its request"),
        pytest.param("babbles", "no message: b'hello'", id="says something that is no message"),
        pytest.param("lies", "there is no package", id="names a package that is not there"),
    ],
)
def test_a_training_that_goes_wrong_leaves_the_old_version_live(library, model, workshop, start_agent, way, why):
    tag_images(library, model, 15)
    good = start_agent()
    good.train(model.id)
    before = ended(good, model.id).version
    good.close()

    agent = start_agent(way)
    agent.train(model.id)
    state = ended(agent, model.id)

    assert state.phase == "failed"
    assert why in state.message
    assert workshop.packages.current(model.id) == before
    agent.close()
    assert workshop.messages()[-1]["event"] == "training failed"


def test_a_training_that_says_nothing_is_ended(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("slow", silence_s=0.5)

    agent.train(model.id)

    assert "said nothing" in ended(agent, model.id).message


def test_a_program_that_is_not_there_is_told(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent(command=("/nowhere/at/all",))

    agent.train(model.id)

    assert "could not be started" in ended(agent, model.id).message


def test_too_few_tags_are_refused_with_what_is_missing(library, model, start_agent):
    tag_images(library, model, 11)
    agent = start_agent()

    with pytest.raises(NotEnoughTags, match="4 more tagged images are needed: 11 of 15"):
        agent.train(model.id)
    assert agent.state(model.id).phase == "none"


def test_a_model_that_is_not_there_is_not_trained(start_agent):
    with pytest.raises(NotFound):
        start_agent().train("gone")


def test_a_second_model_waits_for_the_first(library, model, start_agent):
    other = library.create_model("Other", "detection", ["low stock"], automatic=False)
    tag_images(library, model, 15)
    tag_images(library, other, 15)
    agent = start_agent("0.3")

    agent.train(model.id)
    agent.train(other.id)
    with pytest.raises(Conflict, match="being trained already"):
        agent.train(other.id)

    second = ended(agent, other.id)
    assert second.phase == "trained"
    assert agent.state(model.id).phase == "trained"
    assert agent.state(model.id).number < second.number


def test_the_minimum_starts_an_automatic_model_once(library, workshop, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    agent = start_agent()
    tag_images(library, model, 14)
    agent.tags_changed(model.id, image_done=True)
    agent.wait_for_change(model.id, 0, 0.3)
    assert agent.state(model.id).phase == "none"

    tag_images(library, model, 1, first=14)
    agent.tags_changed(model.id, image_done=True)
    version = ended(agent, model.id).version
    agent.tags_changed(model.id, image_done=True)
    agent.wait_for_change(model.id, agent.state(model.id).number, 0.3)

    assert workshop.packages.versions(model.id) == [version]


def test_without_done_an_automatic_training_waits_until_tagging_rests(library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    agent = start_agent(settle_s=0.4)

    for _ in range(5):
        agent.tags_changed(model.id)
        time.sleep(0.15)
    assert agent.state(model.id).phase == "none"

    assert ended(agent, model.id).phase == "trained"


def test_the_minimum_counts_after_a_restart(library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    before = start_agent(settle_s=60)
    tag_images(library, model, 15)
    before.tags_changed(model.id)
    before.close()

    restarted = start_agent()

    restarted.wait_for_change(model.id, 0, PATIENCE_S)
    assert ended(restarted, model.id).phase == "trained"


def test_a_model_that_does_not_train_by_itself_waits_for_train(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()

    agent.tags_changed(model.id, image_done=True)

    assert agent.wait_for_change(model.id, 0, 0.5) is None


def test_the_last_outcome_is_shown_after_a_restart(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()
    agent.train(model.id)
    before = ended(agent, model.id)
    agent.close()

    after = start_agent().state(model.id)

    assert (after.phase, after.version, after.score) == ("trained", before.version, before.score)
    assert (after.left_out, after.seconds) == (before.left_out, before.seconds)


class SlowLog(TrainingLog):
    """A log on a slow disk."""

    def end(self, state):
        time.sleep(0.2)
        super().end(state)


def test_a_training_that_follows_at_once_leaves_the_one_before_it_as_it_ended(library, model, start_agent, database):
    tag_images(library, model, 15)
    agent = start_agent(trainings=SlowLog(database))

    versions = [trained(agent, model).version for _ in range(2)]
    agent.close()

    assert [state.version for state in agent.scored(model.id)] == versions
    assert start_agent().state(model.id).phase == "trained"


def test_closing_ends_a_training_at_once_and_the_next_start_tells(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("slow")
    agent.train(model.id)
    while agent.state(model.id).fraction == 0:
        agent.wait_for_change(model.id, agent.state(model.id).number, PATIENCE_S)

    before_s = time.monotonic()
    agent.close()

    assert time.monotonic() - before_s < 5
    state = start_agent().state(model.id)
    assert (state.phase, state.message) == ("interrupted", INTERRUPTED)


TRAIN_FOR_EVER = """
import sys, time
from pathlib import Path
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.settings import TrainingSettings
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.training_log import TrainingLog

root = Path(sys.argv[1])
database = Database(root / "library" / "library.sqlite")
library = Library(database, root / "library")
job = (sys.executable, "-m", "tests.trainer_agent.scripted_job", "slow")
agent = Agent(library, TrainingLog(database), PackageStore(root / "models"), LocalHub(root / "twin"), TrainingSettings,
    Standby(job), data=root, zoo=root)
model_id = library.models()[0].id
agent.train(model_id)
while agent.state(model_id).fraction == 0:
    time.sleep(0.02)
print(agent._attempt._job.process, flush=True)
time.sleep(60)
"""


def test_a_kill_of_the_trainer_ends_the_training_and_it_starts_again(library, start_agent, tmp_path):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAIN_FOR_EVER, str(tmp_path)], stdout=subprocess.PIPE, cwd=REPOSITORY
    )
    job = int(trainer.stdout.readline())

    os.kill(trainer.pid, signal.SIGKILL)
    trainer.wait()
    trainer.stdout.close()

    assert gone(job)
    restarted = start_agent()
    restarted.wait_for_change(model.id, 0, PATIENCE_S)
    assert ended(restarted, model.id).phase == "trained"


def test_a_training_that_keeps_taking_the_device_down_is_not_started_for_ever(library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    start_agent("slow").train(model.id)

    for _ in range(2):
        restarted = start_agent("slow")
        assert restarted.wait_for_change(model.id, 0, PATIENCE_S).active

    last = start_agent("slow")
    assert last.wait_for_change(model.id, 0, 0.5) is None
    assert last.state(model.id).phase == "interrupted"
