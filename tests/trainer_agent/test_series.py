import time
from dataclasses import replace

import pytest

from edge_common.errors import CameraError, Conflict, EdgeError, InvalidInput, NotFound
from edge_common.frames import Frame
from modules.trainer_agent.series import MOST_SERIES, SeriesRunner
from modules.trainer_agent.series_plan import SeriesPlan, SeriesTable
from tests.trainer_agent.conftest import noise
from tests.waiting import PATIENCE_S

PLAN = SeriesPlan("till", every_s=1, images=2, minutes=5, only_changed=False)


class Till:
    """A camera that shows the pictures of these seeds in turn, the last one for ever; None: it gives none."""

    def __init__(self, *seeds):
        self.seeds = list(seeds)
        self.asked = 0

    def fresh_frame(self, camera, timeout_s):
        seed = self.seeds[min(self.asked, len(self.seeds) - 1)]
        self.asked += 1
        if seed is None:
            raise CameraError("Till gives no picture: unplugged.")
        return Frame(camera, self.asked, 1_790_000_000_000_000_000 + self.asked, noise(seed))


def ended(runner, model):
    state, deadline_s = runner.state(model.id), time.monotonic() + PATIENCE_S
    while state.phase == "running":
        state = runner.wait_for_change(model.id, state.number, deadline_s - time.monotonic())
        assert state is not None, "the series did not end in time"
    return state


def test_a_series_takes_its_images_and_ends(library, model):
    runner = SeriesRunner(library, Till(1, 2, 3).fresh_frame)

    assert runner.start(model.id, PLAN).phase == "running"
    state = ended(runner, model)

    assert (state.phase, state.taken, state.alike) == ("done", 2, 0)
    images = library.images(model.id, tagged=False, limit=9)
    assert [image.camera for image in images] == ["till", "till"]
    assert state.newest == images[0]


def test_pictures_that_show_nothing_new_are_skipped_and_counted(library, model):
    runner = SeriesRunner(library, Till(1, 1, 2).fresh_frame)

    runner.start(model.id, replace(PLAN, only_changed=True))
    state = ended(runner, model)

    assert (state.taken, state.alike) == (2, 1)


def test_a_picture_that_is_there_already_is_skipped(library, model):
    runner = SeriesRunner(library, Till(1, 1, 2).fresh_frame)

    runner.start(model.id, PLAN)

    assert (ended(runner, model).alike, library.counts(model.id).untagged) == (1, 2)


def test_a_camera_that_is_lost_for_a_while_does_not_end_it(library, model):
    runner = SeriesRunner(library, Till(1, None, 2).fresh_frame)
    first = runner.start(model.id, PLAN)
    seen = []
    while (state := runner.wait_for_change(model.id, first.number, 10)) and state.phase == "running":
        seen.append(state.message)
        first = state

    assert state.taken == 2
    assert "Till gives no picture: unplugged." in seen
    assert state.message == ""


def test_a_stopped_series_keeps_what_it_took_and_another_may_begin(library, model):
    runner = SeriesRunner(library, Till(1, 2, 3, 4).fresh_frame)
    first = runner.start(model.id, replace(PLAN, every_s=60, images=9))
    while runner.state(model.id).taken == 0:
        runner.wait_for_change(model.id, first.number, 5)

    assert runner.stop(model.id).phase == "stopped"
    assert library.counts(model.id).untagged == 1
    assert runner.stop(model.id).taken == 1
    assert runner.start(model.id, PLAN).phase == "running"
    assert ended(runner, model).taken == 2


def test_one_series_a_model_and_a_few_in_all(library, model):
    runner = SeriesRunner(library, Till(1).fresh_frame)
    runner.start(model.id, replace(PLAN, every_s=60, images=9))
    with pytest.raises(Conflict, match="for this model already"):
        runner.start(model.id, PLAN)
    for number in range(MOST_SERIES):
        other = library.create_model(f"Other {number}", "detection", ["gap"], automatic=False)
        if number < MOST_SERIES - 1:
            runner.start(other.id, replace(PLAN, every_s=60, images=9))

    with pytest.raises(Conflict, match="4 series are being taken already"):
        runner.start(other.id, PLAN)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"every_s": 0}, "Every: a whole number from 1 to 3600 expected, got 0"),
        ({"images": 201}, "Images: a whole number from 1 to 200 expected, got 201"),
        ({"camera": ""}, "Choose a camera"),
        ({"minutes": 1441}, "Minutes: a whole number from 1 to 1440 expected, got 1441"),
    ],
)
def test_a_series_without_bounds_or_camera_is_refused(library, model, change, why):
    with pytest.raises(InvalidInput, match=why):
        SeriesRunner(library, Till(1).fresh_frame).start(model.id, replace(PLAN, **change))


def test_a_series_for_no_model_is_refused(library):
    with pytest.raises(NotFound):
        SeriesRunner(library, Till(1).fresh_frame).start("gone", PLAN)


def test_a_disk_that_takes_no_more_ends_it_with_the_reason(library, model):
    class Full(Till):
        def fresh_frame(self, camera, timeout_s):
            raise EdgeError("The picture cannot be stored: No space left on device.")

    runner = SeriesRunner(library, Full().fresh_frame)
    runner.start(model.id, PLAN)
    state = ended(runner, model)

    assert (state.phase, state.message) == ("failed", "The picture cannot be stored: No space left on device.")


def cut(library, model, runner, *, taken):
    """What is kept of a series when the device dies once so many images were taken."""
    state = runner.state(model.id)
    while state.taken < taken:
        state = runner.wait_for_change(model.id, state.number, 10)
    kept = SeriesTable(library.database).running()
    runner.stop(model.id)
    return kept[model.id]


def test_a_series_goes_on_after_a_restart_until_its_count(library, model):
    runner = SeriesRunner(library, Till(1, 2).fresh_frame)
    runner.start(model.id, replace(PLAN, images=4, only_changed=True))
    kept = cut(library, model, runner, taken=2)
    SeriesTable(library.database).keep(model.id, kept)

    again = SeriesRunner(library, Till(3, 4, 5).fresh_frame)
    again.resume()
    assert again.state(model.id).phase == "running"
    assert again.state(model.id).taken >= 2
    state = ended(again, model)

    assert (state.phase, state.taken, state.resumed) == ("done", 4, True)
    assert library.counts(model.id).untagged == 4
    assert SeriesTable(library.database).running() == {}


def test_a_series_whose_time_went_by_while_the_device_was_off_takes_no_more(library, model):
    runner = SeriesRunner(library, Till(1).fresh_frame)
    runner.start(model.id, replace(PLAN, every_s=60, images=9))
    kept = cut(library, model, runner, taken=1)
    SeriesTable(library.database).keep(model.id, replace(kept, ends_ns=time.time_ns() - 1))

    again = SeriesRunner(library, Till(2).fresh_frame)
    again.resume()
    state = ended(again, model)

    assert (state.phase, state.taken, state.message) == ("done", 1, "The time that was set is over.")


@pytest.mark.parametrize("how", ["done", "stopped"])
def test_a_series_that_has_ended_does_not_begin_again(library, model, how):
    runner = SeriesRunner(library, Till(1, 2).fresh_frame)
    runner.start(model.id, PLAN)
    if how == "stopped":
        runner.stop(model.id)
    ended(runner, model)

    again = SeriesRunner(library, Till(3).fresh_frame)
    again.resume()

    assert again.state(model.id).phase == "none"
