"""What Insights show in pictures of the pages: a skill with a year of numbers and some alerts, one of them still so."""

import math
import random
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from edge_common.images import Pixels, encode_jpeg
from edge_common.own_skills import PLACE as SKILLS_PLACE
from edge_common.own_skills import OwnSkills
from edge_common.skills.document import parse_skill
from edge_common.skills.told import SkillEvent
from modules.trainer_agent.insights.kept_file import PLACE, open_insights
from modules.trainer_agent.insights.periods import local_time
from modules.trainer_agent.insights.tables import MINUTES_LAST_DAYS, add_alerts, add_minutes, hour_of, roll_up
from modules.trainer_agent.insights.tally import PARTS, Cells, Series, Sums

SKILL, CAMERA = "low-stock", "aisle-4"
_DAY = 1440
_WANTED = 4
_MOST = 12
_ALERT_DAYS = 9


def fill_insights(data: Path, model: str, label: str, draw: Callable[[float], Pixels], now_s: float) -> None:
    """A year up to now: goods are sold during the day and put back in the evening."""
    own = OwnSkills(data / SKILLS_PLACE)
    own.put(SKILL, parse_skill(_document(model, label)))
    chance, now = random.Random(4), int(now_s // 60)
    by_minutes = hour_of(now - MINUTES_LAST_DAYS * _DAY)
    times = [(minute, 3600) for minute in range(hour_of(now - 364 * _DAY), by_minutes, 60)]
    times += [(minute, 60) for minute in range(by_minutes, now)]
    cells: Cells = {}
    for minute, seconds in times:
        cells |= _stood(minute, seconds, chance)
    with closing(open_insights(data / PLACE)) as database, database.writing() as rows:
        add_minutes(rows, cells)
        roll_up(rows, now)
        rows.execute("DELETE FROM minutes WHERE start < ?", (by_minutes,))
        add_alerts(rows, (_alert(data, number, now_s, draw) for number in range(_ALERT_DAYS)))


def _document(model: str, label: str) -> dict[str, object]:
    return {
        "name": "Low stock, aisle 4",
        "cameras": [CAMERA],
        "zones": {"upper-shelf": {CAMERA: [[0.0, 0.0], [1.0, 0.0], [1.0, 0.5], [0.0, 0.5]]}},
        "steps": [
            {"id": "seen", "do": "model", "model": model},
            {"id": "gaps", "do": "keep", "of": "seen", "tags": [label], "zone": "upper-shelf"},
            {"id": "count", "do": "count", "of": "gaps"},
            {"id": "covered", "do": "covered", "of": "gaps", "zone": "upper-shelf"},
            {"id": "many", "do": "compare", "of": "count", "how": "more", "than": _WANTED},
            {"id": "low", "do": "hold", "of": "many", "for_s": 300},
        ],
        "actions": [{"do": "event", "when": "low"}, {"do": "picture", "when": "low"}],
    }


def _stood(minute: int, seconds: int, chance: random.Random) -> Cells:
    """How the steps stood: nobody looks in the small hours."""
    when = local_time(minute)
    hour = when.hour + when.minute / 60
    if hour < 5:
        return {}
    busy = 1.0 + 0.3 * math.sin(when.timetuple().tm_yday / 58) + 0.2 * (when.weekday() >= 4)
    gaps = max(0.0, min(_MOST, busy * 7 * max(0.0, math.sin((hour - 6) / 14 * math.pi)) + chance.uniform(-1, 1)))
    low, high = int(gaps * 0.7), math.ceil(gaps * 1.2)
    share = gaps / _MOST * 0.4
    true = seconds if gaps > _WANTED + 1 else 0
    numbers = {"count": (gaps, low, high), "covered": (share, share * 0.8, share * 1.1)}
    found = {
        (minute, Series(SKILL, CAMERA, step, "number")): Sums(
            seconds, 0, int(mean * PARTS) * seconds, int(least * PARTS), int(most * PARTS)
        )
        for step, (mean, least, most) in numbers.items()
    }
    conditions = {(minute, Series(SKILL, CAMERA, step, "condition")): Sums(seconds, true) for step in ("many", "low")}
    return found | conditions


def _alert(data: Path, number: int, now_s: float, draw: Callable[[float], Pixels]) -> SkillEvent:
    """The newest is still so; of the oldest the picture has gone."""
    raised_s = now_s - 900 - number * 5_400
    name = f"{SKILL}-{number}.jpg"
    if number < _ALERT_DAYS - 2:
        folder = data / "skills" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode_jpeg(draw(number * 41.0), 80))
    return SkillEvent(
        id=f"{SKILL}.{CAMERA}.low.{number}",
        skill=SKILL,
        name="Low stock, aisle 4",
        camera=CAMERA,
        step="low",
        phase="raised" if number == 0 else "cleared",
        time=datetime.fromtimestamp(raised_s + 1500 + 400 * number, UTC).isoformat(),
        since=datetime.fromtimestamp(raised_s, UTC).isoformat(),
        text="Many gaps on the upper shelf",
        severity="critical" if number == 3 else "warning",
        numbers={"count": 6.0 + number % 3, "covered": 0.24},
        frame_id=f"{CAMERA}-{number}",
        picture=name,
    )
