import sys
import time

import pytest

from edge_common.errors import Conflict, NotFound
from edge_common.geometry import Box
from modules.trainer_agent.attempt import Attempt
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.training_log import CANCELLED
from modules.trainer_agent.training_messages import Trained
from tests.trainer_agent.conftest import add_image, box_id, ended, gone, tag_images, trained
from tests.waiting import PATIENCE_S

TRAINED = '{"trained": {"version": "v1", "score": null, "images": 1, "boxes": 1, "left_out": {}, "seconds": 1}}'


def working(agent, model, fraction=0.4):
    """The state once the training has got so far."""
    state = agent.train(model.id)
    while state.fraction < fraction:
        state = agent.wait_for_change(model.id, state.number, PATIENCE_S)
    return state


def check_images(library, model, first):
    """Tag as many images that were kept to be checked as start a training by themselves."""
    for seed in range(first, first + 10):
        image = add_image(library, model, seed)
        library.checks.add(image.id, "unsure", version=None, seen=(), kept_ns=time.time_ns())
        library.put_box(image.id, box_id(image.id), model.tags[0].id, Box(0.1, 0.2, 0.5, 0.6))


def test_a_cancelled_training_leaves_the_model_as_it_was(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    before = trained(good := start_agent(), model).version
    good.close()
    agent = start_agent("halfway")
    state = working(agent, model, 0.5)
    assert len(workshop.packages.versions(model.id)) == 2

    began_s = time.monotonic()
    agent.cancel(model.id)
    state = ended(agent, model.id)

    assert time.monotonic() - began_s < 5
    assert (state.phase, state.message, state.version) == ("cancelled", CANCELLED, None)
    assert workshop.packages.versions(model.id) == [before]
    assert workshop.packages.current(model.id) == before
    agent.close()
    assert not list(workshop.folder.rglob("*.part"))
    assert workshop.messages()[-1]["event"] == "training cancelled"


def test_cancelling_ends_the_helpers_of_a_training_at_once(library, model, start_agent):
    tag_images(library, model, 15)
    agent = start_agent("halfway")
    state = working(agent, model, 0.5)

    agent.cancel(model.id)

    assert all(gone(int(pid)) for pid in state.stage.split())


def test_one_that_waits_is_cancelled_and_the_one_before_it_goes_on(library, model, start_agent):
    other = library.create_model("Other", "detection", ["low stock"], automatic=False)
    tag_images(library, model, 15)
    tag_images(library, other, 15)
    agent = start_agent("0.5")
    working(agent, model)
    agent.train(other.id)

    assert agent.cancel(other.id).phase == "cancelled"

    assert ended(agent, model.id).phase == "trained"
    assert agent.state(other.id).phase == "cancelled"


def test_after_its_end_it_is_too_late_to_cancel(library, model, workshop, start_agent):
    tag_images(library, model, 15)
    agent = start_agent()
    version = trained(agent, model).version

    with pytest.raises(Conflict, match="too late to cancel"):
        agent.cancel(model.id)

    assert workshop.packages.current(model.id) == version
    assert agent.state(model.id).phase == "trained"


def test_an_unknown_model_has_nothing_to_cancel(start_agent):
    with pytest.raises(NotFound):
        start_agent().cancel("gone")


@pytest.mark.parametrize("cancelled", [False, True])
def test_between_its_last_word_and_the_decision_a_training_can_be_cancelled(cancelled):
    attempt = Attempt("shelf")
    jobs = Standby((sys.executable, "-c", f"print('{TRAINED}')"))
    outcome = attempt.run(jobs.take, b"", lambda progress: None)
    assert isinstance(outcome, Trained)

    if cancelled:
        assert attempt.cancel()

    assert attempt.decide() is not cancelled
    assert attempt.cancel() is cancelled


def test_one_cancelled_before_its_process_starts_never_starts():
    attempt = Attempt("shelf")
    attempt.cancel()

    with pytest.raises(Conflict, match="cancelled"):
        attempt.run(Standby(("/nowhere",)).take, b"", lambda progress: None)


def test_a_cancelled_training_does_not_start_by_itself_again(library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    agent = start_agent("slow")
    working(agent, model)

    check_images(library, model, first=15)
    agent.cancel(model.id)
    number = ended(agent, model.id).number
    agent.tags_changed(model.id, image_done=True)

    assert agent.wait_for_change(model.id, number, 0.5) is None
    agent.close()
    restarted = start_agent()
    assert restarted.wait_for_change(model.id, restarted.state(model.id).number, 0.5) is None


def test_what_is_checked_after_a_cancelled_training_starts_the_next(library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    tag_images(library, model, 15)
    agent = start_agent("slow")
    working(agent, model)
    agent.cancel(model.id)
    number = ended(agent, model.id).number
    time.sleep(1)  # times of trainings and checks are kept to the second

    check_images(library, model, first=15)
    agent.tags_changed(model.id, image_done=True)

    assert agent.wait_for_change(model.id, number, PATIENCE_S).active
