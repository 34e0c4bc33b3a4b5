"""How skills stand as models and cameras come and go: what is missing, by its place, and what that means. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from edge_common.frames import REMOVED, CameraState
from edge_common.results import LiveModel
from edge_common.settings import ActionSettings
from edge_common.skills.document import Skill
from edge_common.skills.fitting import KnownModel, missing
from edge_common.skills.steps import CropStep, ModelStep, PostAction, PublishAction
from edge_common.skills.told import CameraPhase, CameraStanding, SkillStanding
from modules.inference.skills.changes import host_of


def standing_of(
    skill_id: str,
    skill: Skill,
    own: bool,
    raised: Mapping[str, Mapping[str, str]],
    models: Sequence[LiveModel],
    cameras: Mapping[str, CameraState],
    actions: ActionSettings,
) -> SkillStanding:
    """raised: by camera, the steps whose condition is true, and since when."""
    known = {model.id: KnownModel(model.kind, model.labels) for model in models}
    lacking = missing(skill, known)
    # What is only asked to be tagged, or cannot be sent, keeps nothing from looking.
    cannot_look = any(problem.startswith("steps.") for problem in lacking)
    watched = {}
    for camera in skill.cameras if skill.enabled else ():
        now = raised.get(camera, {})
        waits = cannot_look or not _is_there(camera, cameras)
        phase: CameraPhase = "raised" if now else "waiting" if waits else "watching"
        watched[camera] = CameraStanding(phase=phase, raised=dict(now))
    return SkillStanding(
        id=skill_id,
        name=skill.name,
        own=own,
        state="off" if not skill.enabled else "waiting" if cannot_look else "live",
        problems=(*lacking, *_without_cameras(skill, cameras), *_not_allowed(skill, actions)) if skill.enabled else (),
        cameras=watched,
    )


def seldom_of(skills: Iterable[Skill]) -> frozenset[str]:
    """Models that look at parts of pictures for some skill, and at whole pictures for none."""
    steps = [step for skill in skills if skill.enabled for step in skill.steps]
    whole = {step.model for step in steps if isinstance(step, ModelStep)}
    return frozenset(step.model for step in steps if isinstance(step, CropStep)) - whole


def skills_report(before: Sequence[SkillStanding] | None, now: Sequence[SkillStanding]) -> list[dict[str, object]]:
    """Patches of reported properties, one after the other; before: None where it is not known what is reported."""
    told = {one.id: one for one in before or ()}
    changed: dict[str, object] = {
        one.id: one.model_dump(mode="json", exclude={"id"}) for one in now if told.get(one.id) != one
    }
    changed |= {one: None for one in told if one not in {standing.id for standing in now}}
    # A patch alone would leave what the last start reported within.
    patches: list[dict[str, object]] = [{"skills": None}] if before is None else []
    if changed:
        patches.append({"skills": changed})
    return patches


def _is_there(camera: str, cameras: Mapping[str, CameraState]) -> bool:
    state = cameras.get(camera)
    return state is not None and not (state.phase == "off" and state.reason == REMOVED)


def _without_cameras(skill: Skill, cameras: Mapping[str, CameraState]) -> Iterator[str]:
    for number, camera in enumerate(skill.cameras):
        if not _is_there(camera, cameras):
            yield f"cameras.{number}: a camera of this device expected, got {camera!r}"


def _not_allowed(skill: Skill, actions: ActionSettings) -> Iterator[str]:
    for number, action in enumerate(skill.actions):
        if isinstance(action, PostAction) and host_of(action.url) not in actions.hosts:
            yield f"actions.{number}.url: a host of the setting actions.hosts expected, got {host_of(action.url)!r}"
        elif isinstance(action, PublishAction) and actions.mqtt.host is None:
            yield f"actions.{number}: a broker in the setting actions.mqtt expected, there is none"
