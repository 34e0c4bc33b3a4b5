"""One skill on one camera: how far it is, as it is kept, and what becomes of it when the document changes."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from edge_common.skills.document import Skill, parse_skill
from edge_common.skills.program import Change, Outcome, Program, State, compile_skill, evaluate
from edge_common.skills.seen import Moment, Seen
from edge_common.skills.states import decode_state, encode_state
from edge_common.skills.steps import ModelStep
from edge_common.skills.told import SkillEvent, SkillTrace
from modules.inference.skills.changes import event_of, in_utc, tasks_of
from modules.inference.skills.ledger import KeptState, Task


@dataclass(eq=False)
class Watch:
    """Used by one thread."""

    skill_id: str
    skill: Skill
    camera: str
    program: Program
    state: State
    series: str
    document: str
    """The skill as JSON."""
    draft: bool = False
    kept: State | None = None
    """The state that is on disk."""
    traced_s: float = float("-inf")

    @cached_property
    def models(self) -> frozenset[str]:
        """Those whose results it needs."""
        return frozenset(step.model for step in self.skill.steps if isinstance(step, ModelStep))

    def see(self, seen: Seen, now: Moment) -> tuple[Outcome, list[tuple[SkillEvent, list[Task]]]]:
        """Go on by one frame: what came of it, and of each change what is to be told and done."""
        self.state, outcome = evaluate(self.program, self.state, seen, now)
        if self.draft or not outcome.changes:
            return outcome, []
        versions = {one: seen.results[one].model_version for one in self.skill.models if one in seen.results}
        taken_ns = max(seen.results[one].taken_ns for one in versions)
        told = []
        for change in outcome.changes:
            event = event_of(
                self.skill_id,
                self.skill,
                self.camera,
                self.series,
                change,
                now,
                numbers=outcome.numbers(),
                frame_id=seen.frame_id,
                boxes=outcome.boxes(change.step),
            )
            told.append((event, tasks_of(event, self.skill, versions, taken_ns)))
        return outcome, told

    def ended(self, now: Moment, steps: Sequence[str] | None = None) -> list[Task]:
        """What is to be done so that nothing stays raised for ever: of these steps, or of all."""
        tasks: list[Task] = []
        for standing in self.state.standings:
            if standing.raised and (steps is None or standing.step in steps):
                change = Change(standing.step, "cleared", standing.since, standing.number)
                event = event_of(
                    self.skill_id,
                    self.skill,
                    self.camera,
                    self.series,
                    change,
                    now,
                    numbers={},
                    frame_id="",
                    boxes=(),
                )
                tasks += tasks_of(event, self.skill, {}, 0)
        return tasks

    def raised(self) -> dict[str, str]:
        """Steps whose condition is true, and since when: UTC, RFC 3339."""
        return {one.step: in_utc(one.since.utc_s) for one in self.state.standings if one.raised}

    def trace(self, outcome: Outcome, seen: Seen, taken_ns: int) -> SkillTrace:
        return SkillTrace(
            skill=self.skill_id,
            draft=self.draft,
            camera=self.camera,
            frame_id=seen.frame_id,
            taken_ns=taken_ns,
            steps=outcome.trace(),
        )

    def as_kept(self) -> KeptState:
        return KeptState(self.skill_id, self.camera, self.document, self.series, encode_state(self.state))


def begin(skill_id: str, skill: Skill, camera: str, *, draft: bool = False) -> Watch:
    """From the start."""
    program = compile_skill(skill, camera)
    series = uuid.uuid4().hex[:8]
    return Watch(skill_id, skill, camera, program, program.start, series, skill.model_dump_json(), draft)


def go_on(before: Watch, skill: Skill, now: Moment) -> tuple[Watch, list[Task]]:
    """By another document, and what is to be done about the change.

    Where the steps are the same, what they remember stays. A raised condition about which something else is to be done
    now is cleared as it was raised, and raised anew.
    """
    after = begin(before.skill_id, skill, before.camera, draft=before.draft)
    if after.program.start.chain != before.program.start.chain:
        return after, before.ended(now)
    watched = {one.step for one in after.program.start.standings}
    others = [
        one.step
        for one in before.state.standings
        if one.step not in watched or _about(before.skill, one.step) != _about(skill, one.step)
    ]
    standings = {one.step: one._replace(raised=False) if one.step in others else one for one in before.state.standings}
    after.series, after.kept = before.series, None
    after.state = before.state._replace(
        standings=tuple(standings.get(one.step, one) for one in after.program.start.standings)
    )
    return after, before.ended(now, others)


def restored(kept: KeptState) -> Watch:
    """As it was kept; raises ValueError for what cannot be gone on from."""
    skill = parse_skill(json.loads(kept.document))
    program = compile_skill(skill, kept.camera)
    state = decode_state(program, kept.state)
    return Watch(kept.skill, skill, kept.camera, program, state, kept.series, kept.document, kept=state)


def _about(skill: Skill, step: str) -> list[object]:
    return [action for action in skill.actions if action.when == step]
