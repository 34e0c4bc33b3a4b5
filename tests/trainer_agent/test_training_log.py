import pytest

from edge_common.scores import Score
from modules.trainer_agent.training_log import TrainingLog, TrainingState

STARTED, ENDED = "2026-03-05T07:00:00+00:00", "2026-03-05T07:01:00+00:00"


@pytest.fixture
def log(database):
    return TrainingLog(database)


def score(value):
    return Score(name="ap50", value=value, per_label={"gap": value}, protocol="made up for a test")


def end(log, model_id, *, value, images, **changes):
    log.begin(model_id, STARTED)
    state = TrainingState(
        model_id,
        phase="failed" if value is None else "trained",
        started=STARTED,
        ended=ENDED,
        score=None if value is None else score(value),
        images=images,
        **changes,
    )
    log.end(state)
    return state


def test_trainings_that_gave_a_score_come_oldest_first(log, model):
    first = end(log, model.id, value=0.6, images=15, version="1", boxes=20, left_out={"a.jpg": "damaged"}, seconds=9.5)
    end(log, model.id, value=None, images=0, message="The images are all alike.")
    second = end(log, model.id, value=0.5, images=20, version="2", kept_back="The version in use does better.")
    log.begin(model.id, STARTED)

    assert log.scored(model.id) == (first, second)


def test_trainings_of_other_models_are_not_among_them(library, log, model):
    other = library.create_model("Other", "detection", ["gap"], automatic=False)
    end(log, other.id, value=0.6, images=15)

    assert log.scored(model.id) == ()


def test_of_very_many_the_newest_hundred_are_shown(log, model):
    for images in range(103):
        end(log, model.id, value=0.5, images=images)

    assert [state.images for state in log.scored(model.id)] == list(range(3, 103))
