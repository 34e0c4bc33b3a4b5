"""Opening hours by a shop's own clock, summer time and nights over midnight included."""

from collections.abc import Callable
from datetime import datetime
from typing import get_args
from zoneinfo import ZoneInfo

from edge_common.skills.fields import Day
from edge_common.skills.steps import ScheduleStep

_YEAR_2200_S = 7_258_118_400.0
"""A device's clock may say anything; what no calendar holds is taken as its first or last day."""


def opening_hours(step: ScheduleStep) -> Callable[[float], bool]:
    """A function that tells of seconds since 1970 whether they are within them, the first minute in, the last out."""
    zone = ZoneInfo(step.time_zone)
    days = frozenset(get_args(Day).index(day) for day in step.days)
    start, end = _minute(step.start), _minute(step.end)

    def is_open(utc_s: float) -> bool:
        local = datetime.fromtimestamp(min(max(utc_s, 0.0), _YEAR_2200_S), zone)
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if start < end:
            return day in days and start <= minute < end
        return (day in days and minute >= start) or ((day - 1) % 7 in days and minute < end)

    return is_open


def _minute(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)
