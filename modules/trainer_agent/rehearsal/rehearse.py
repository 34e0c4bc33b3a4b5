"""A skill looks at a recorded video as it would look at a camera, and tells what it would have done, and when."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.images import Pixels
from edge_common.skills.crops import cut, placed
from edge_common.skills.document import Skill
from edge_common.skills.program import Change, Outcome, compile_skill, evaluate
from edge_common.skills.seen import Moment, Seen
from modules.trainer_agent.learning.packaged_model import PackagedModel
from modules.trainer_agent.rehearsal.video import VideoFrame


class Looked(NamedTuple):
    """What came of a frame."""

    frame: VideoFrame
    outcome: Outcome
    changes: tuple[Change, ...]


def rehearse(
    skill: Skill, camera: str, frames: Iterable[VideoFrame], models: Mapping[str, PackagedModel], begins_utc_s: float
) -> Iterator[Looked]:
    """Frame by frame; models by id, `begins_utc_s`: when the video is taken to begin, for opening hours.

    Raises InferenceError.
    """
    program = compile_skill(skill, camera)
    state = program.start
    for number, frame in enumerate(frames):
        results = {name: _result(models[name], camera, number, frame) for name in skill.models if name in models}

        def look(model: str, box: Box, pixels: Pixels = frame.pixels) -> tuple[Detection, ...]:
            return placed(sure(models[model], cut(pixels, box)), box)

        seen = Seen(camera, str(number), results, look)
        state, outcome = evaluate(program, state, seen, Moment(frame.at_s, begins_utc_s + frame.at_s))
        yield Looked(frame, outcome, outcome.changes)


def sure(model: PackagedModel, pixels: Pixels) -> tuple[Detection, ...]:
    """What the model finds that reaches the confidence which its package recommends, as inference does."""
    least = model.manifest.thresholds
    found = model.look(pixels, min(least.values(), default=1.0))
    return tuple(one for one in found if one.confidence >= least.get(one.label, 1.0))


def _result(model: PackagedModel, camera: str, number: int, frame: VideoFrame) -> Result:
    manifest = model.manifest
    return Result(
        camera=camera,
        frame_id=str(number),
        taken_ns=round(frame.at_s * 1e9),
        model_id=manifest.model_id,
        model_version=manifest.version,
        kind=manifest.kind,
        detections=sure(model, frame.pixels),
        inference_ms=0.0,
    )
