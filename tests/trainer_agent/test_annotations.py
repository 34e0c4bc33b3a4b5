import re

import pytest

from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from edge_common.settings import TrainingSettings
from modules.trainer_agent.annotations import (
    Counts,
    Tag,
    checked_box,
    checked_model_name,
    checked_tag_name,
    missing_for_training,
    parse_objects,
    slug,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("low stock, full", ("low stock", "full"), id="words"),
        pytest.param('"low stock", "full"', ("low stock", "full"), id="quotes"),
        pytest.param('"milk, fresh", full', ("milk, fresh", "full"), id="comma in quotes"),
        pytest.param("\u201clow stock\u201d, \u201cfull\u201d", ("low stock", "full"), id="curly quotes of a phone"),
        pytest.param(" gap ,, gap, GAP,", ("gap",), id="blanks and repeats"),
        pytest.param("Regal l\u00fcckig", ("Regal l\u00fcckig",), id="umlaut"),
        pytest.param("  ", (), id="nothing"),
    ],
)
def test_objects_are_read_as_staff_type_them(text, names):
    assert parse_objects(text) == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param('"low stock', "separated by commas", id="quote not closed"),
        pytest.param('"low" stock', "separated by commas", id="words after a quote"),
        pytest.param("x" * 41, "at most 40 characters", id="too long"),
        pytest.param("low\nstock", "U\\+000A", id="two lines"),
        pytest.param("low\x07", "U\\+0007", id="control sign"),
    ],
)
def test_objects_that_cannot_be_tags_are_refused(text, why):
    with pytest.raises(InvalidInput, match=why):
        parse_objects(text)


@pytest.mark.parametrize(
    ("check", "name", "why"),
    [
        pytest.param(checked_model_name, " ", "a name is needed", id="blank model"),
        pytest.param(checked_model_name, "m" * 65, "at most 64", id="long model"),
        pytest.param(checked_tag_name, "", "a name is needed", id="blank tag"),
        pytest.param(checked_tag_name, "a\u2028b", "U\\+2028", id="line separator"),
    ],
)
def test_names_that_cannot_be_shown_are_refused(check, name, why):
    with pytest.raises(InvalidInput, match=why):
        check(name)


@pytest.mark.parametrize("name", ["Low stock", "Étagère 4", "棚", "../../etc", "-", "x" * 200])
def test_a_slug_fits_a_package_name(name):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", slug(name))


def test_a_box_that_reaches_out_of_the_picture_is_clipped():
    assert checked_box(Box(-0.5, 0.5, 0.5, 1.5), 100, 100) == Box(0, 0.5, 0.5, 1)


def test_a_box_too_small_to_see_is_refused_with_its_size():
    with pytest.raises(InvalidInput, match=r"3 x 50 px"):
        checked_box(Box(0.1, 0.1, 0.13, 0.6), 100, 100)


TAGS = (Tag(1, "gap"), Tag(2, "full"))


@pytest.mark.parametrize(
    ("kind", "tags", "counts", "sentences"),
    [
        pytest.param("detection", TAGS, Counts(15, 0, {1: 5, 2: 10}), (), id="ready"),
        pytest.param(
            "detection",
            TAGS,
            Counts(11, 2, {1: 2, 2: 9}),
            ("4 more tagged images are needed: 11 of 15.", "'gap' is in 2 images; 5 are needed."),
            id="too few of both",
        ),
        pytest.param(
            "detection",
            TAGS[:1],
            Counts(14, 0, {1: 1}),
            ("1 more tagged image is needed: 14 of 15.", "'gap' is in 1 image; 5 are needed."),
            id="one of each",
        ),
        pytest.param(
            "classification",
            TAGS[:1],
            Counts(15, 0, {1: 15}),
            ("Classification needs at least 2 tags; there is 1.",),
            id="nothing to tell apart",
        ),
    ],
)
def test_what_is_missing_is_said_in_sentences(kind, tags, counts, sentences):
    assert missing_for_training(kind, tags, counts, TrainingSettings()) == sentences
