import itertools

import pytest

from edge_common.desired_section import DesiredSection


def section_at(version: int, **values: object) -> DesiredSection:
    section = DesiredSection()
    section.full({**values, "$version": version})
    return section


def test_a_full_twin_is_taken_without_its_own_keys() -> None:
    section = section_at(5, a=1)

    assert (section.version, section.values, section.doubtful()) == (5, {"a": 1}, False)


def test_a_patch_is_laid_over_and_null_deletes() -> None:
    section = section_at(5, a={"b": 1, "c": 2}, d=3)

    section.patch({"a": {"b": None}, "d": None, "$version": 6})

    assert (section.version, section.values) == (6, {"a": {"c": 2}})


@pytest.mark.parametrize("order", list(itertools.permutations([2, 3, 4])), ids=str)
def test_patches_in_any_order_come_to_the_same(order: tuple[int, ...]) -> None:
    section = section_at(1)

    for version in order:
        section.patch({"value": version, "$version": version})

    assert (section.version, section.values, section.doubtful()) == (4, {"value": 4}, False)


def test_a_gap_is_doubtful_until_it_is_filled() -> None:
    section = section_at(1)

    section.patch({"a": 1, "$version": 3})

    assert section.doubtful()
    assert section.values == {}
    section.patch({"b": 1, "$version": 2})
    assert not section.doubtful()
    assert section.values == {"a": 1, "b": 1}


def test_a_full_twin_overtakes_patches_that_it_holds_and_keeps_later_ones() -> None:
    section = section_at(1)
    section.patch({"a": 1, "$version": 3})
    section.patch({"b": 1, "$version": 6})

    section.full({"c": 1, "$version": 5})

    assert (section.version, section.values, section.doubtful()) == (6, {"b": 1, "c": 1}, False)


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"a": 1, "$version": 5}, id="the same version again"),
        pytest.param({"a": 1, "$version": 2}, id="back in version"),
        pytest.param({"a": 1}, id="no version"),
        pytest.param({"a": 1, "$version": True}, id="no number"),
        pytest.param(None, id="no object"),
        pytest.param([1], id="a list"),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing_and_asks_for_the_twin(patch: object) -> None:
    section = section_at(5)

    section.patch(patch)

    assert (section.values, section.doubtful()) == ({}, True)


def test_a_section_that_starts_anew_is_taken_from_the_twin() -> None:
    section = section_at(57, a=1)
    section.patch({"b": 1, "$version": 2})

    section.full({"b": 1, "$version": 2})

    assert (section.version, section.values, section.doubtful()) == (2, {"b": 1}, False)
