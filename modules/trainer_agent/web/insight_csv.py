"""What a page of Insights shows as comma-separated values (RFC 4180), with times in UTC and by the device's clock."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from edge_common.skills.steps import Chain
from modules.trainer_agent.insights.periods import Period
from modules.trainer_agent.insights.reading import Alert
from modules.trainer_agent.web.insight_views import Step
from modules.trainer_agent.web.insight_words import step_called
from modules.trainer_agent.web.language import _

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def numbers_csv(shown: Period, steps: Sequence[Step], past: int) -> str:
    """One row for each part of the period that has begun, also of those of which nothing is known."""
    header = [_("begin (UTC)"), _("begin (local time)"), _("end (UTC)"), _("end (local time)")]
    for step in steps:
        unit = step.unit or _("count")
        header += [_safe(f"{step.title}: {column} ({unit})") for column in step.columns]
        header.append(_safe(f"{step.title}: {_('known (s)')}"))
    return _written(header, _rows_of(shown, steps, past))


def alerts_csv(alerts: Iterable[Alert], chain: Chain | None) -> str:
    """One row for each, newest first."""
    header = [_("begin (UTC)"), _("begin (local time)"), _("end (UTC)"), _("end (local time)"), _("duration (s)")]
    header += [_("text"), _("severity"), _("condition"), _("picture"), _("id")]
    return _written(header, (_alert_row(alert, chain) for alert in alerts))


def _rows_of(shown: Period, steps: Sequence[Step], past: int) -> Iterator[list[str]]:
    for number, (begin, end) in enumerate(shown.parts[:past]):
        row = [*_times(begin * 60), *_times(end * 60)]
        for step in steps:
            part = step.line.parts[number]
            values = [f"{value:.4g}" for value in step.values(part)] if part.known_s else [""] * len(step.columns)
            row += [*values, str(part.known_s)]
        yield row


def _alert_row(alert: Alert, chain: Chain | None) -> list[str]:
    ended = ["", "", ""]
    if alert.cleared_s is not None:
        ended = [*_times(alert.cleared_s), f"{alert.cleared_s - alert.raised_s:.0f}"]
    texts = [alert.text or alert.name, alert.severity, step_called(chain, alert.step), alert.picture, alert.id]
    return [*_times(alert.raised_s), *ended, *map(_safe, texts)]


def _times(utc_s: float) -> tuple[str, str]:
    """In UTC, and by the device's clock with its offset: RFC 3339, to the second."""
    utc = datetime.fromtimestamp(int(utc_s), UTC)
    return utc.isoformat(), utc.astimezone().isoformat()


def _safe(text: str) -> str:
    """What others wrote is no formula to the program that opens the file."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def _written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(header)
    writer.writerows(rows)
    # By the mark at its beginning spreadsheets take it for what it is, with umlauts.
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + made.getvalue()
