import pytest

from edge_common.scores import Doubt, Score, WrongImage
from modules.trainer_agent.annotations import Counts, LibraryImage, Tag
from modules.trainer_agent.web.advice import BETTER_PER_TAG, advise, digests_in, wrong_shown
from tests.edge_common.test_packages import manifest

GAP, FULL = Tag(1, "gap"), Tag(2, "full")


def counts(gap, full):
    return Counts(gap + full, 0, {1: gap, 2: full})


def image(digest):
    return LibraryImage(7, "shelf", digest, f"{digest}.jpg", 160, 120, "upload", None, 1, None, True)


def doubt(kind, tag, seen, digest="a"):
    return Doubt(digest=digest, kind=kind, tag=tag, seen=seen, box=None, loss=1)


def score(wrong=(), **per_label):
    return Score(name="ap50", value=0.9, per_label=per_label, wrong=wrong, protocol="made up for a test")


def trained(**changes):
    """A model that is good at both tags."""
    return manifest(**({"score": score(gap=0.95, full=0.9)} | changes))


ENOUGH = counts(BETTER_PER_TAG, BETTER_PER_TAG)


def test_where_nothing_would_help_nothing_is_advised():
    assert advise([GAP, FULL], ENOUGH, trained(), {}) == ()


@pytest.mark.parametrize(
    ("per_tag", "scores", "tag", "why"),
    [
        pytest.param(counts(15, 6), {"gap": 0.9, "full": 0.9}, "full", "6 tagged images. 15 are better", id="few"),
        pytest.param(counts(15, 1), {"gap": 0.9, "full": 0.9}, "full", "1 tagged image. 15 are", id="one"),
        pytest.param(counts(20, 15), {"gap": 0.5, "full": 0.9}, "gap", "20 tagged images. It is found less", id="weak"),
        pytest.param(counts(10, 5), {"gap": 0.3, "full": 0.9}, "gap", "10 tagged images", id="weak before few"),
        pytest.param(counts(9, 5), {"gap": 0.61, "full": 0.64}, "full", "5 tagged", id="fewer of two as weak"),
        pytest.param(counts(20, 0), {"gap": 0.9}, "full", "0 tagged images. 15 are", id="a tag that is new"),
    ],
)
def test_more_images_are_advised_of_the_tag_that_needs_them_most(per_tag, scores, tag, why):
    (advice,) = advise([GAP, FULL], per_tag, trained(score=score(**scores)), {})

    assert advice.title == f"More images of '{tag}'"
    assert why in advice.text
    assert advice.shown == ()


def test_a_version_without_a_score_is_advised_by_the_number_of_images_alone():
    (advice,) = advise([GAP, FULL], counts(15, 3), trained(score=None), {})

    assert advice.title == "More images of 'full'"


@pytest.mark.parametrize(
    ("doubted", "words"),
    [
        pytest.param(doubt("other tag", "gap", "full"), "'gap', or 'full'?", id="another tag"),
        pytest.param(doubt("not seen", "gap", None), "'gap' not seen", id="not seen"),
        pytest.param(doubt("not tagged", None, "full"), "'full' forgotten?", id="forgotten"),
    ],
)
def test_a_doubt_is_a_question_beside_its_image(doubted, words):
    (advice,) = advise([GAP, FULL], ENOUGH, trained(doubts=(doubted,)), {"a": image("a")})

    assert advice.title == "A second look at some tags"
    assert [(one.image.digest, one.caption) for one in advice.shown] == [("a", words)]


def test_images_that_add_nothing_are_counted_and_shown():
    alike = (("b", "a"), ("c", "a"))

    (advice,) = advise([GAP, FULL], ENOUGH, trained(alike=alike), {name: image(name) for name in "abc"})

    assert advice.title == "2 images of the same"
    assert [(one.image.digest, one.caption) for one in advice.shown] == [
        ("b", "like another"),
        ("c", "like another"),
    ]


def test_images_that_were_deleted_since_are_advised_about_no_more():
    found = trained(alike=(("b", "a"),), doubts=(doubt("not seen", "gap", None),))

    assert advise([GAP, FULL], ENOUGH, found, {}) == ()


def test_what_helps_most_comes_first():
    found = trained(alike=(("b", "a"),), doubts=(doubt("not seen", "gap", None),))

    advices = advise([GAP, FULL], counts(15, 3), found, {name: image(name) for name in "ab"})

    assert [advice.title for advice in advices] == [
        "More images of 'full'",
        "A second look at some tags",
        "1 image of the same",
    ]


@pytest.mark.parametrize(
    ("kind", "missed", "false", "words"),
    [
        pytest.param("detection", 2, 0, "2 missed", id="missed"),
        pytest.param("detection", 0, 1, "1 false alarm", id="a false alarm"),
        pytest.param("detection", 1, 3, "1 missed, 3 false alarms", id="both"),
        pytest.param("classification", 1, 1, "named otherwise", id="another name"),
        pytest.param("classification", 1, 0, "not recognised", id="no name"),
    ],
)
def test_what_was_wrong_in_an_image_is_said_beside_it(kind, missed, false, words):
    wrong = (WrongImage(digest="a", missed=missed, false=false), WrongImage(digest="deleted", missed=1, false=0))
    found = trained(kind=kind, score=score(wrong))

    assert [(one.image.digest, one.caption) for one in wrong_shown(found, {"a": image("a")})] == [("a", words)]


def test_a_version_without_a_score_was_nowhere_wrong():
    assert wrong_shown(trained(score=None), {"a": image("a")}) == ()
    assert digests_in(trained(score=None)) == set()


def test_the_images_that_are_spoken_of_are_those_shown():
    wrong = (WrongImage(digest="a", missed=1, false=0),)
    found = trained(score=score(wrong), doubts=(doubt("not seen", "gap", None, "b"),), alike=(("c", "d"),))

    assert digests_in(found) == {"a", "b", "c"}
