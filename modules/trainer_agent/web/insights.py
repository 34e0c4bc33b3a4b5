"""Insights: what skills counted and when they raised an alert, as charts, a table, pictures and files to download."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from flask import Blueprint, Response, render_template, request, send_file

from edge_common.errors import InvalidInput, NotFound
from edge_common.sentences import sentence
from edge_common.skill_feed import PICTURES_PLACE
from edge_common.skills.document import Skill
from modules.trainer_agent.annotations import slug
from modules.trainer_agent.insights.kept_file import reading
from modules.trainer_agent.insights.pace import MODEL
from modules.trainer_agent.insights.periods import Period, Span, period
from modules.trainer_agent.insights.reading import (
    MOST_SHOWN_ALERTS,
    Alert,
    Line,
    Watched,
    alert_count,
    alerts,
    lines,
    names,
    newest,
    watched,
)
from modules.trainer_agent.insights.tables import MINUTES_LAST_DAYS, MOST_ALERTS
from modules.trainer_agent.web.insight_csv import alerts_csv, numbers_csv
from modules.trainer_agent.web.insight_views import (
    Step,
    labels,
    lasted,
    numbers_called,
    part_called,
    period_called,
    steps_of,
    watched_words,
)
from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.names import camera_called
from modules.trainer_agent.web.parsing import day_argument
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.wording import camera_name

bp = Blueprint("insights", __name__)

_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.jpg")


@dataclass(frozen=True)
class Asked:
    """What the present request asks for, and what there is to choose from."""

    of: Watched | None
    """None: no skill has told anything yet."""
    choices: tuple[Watched, ...]
    skills: Mapping[str, Skill]
    """All that are known here by id, with those deleted lately."""
    names: Mapping[str, str]
    """Of other skills, by their alerts."""
    models: Mapping[str, str]
    """Names of models by id."""
    day: date
    period: Period
    """Which that day lies in."""

    @property
    def skill(self) -> Skill | None:
        return self.skills.get(self.of.skill) if self.of else None

    def called(self, skill: str) -> str:
        """As staff know it; by its id where nobody has named it here. Models look, too."""
        if skill.startswith(MODEL):
            model = skill.removeprefix(MODEL)
            return _("Model: %(name)s", name=self.models.get(model) or camera_name(model))
        known = self.skills.get(skill)
        return known.name if known else self.names.get(skill) or camera_name(skill)


@dataclass(frozen=True)
class Found:
    """What is kept of that."""

    lines: tuple[Line, ...]
    alerts: tuple[Alert, ...]
    alert_count: int
    newest: int | None
    """The last minute of which anything is kept, in whatever period."""


@dataclass(frozen=True)
class AlertShown:
    """An alert as the page shows it."""

    text: str
    when: str
    """UTC, RFC 3339."""
    length: str
    over: bool
    picture: str
    """File name; empty: there is none, or none any more."""
    numbers: list[str]
    grave: bool


@bp.get("/insights")
def insights_page() -> str:
    asked, found = look(MOST_SHOWN_ALERTS)
    now = int(time.time() // 60)
    past = sum(begin <= now for begin, _end in asked.period.parts)
    steps = steps_of(found.lines, asked.skill, past)
    return render_template(
        "insights.html",
        asked=asked,
        choices=[(one, f"{asked.called(one.skill)} · {camera_called(one.camera)}") for one in asked.choices],
        spans=_spans(),
        called=period_called(asked.period),
        today=date.today(),
        steps=steps,
        labels=list(labels(asked.period)),
        rows=_rows(asked.period, steps, past),
        watched=watched_words(found.lines, asked.period, now),
        found=found,
        alerts=[_alert_shown(alert, asked) for alert in found.alerts],
        arguments=arguments(asked),
        last_day=date.fromtimestamp(found.newest * 60) if found.newest else None,
    )


@bp.get("/insights/numbers.csv")
def numbers_file() -> Response:
    asked, found = look(0)
    past = sum(begin <= time.time() / 60 for begin, _end in asked.period.parts)
    steps = steps_of(found.lines, asked.skill, past)
    return _download(numbers_csv(asked.period, steps, past), asked, _("numbers"))


@bp.get("/insights/alerts.csv")
def alerts_file() -> Response:
    asked, found = look(MOST_ALERTS)
    return _download(alerts_csv(found.alerts, asked.skill), asked, _("alerts"))


@bp.get("/insights/pictures/<name>")
def picture(name: str) -> Response:
    path = _picture(name)
    if path is None:
        raise NotFound(sentence("This picture is not kept any more."))
    return send_file(path.resolve(), mimetype="image/jpeg", max_age=3600)


def look(most_alerts: int) -> tuple[Asked, Found]:
    """What the present request asks for and what is kept of it; raises InvalidInput, EdgeError."""
    data = services().packages.root.parent
    skills = {skill: one for skill, (one, _own) in services().skills.every().items()}
    models = {model.id: model.name for model in services().live.models()}
    models |= {model.id: model.name for model in services().library.models()}
    with reading(data) as rows:
        made = {Watched(skill, camera) for skill, one in skills.items() for camera in one.cameras}
        choices = tuple(sorted({*watched(rows), *made}, key=lambda of: (of.skill.startswith(MODEL), of)))
        called = names(rows)
        span, day = _span(), day_argument("day") or date.today()
        fine = span == "day" and period(span, day).start >= time.time() / 60 - MINUTES_LAST_DAYS * 1440
        shown = period(span, day, fine=fine)
        asked = Asked(
            _of(choices), choices, {**services().skills.own_list().removed, **skills}, called, models, day, shown
        )
        if asked.of is None:
            return asked, Found((), (), 0, None)
        return asked, Found(
            lines(rows, asked.of, shown.edges, fine=fine),
            alerts(rows, asked.of, shown.start, shown.end, most_alerts),
            alert_count(rows, asked.of, shown.start, shown.end),
            newest(rows, asked.of),
        )


def arguments(asked: Asked) -> dict[str, str]:
    """Of an address that asks for the same."""
    of = {"of": "/".join(asked.of)} if asked.of else {}
    return {**of, "span": asked.period.span, "day": asked.day.isoformat()}


def _of(choices: Sequence[Watched]) -> Watched | None:
    """The one asked for, or the first."""
    given = request.args.get("of")
    if not given:
        return next(iter(choices), None)
    found = next((one for one in choices if "/".join(one) == given), None)
    if found is None:
        raise InvalidInput(f"of: a skill and its camera expected, such as low-stock/aisle-4, got {given[:80]!r}.")
    return found


def _span() -> Span:
    given = request.args.get("span") or "day"
    spans: tuple[Span, ...] = get_args(Span)
    found = next((span for span in spans if span == given), None)
    if found is None:
        raise InvalidInput(f"span: one of {', '.join(spans)} expected, got {given[:80]!r}.")
    return found


def _spans() -> dict[Span, str]:
    return {"day": _("Day"), "week": _("Week"), "month": _("Month"), "year": _("Year")}


def _alert_shown(alert: Alert, asked: Asked) -> AlertShown:
    over = alert.cleared_s is not None
    return AlertShown(
        text=alert.text or asked.called(alert.skill),
        when=datetime.fromtimestamp(alert.raised_s, UTC).isoformat(),
        length=lasted((alert.cleared_s if alert.cleared_s is not None else time.time()) - alert.raised_s),
        over=over,
        picture=alert.picture if _picture(alert.picture) else "",
        numbers=numbers_called(alert, asked.skill),
        grave=alert.severity == "critical",
    )


def _rows(shown: Period, steps: Sequence[Step], past: int) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Of the table: when, and the cells of each step; parts that have begun."""
    return [
        (part_called(shown.span, begin), [step.cells(step.line.parts[part]) for step in steps])
        for part, (begin, _end) in enumerate(shown.parts[:past])
    ]


def _picture(name: str) -> Path | None:
    """The file of a picture that is still kept."""
    path = services().packages.root.parent / PICTURES_PLACE / name
    return path if _PICTURE.fullmatch(name) and path.is_file() else None


def _download(text: str, asked: Asked, what: str) -> Response:
    of = "-".join(asked.of) if asked.of else "skills"
    name = f"{of}-{asked.period.span}-{asked.period.first}-{slug(what)}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="text/csv", headers=disposition)
