import time
from datetime import date

import pytest

from modules.trainer_agent.insights.periods import local_time, period
from modules.trainer_agent.insights.tables import hour_of


@pytest.fixture(params=["Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "UTC"])
def zone(request, monkeypatch):
    """The device's time zone."""
    set_zone(monkeypatch, request.param)
    yield request.param
    monkeypatch.undo()
    time.tzset()


def set_zone(monkeypatch, name):
    monkeypatch.setenv("TZ", name)
    time.tzset()


@pytest.mark.parametrize(("span", "first"), [("day", 26), ("week", 23), ("month", 1), ("year", 1)])
def test_a_period_begins_and_ends_at_midnight_by_the_device_and_has_no_gap(zone, span, first):
    found = period(span, date(2026, 11, 26))

    assert (found.first.day, local_time(found.start).hour, local_time(found.end).hour) == (first, 0, 0)
    assert [begin for begin, _ in found.parts][1:] == [end for _, end in found.parts][:-1]
    assert period(span, found.next).start == found.end
    assert period(span, found.previous).end == found.start


@pytest.mark.parametrize(
    ("span", "fine", "parts"), [("day", True, 96), ("day", False, 24), ("week", False, 168), ("month", False, 30)]
)
def test_a_period_is_cut_into_parts_that_a_chart_can_show(zone, span, fine, parts):
    assert len(period(span, date(2026, 11, 26), fine=fine).parts) == parts


def test_a_year_has_its_days(zone):
    assert [len(period("year", date(year, 5, 5)).parts) for year in (2026, 2028)] == [365, 366]


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)]
)
def test_a_day_on_which_the_clock_is_changed_is_shorter_or_longer(monkeypatch, day, hours):
    set_zone(monkeypatch, "Europe/Berlin")

    found = period("day", day)

    monkeypatch.undo()
    time.tzset()
    assert len(found.parts) == hours
    assert found.end - found.start == hours * 60


def test_an_hour_begins_when_the_clock_on_the_wall_says_so(zone):
    noon = period("day", date(2026, 11, 26)).start + 12 * 60

    assert {hour_of(minute) for minute in range(noon, noon + 60)} == {noon}
    assert hour_of(noon - 1) == noon - 60
