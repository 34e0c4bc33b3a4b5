"""Steps of several skills that do the same with what is seen, done once: what they give depends on nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from edge_common.skills.fields import Outline
from edge_common.skills.steps import AnyStep, CropStep, KeepStep, ModelStep, TrackStep
from edge_common.skills.tick import Keeping, Run, RunOn, Tick, Values


def deeds(steps: Sequence[AnyStep], drawn: Mapping[str, Outline]) -> dict[str, str]:
    """Of each step whose boxes follow from what is seen alone, and of each that tracks such boxes: what it does.

    A digest, by id: steps of the same, of whatever skill, do the same. `drawn`: the zones on the camera.
    """
    boxes: dict[str, str] = {}
    done: dict[str, str] = {}
    for step in steps:
        if isinstance(step, ModelStep):
            # Worked out once by the result itself.
            boxes[step.id] = step.model
        elif isinstance(step, KeepStep | CropStep | TrackStep) and step.of in boxes:
            does = step.model_dump(mode="json", exclude={"id"}) | {"of": boxes[step.of]}
            if isinstance(step, KeepStep) and step.zone is not None:
                does["zone"] = drawn[step.zone]
            done[step.id] = hashlib.sha256(json.dumps(does, sort_keys=True).encode()).hexdigest()
            if not isinstance(step, TrackStep):
                boxes[step.id] = done[step.id]
    return done


def once(run: Run | Keeping, deed: str) -> Run | Keeping:
    """The same, done by whichever skill comes first and taken from it by others."""
    return Keeping(_once_on(run.run, deed), run.memory, deed) if isinstance(run, Keeping) else _once(run, deed)


def _once(run: Run, deed: str) -> Run:
    def given(values: Values, tick: Tick) -> Any:  # noqa: ANN401
        known = tick.seen.given
        if deed not in known:
            known[deed] = run(values, tick)
        return known[deed]

    return given


def _once_on(run: RunOn, deed: str) -> RunOn:
    def given(values: Values, tick: Tick, memory: Any) -> tuple[Any, Any]:  # noqa: ANN401
        known: list[tuple[float, Any, tuple[Any, Any]]] = tick.seen.given.setdefault(deed, [])
        # One that began by itself remembers something else.
        for time_s, before, outcome in known:
            if time_s == tick.time_s and before == memory:
                return outcome
        outcome = run(values, tick, memory)
        known.append((tick.time_s, memory, outcome))
        return outcome

    return given
