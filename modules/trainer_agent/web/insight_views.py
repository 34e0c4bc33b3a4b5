"""What a page of Insights shows of one skill on one camera: each step as a chart and in a table, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge_common.skills.steps import Chain
from modules.trainer_agent.insights.periods import Period, Span, local_time
from modules.trainer_agent.insights.reading import Alert, Line, Part
from modules.trainer_agent.web.insight_charts import Chart, chart_of
from modules.trainer_agent.web.insight_words import is_share, step_called
from modules.trainer_agent.web.language import _, ngettext, number, shown_time
from modules.trainer_agent.web.wording import duration

NOTHING = "\N{EN DASH}"
"""In place of a value that is not known."""
_HOUR_S = 3600


@dataclass(frozen=True)
class Step:
    """A step over a period."""

    title: str
    line: Line
    summary: str
    chart: Chart
    ticks: tuple[str, ...]
    """From the top down."""
    unit: str
    """Of its numbers; empty for how many there are."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of its values in a table."""
        if self.line.kind == "condition":
            return (_("share of the time"),)
        return (_("average"), _("lowest"), _("highest"))

    @property
    def scale(self) -> float:
        return 100.0 if self.unit else 1.0

    def values(self, part: Part) -> tuple[float, ...]:
        """For those columns, in its unit; part: one of which something is known."""
        values = (part.share,) if self.line.kind == "condition" else (part.mean, part.low, part.high)
        return tuple(value * self.scale for value in values)

    def cells(self, part: Part) -> tuple[str, ...]:
        """The same, as the language writes them."""
        if not part.known_s:
            return (NOTHING,) * len(self.columns)
        return tuple(_shown(value, self.unit) for value in self.values(part))


def steps_of(lines: Sequence[Line], chain: Chain | None, past: int) -> tuple[Step, ...]:
    """What is counted comes first. past: parts of the period that have begun."""
    in_order = sorted(lines, key=lambda line: (line.kind == "condition", _place(line, chain)))
    return tuple(_step(line, chain, past) for line in in_order)


def labels(shown: Period) -> Iterator[tuple[float, str]]:
    """What is written below a chart: where, in percent of its width, and what."""
    count = len(shown.parts)
    times = [local_time(begin) for begin, _end in shown.parts]
    for part, when in enumerate(times):
        match shown.span:
            case "day" if when.hour % 6 == 0 and when.minute == 0:
                yield 100 * part / count, f"{when:%H:%M}"
            case "week" if when.hour == 12:
                yield 100 * part / count, shown_time(when, "EEE")
            case "month" if when.day % 7 == 1:
                yield 100 * (part + 0.5) / count, str(when.day)
            case "year" if when.day == 15:
                yield 100 * (part + 0.5) / count, shown_time(when, "LLLLL")


def part_called(span: Span, begin: int) -> str:
    """When a part of a period begins."""
    when = local_time(begin)
    match span:
        case "day":
            return f"{when:%H:%M}"
        case "week":
            return shown_time(when, _("EEE d MMM, HH:mm"))
        case "month" | "year":
            return shown_time(when, _("EEE d MMM"))


def period_called(shown: Period) -> str:
    first = datetime(shown.first.year, shown.first.month, shown.first.day)
    match shown.span:
        case "day":
            return shown_time(first, _("EEE d MMM yyyy"))
        case "week":
            return _("Week from %(day)s", day=shown_time(first, _("d MMM yyyy")))
        case "month":
            return shown_time(first, "LLLL yyyy")
        case "year":
            return str(first.year)


def lasted(seconds: float) -> str:
    """`40 seconds`, `12 minutes`, `2 h 10 min`, `3 days`."""
    minutes = round(seconds / 60)
    if minutes < 90:
        return duration(seconds)
    if minutes >= 2 * 1440:
        return ngettext("%(num)s day", "%(num)s days", round(minutes / 1440))
    return _("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)


def watched_words(lines: Sequence[Line], shown: Period, now: int) -> str:
    """For how much of the time so far something is known."""
    passed_s = (min(shown.end, now) - shown.start) * 60
    known_s = max((line.whole.known_s for line in lines), default=0)
    share = min(1.0, known_s / passed_s) if passed_s > 0 else 0.0
    return _("Watched for %(share)s of this time (%(time)s).", share=_shown(share * 100, "%"), time=lasted(known_s))


def numbers_called(alert: Alert, chain: Chain | None) -> list[str]:
    """What steps gave when an alert was raised."""
    return [
        f"{step_called(chain, step)}: {_shown(value * (100 if share else 1), '%' if share else '')}"
        for step, value in alert.numbers.items()
        for share in [is_share(chain, step)]
    ]


def _step(line: Line, chain: Chain | None, past: int) -> Step:
    unit = "%" if line.kind == "condition" or is_share(chain, line.step) else ""
    chart = chart_of(line, past, 100.0 if unit else 1.0)
    ticks = tuple(_shown(tick, unit) for tick in chart.ticks)
    return Step(step_called(chain, line.step), line, _summary(line, unit), chart, ticks, unit)


def _summary(line: Line, unit: str) -> str:
    whole = line.whole
    if line.kind == "condition":
        share, time = _shown(whole.share * 100, "%"), lasted(whole.true_s)
        return _("So for %(share)s of the time (%(time)s).", share=share, time=time) if whole.true_s else _("Never so.")
    mean, low, high = (_shown(value * (100 if unit else 1), unit) for value in (whole.mean, whole.low, whole.high))
    return _("%(mean)s on average, from %(low)s to %(high)s.", mean=mean, low=low, high=high)


def _shown(value: float, unit: str) -> str:
    digits = "#,##0.#" if abs(value) >= 1 or unit else "#,##0.##"
    return f"{number(value, digits)} {unit}".rstrip()


def _place(line: Line, chain: Chain | None) -> int:
    """As the skill has them; those that it has no more come last."""
    order = [step.id for step in chain.steps] if chain else []
    return order.index(line.step) if line.step in order else len(order)
