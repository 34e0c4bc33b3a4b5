import re

import pytest

from modules.trainer_agent.insights.reading import Line, Part
from modules.trainer_agent.web.insight_charts import HEIGHT, WIDTH, chart_of, nice


def line(*parts, kind="number"):
    return Line("count", kind, tuple(parts))


def points(path):
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.03, 0.05), (0.9, 1), (1, 1), (1.2, 2), (3, 5), (5.1, 10), (10, 10), (1234, 2000)]
)
def test_a_scale_ends_at_a_round_number_that_is_not_less(most, top):
    assert nice(most) == pytest.approx(top)


def test_means_lie_level_over_their_parts_between_lowest_and_highest():
    chart = chart_of(line(Part(60, 0, 2.0, 1.0, 4.0), Part(60, 0, 4.0, 4.0, 5.0)), past=2)

    assert chart.ticks == (5, 2.5, 0)
    assert points(chart.line) == [(0, 60), (500, 60), (500, 20), (1000, 20)]
    assert points(chart.area) == [(0, 20), (500, 20), (500, 0), (1000, 0), (1000, 20), (500, 20), (500, 80), (0, 80)]
    assert chart.unknown == ""


def test_what_is_not_known_is_left_open_and_shaded_as_far_as_it_has_passed():
    known = Part(60, 0, 1.0, 1.0, 1.0)

    chart = chart_of(line(known, Part(0), known, Part(0), Part(0)), past=4)

    assert [path.count("M") for path in (chart.line, chart.area, chart.unknown)] == [2, 2, 2]
    assert chart.unknown == "M200.0,0H400.0V100H200.0Z M600.0,0H800.0V100H600.0Z"


def test_the_share_of_a_condition_fills_from_below_up_to_a_hundred_percent():
    chart = chart_of(line(Part(60, 15), Part(60, 60), kind="condition"), past=2)

    assert chart.ticks == (100, 50, 0)
    assert points(chart.line) == [(0, 75), (500, 75), (500, 0), (1000, 0)]
    assert {y for _, y in points(chart.area)[4:]} == {HEIGHT}


def test_numbers_below_nothing_have_room():
    chart = chart_of(line(Part(60, 0, -1.0, -3.0, 2.0)), past=1)

    assert chart.ticks == (5, 0, -5)
    assert all(0 <= y <= HEIGHT and 0 <= x <= WIDTH for x, y in points(chart.area))


def test_shares_are_shown_in_percent():
    assert chart_of(line(Part(60, 0, 0.2, 0.1, 0.3)), past=1, scale=100.0).ticks == (50, 25, 0)


def test_of_nothing_there_is_an_empty_chart():
    chart = chart_of(line(Part(0), Part(0)), past=0)

    assert (chart.line, chart.area, chart.unknown, chart.ticks) == ("", "", "", (1, 0.5, 0))
