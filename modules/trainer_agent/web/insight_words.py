"""What each step of a skill is called in Insights: what it counts and in which zone, in words."""

from collections.abc import Mapping

from edge_common.sentences import marked
from edge_common.skills.fitting import inputs_of
from edge_common.skills.steps import (
    AnyStep,
    Chain,
    ChangeStep,
    CombineStep,
    CompareStep,
    CountStep,
    CoveredStep,
    CropStep,
    CrossingsStep,
    HoldStep,
    KeepStep,
    ScheduleStep,
    StayStep,
)
from modules.trainer_agent.insights.pace import FRAMES, TIME
from modules.trainer_agent.web.language import _, number, told
from modules.trainer_agent.web.wording import camera_name, duration

Steps = Mapping[str, AnyStep]
_OF_MODELS = {FRAMES: marked("Pictures looked at in a second"), TIME: marked("Milliseconds for a picture")}


def step_called(chain: Chain | None, step_id: str) -> str:
    """As `Number of bottle in Shelf 3`; by its id where the skill is not known, or has no such step any more."""
    if chain is None and step_id in _OF_MODELS:
        return told(_OF_MODELS[step_id])
    steps = {step.id: step for step in chain.steps} if chain else {}
    said = _said(step_id, steps)
    return said[:1].upper() + said[1:]


def is_share(chain: Chain | None, step_id: str) -> bool:
    """Whether a step's number is a share, to be shown as a percentage."""
    step = next((step for step in chain.steps if step.id == step_id), None) if chain else None
    return isinstance(step, CoveredStep) or (isinstance(step, ChangeStep) and step.relative)


def _said(step_id: str, steps: Steps) -> str:
    match steps.get(step_id):
        case CountStep() as step:
            return _("number of %(things)s", things=_things(step.of, steps))
        case CrossingsStep() as step:
            things, over = _things(step.of, steps), duration(step.over_s)
            return _("crossings of %(line)s in %(time)s: %(things)s", line=_zone(step.zone), things=things, time=over)
        case CoveredStep() as step:
            where = _zone(step.zone) if step.zone else _("the picture")
            return _("share of %(zone)s covered by %(things)s", zone=where, things=_things(step.of, steps))
        case ChangeStep() as step:
            return _("change of: %(what)s", what=_said(step.of, steps))
        case CompareStep() as step:
            return _("%(what)s: %(compared)s", what=_said(step.of, steps), compared=_compared(step, steps))
        case CombineStep(how="none") as step:
            return _("none of: %(what)s", what=", ".join(_said(one, steps) for one in step.of))
        case CombineStep() as step:
            joined = _(" or ") if step.how == "any" else _(" and ")
            return joined.join(_said(one, steps) for one in step.of)
        case HoldStep() as step:
            return _("%(what)s, for %(time)s", what=_said(step.of, steps), time=duration(step.for_s))
        case ScheduleStep() as step:
            hours = f"{step.start}\N{EN DASH}{step.end}"
            return _("%(what)s (%(hours)s)", what=_said(step.of, steps), hours=hours)
    return camera_name(step_id)


def _compared(step: CompareStep, steps: Steps) -> str:
    source = steps.get(step.of)
    share = isinstance(source, CoveredStep) or (isinstance(source, ChangeStep) and source.relative)
    than = f"{number(step.than * 100, '#,##0.#')} %" if share else number(step.than)
    match step.how:
        case "more":
            return _("more than %(number)s", number=than)
        case "fewer":
            return _("fewer than %(number)s", number=than)
        case "at_least":
            return _("%(number)s or more", number=than)
        case "at_most":
            return _("%(number)s or fewer", number=than)


def _things(step_id: str, steps: Steps) -> str:
    """The tags that are kept on the way to a step, the last ones; and every zone and stay on it."""
    tags, where = "", []
    step = steps.get(step_id)
    while step is not None:
        if isinstance(step, KeepStep):
            tags = tags or _(" or ").join(step.tags)
            if step.zone:
                where.append(_("in %(zone)s", zone=_zone(step.zone)))
        elif isinstance(step, StayStep):
            where.append(_("there for %(time)s", time=duration(step.for_s)))
        elif isinstance(step, CropStep):
            # Tags above a crop are those of what it looks into.
            tags = tags or _("things")
        step = next((steps.get(one) for one in inputs_of(step)), None)
    return " ".join([tags or _("things"), *reversed(where)])


def _zone(zone: str) -> str:
    return camera_name(zone)
