"""What a skill watches, and what it does about it, in sentences for staff."""

from collections.abc import Mapping, Sequence
from typing import get_args

from edge_common.sentences import marked
from edge_common.skills.fields import Day
from edge_common.skills.fitting import inputs_of
from edge_common.skills.steps import (
    AnyStep,
    Chain,
    ChangeStep,
    CombineStep,
    CompareStep,
    CountStep,
    CoveredStep,
    CrossingsStep,
    HoldStep,
    KeepStep,
    ScheduleStep,
    StayStep,
)
from modules.trainer_agent.web.language import _, ngettext, number, told

DAYS = {
    "mon": marked("Mon"),
    "tue": marked("Tue"),
    "wed": marked("Wed"),
    "thu": marked("Thu"),
    "fri": marked("Fri"),
    "sat": marked("Sat"),
    "sun": marked("Sun"),
}
_DONE = {
    "alert": marked("alert to the cloud"),
    "event": marked("note on the page"),
    "picture": marked("picture kept"),
    "post": marked("sent to an address"),
    "publish": marked("sent by MQTT"),
    "ask": marked("picture to check"),
}


def watches(chain: Chain) -> str:
    """As `No bottle in 'shelf' for 10 seconds`; without a condition what it counts. The parts must fit together."""
    steps = {step.id: step for step in chain.steps}
    wanted = list(dict.fromkeys(action.when for action in chain.actions if action.when in steps))
    if not wanted:
        used = {one for step in chain.steps for one in inputs_of(step)}
        wanted = [step.id for step in chain.steps if step.id not in used]
    return "; ".join(_capital(_said(steps[one], steps)) for one in wanted)


def done(chain: Chain) -> str:
    """As `alert to the cloud, picture kept`."""
    return ", ".join(dict.fromkeys(told(_DONE[action.do]) for action in chain.actions)) or _("nothing yet")


def duration(seconds: float) -> str:
    """In the largest unit that makes a whole number of it."""
    if seconds >= 3600 and seconds % 3600 == 0:
        return ngettext("%(num)s hour", "%(num)s hours", round(seconds / 3600))
    if seconds >= 60 and seconds % 60 == 0:
        return ngettext("%(num)s minute", "%(num)s minutes", round(seconds / 60))
    if seconds == round(seconds):
        return ngettext("%(num)s second", "%(num)s seconds", round(seconds))
    return _("%(number)s seconds", number=number(seconds))


def _said(step: AnyStep, steps: Mapping[str, AnyStep]) -> str:
    match step:
        case CompareStep():
            return _compared(step, steps)
        case CombineStep():
            parts = [_from(one, steps) for one in step.of]
            joined = (_(" or ") if step.how == "any" else _(" and ")).join(parts)
            return _("none of: %(what)s", what=", ".join(parts)) if step.how == "none" else joined
        case HoldStep(of_last_s=None) if step.for_s <= 1:
            return _from(step.of, steps)  # only what flickers is left out
        case HoldStep(of_last_s=None):
            return _("%(what)s for %(time)s", what=_from(step.of, steps), time=duration(step.for_s))
        case HoldStep():
            times = {"time": duration(step.for_s), "last": duration(step.of_last_s or 0)}
            return _("%(what)s for %(time)s of the last %(last)s", what=_from(step.of, steps), **times)
        case ScheduleStep():
            days = "" if len(step.days) == len(get_args(Day)) else ", ".join(told(DAYS[day]) for day in step.days) + " "
            hours = f"{days}{step.start}\N{EN DASH}{step.end}"
            return _("%(what)s (%(hours)s)", what=_from(step.of, steps), hours=hours)
        case _:
            return _number(step, steps)


def _number(step: AnyStep, steps: Mapping[str, AnyStep]) -> str:
    match step:
        case CountStep():
            return _("how many there are of: %(things)s", things=_things(step.of, steps))
        case CrossingsStep():
            things = _things(step.of, steps)
            return _("how often '%(line)s' is crossed by: %(things)s", line=step.zone, things=things)
        case CoveredStep(zone=None):
            return _("share of the picture covered by: %(things)s", things=_things(step.of, steps))
        case CoveredStep():
            things = _things(step.of, steps)
            return _("share of '%(zone)s' covered by: %(things)s", zone=step.zone, things=things)
        case ChangeStep():
            return _("change of: %(what)s", what=_from(step.of, steps))
        case _:
            return _things(step.id, steps)


def _compared(step: CompareStep, steps: Mapping[str, AnyStep]) -> str:
    source = steps.get(step.of)
    if not isinstance(source, CountStep):
        share = isinstance(source, CoveredStep) or (isinstance(source, ChangeStep) and source.relative)
        values = {"what": _from(step.of, steps), "number": f"{step.than:.0%}" if share else number(step.than)}
        match step.how:
            case "fewer":
                return _("%(what)s: less than %(number)s", **values)
            case "more":
                return _("%(what)s: more than %(number)s", **values)
            case "at_least":
                return _("%(what)s: %(number)s or more", **values)
            case _:
                return _("%(what)s: %(number)s or less", **values)
    tags, where = _tags(source.of, steps), _where(source.of, steps)
    amount = f"{number(step.than)} \N{MULTIPLICATION SIGN} {tags}"
    if not tags:
        amount = ngettext("%(num)s thing", "%(num)s things", round(step.than))
    if step.how == "at_most" and step.than == 0:
        return _("no %(thing)s", thing=tags or _("thing")) + where
    if step.how == "at_least" and step.than == 1 and tags:
        return tags + where
    match step.how:
        case "fewer":
            return _("fewer than %(things)s", things=amount) + where
        case "more":
            return _("more than %(things)s", things=amount) + where
        case "at_least":
            return _("at least %(things)s", things=amount) + where
        case _:
            return _("at most %(things)s", things=amount) + where


def _things(step_id: str, steps: Mapping[str, AnyStep]) -> str:
    return (_tags(step_id, steps) or _("anything")) + _where(step_id, steps)


def _tags(step_id: str, steps: Mapping[str, AnyStep]) -> str:
    """Those that the last step with tags keeps."""
    kept = next((step for step in _upwards(step_id, steps) if isinstance(step, KeepStep) and step.tags), None)
    return _(" or ").join(kept.tags) if kept else ""


def _where(step_id: str, steps: Mapping[str, AnyStep]) -> str:
    parts = []
    for step in _upwards(step_id, steps):
        if isinstance(step, KeepStep) and step.zone:
            parts.append(_("in '%(zone)s'", zone=step.zone))
        elif isinstance(step, StayStep):
            time = duration(step.for_s)
            parts.append(_("left for %(time)s", time=time) if step.still else _("there for %(time)s", time=time))
    return "".join(f" {part}" for part in reversed(parts))


def _upwards(step_id: str, steps: Mapping[str, AnyStep]) -> Sequence[AnyStep]:
    """A step and what it takes from, up to the model."""
    found: list[AnyStep] = []
    step = steps.get(step_id)
    while step is not None and step not in found:
        found.append(step)
        before = inputs_of(step)
        step = steps.get(before[0]) if before else None
    return found


def _from(step_id: str, steps: Mapping[str, AnyStep]) -> str:
    step = steps.get(step_id)
    return "…" if step is None else _said(step, steps)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
