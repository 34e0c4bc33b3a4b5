from edge_common.scores import Score
from modules.trainer_agent.training_log import TrainingState
from modules.trainer_agent.web.curve import HEIGHT, WIDTH, curve


def training(images, value, *, interval=None, kept_back=""):
    score = Score(name="ap50", value=value, interval=interval, per_label={}, protocol="made up for a test")
    return TrainingState("gaps", phase="trained", score=score, images=images, kept_back=kept_back)


def test_a_training_is_a_point_by_its_images_and_its_score():
    first, last = curve([training(15, 0.5, interval=(0.25, 0.75)), training(30, 1.0, interval=(0.75, 1.0))])

    assert (first.x, first.y, first.images, first.value) == (WIDTH / 2, HEIGHT / 2, 15, 0.5)
    assert (first.low, first.high) == (HEIGHT * 0.75, HEIGHT * 0.25)
    assert (last.x, last.y, last.high) == (WIDTH, 0, 0)


def test_points_come_in_order_of_images_and_of_as_many_the_newest_counts():
    points = curve([training(20, 0.6), training(15, 0.4), training(20, 0.7), training(15, 0.5)])

    assert [(point.images, point.value) for point in points] == [(15, 0.5), (20, 0.7)]


def test_a_score_of_an_older_program_has_no_interval_to_be_drawn():
    first, _ = curve([training(15, 0.5), training(20, 0.6)])

    assert first.low == first.high == first.y


def test_a_candidate_is_told_apart():
    points = curve([training(15, 0.5), training(20, 0.4, kept_back="The version in use does better.")])

    assert [point.kept_back for point in points] == [False, True]


def test_one_point_is_no_curve():
    assert curve([]) == ()
    assert curve([training(15, 0.5), training(15, 0.6)]) == ()
    assert curve([training(15, 0.5), TrainingState("gaps", phase="failed", images=0)]) == ()
