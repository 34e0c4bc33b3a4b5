"""A skill that looked for an hour and a half yesterday, and its alerts."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from edge_common.own_skills import PLACE as SKILLS_PLACE
from edge_common.own_skills import OwnSkills
from edge_common.skill_feed import PICTURES_PLACE
from edge_common.skills.document import parse_skill
from modules.trainer_agent.insights.kept_file import PLACE, open_insights
from modules.trainer_agent.insights.tables import add_alerts, add_minutes, roll_up
from modules.trainer_agent.insights.tally import Series, Sums
from tests.trainer_agent.insights.told import event

LOW_STOCK = {
    "name": "Low stock, dairy",
    "cameras": ["aisle-4"],
    "zones": {"shelf-3": {"aisle-4": [[0, 0], [1, 0], [1, 1]]}},
    "steps": [
        {"id": "seen", "do": "model", "model": "shelf"},
        {"id": "milk", "do": "keep", "of": "seen", "tags": ["milk"], "zone": "shelf-3"},
        {"id": "count", "do": "count", "of": "milk"},
        {"id": "few", "do": "compare", "of": "count", "how": "fewer", "than": 3},
        {"id": "low", "do": "hold", "of": "few", "for_s": 300},
    ],
    "actions": [{"do": "event", "when": "low"}],
}
OF = ("low-stock", "aisle-4")
TODAY = date.today()
YESTERDAY = TODAY - timedelta(days=1)
JPEG = b"\xff\xd8\xff\xe0 a picture"


def make_skill(data):
    """As the page does."""
    OwnSkills(data / SKILLS_PLACE).put("low-stock", parse_skill(LOW_STOCK))


def at(day, hour):
    """The minute since 1970 at which an hour of a day began."""
    return int(datetime(day.year, day.month, day.day, hour).timestamp() // 60)


def count_yesterday(data):
    """Yesterday, from six to eight, 60 and then 30 minutes of each hour were watched; an alert of each kind."""
    cells = {}
    for minute in [*range(at(YESTERDAY, 6), at(YESTERDAY, 7)), *range(at(YESTERDAY, 7), at(YESTERDAY, 7) + 30)]:
        few = minute >= at(YESTERDAY, 7)
        cells[minute, Series(*OF, "count", "number")] = Sums(60, 0, (2 if few else 4) * 60_000, 1000, 6000)
        cells[minute, Series(*OF, "low", "condition")] = Sums(60, 30 if few else 0)
    with closing(open_insights(data / PLACE)) as database, database.writing() as rows:
        add_minutes(rows, cells)
        roll_up(rows, at(YESTERDAY, 8))
        add_alerts(
            rows, [alert_of(1, 7, 12.0, picture="low-stock.low.1.jpg"), alert_of(2, 8, None, picture="gone.jpg")]
        )
    (data / PICTURES_PLACE).mkdir(parents=True)
    (data / PICTURES_PLACE / "low-stock.low.1.jpg").write_bytes(JPEG)


def alert_of(number, hour, minutes, **values):
    """An alert of yesterday that lasted so many minutes; None: it is still so."""
    raised = datetime.fromtimestamp(at(YESTERDAY, hour) * 60, UTC)
    over = raised + timedelta(minutes=minutes or 0)
    told_of = event(number, "raised" if minutes is None else "cleared", 0)
    return told_of.model_copy(update={"since": raised.isoformat(), "time": over.isoformat(), **values})
