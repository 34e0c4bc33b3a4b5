"""How quickly models look: pictures a second and time for each, told the way that skills tell of their steps."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from edge_common.detections import Result
from edge_common.skills.told import SkillTrace, StepState

MODEL = "model:"
"""Before a model's id, in place of a skill's; no skill's id has a colon."""
FRAMES, TIME = "frames", "ms"
_ENDS_S = 3
"""After so long without a result a model does not look at a camera any more."""


@dataclass
class _Heard:
    """Results of a model on a camera since the last trace."""

    frames: int = 0
    timed: int = 0
    ms: float = 0.0
    silent: int = 0


class ModelPace:
    """`heard` and `traces` may be called from any two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: dict[tuple[str, str], _Heard] = {}

    def heard(self, result: Result) -> None:
        with self._lock:
            of = self._heard.setdefault((result.model_id, result.camera), _Heard())
            of.frames += 1
            of.silent = 0
            # What another device looked at comes without a time.
            if result.inference_ms > 0:
                of.timed += 1
                of.ms += result.inference_ms

    def traces(self, now_ns: int, passed_s: float) -> Iterator[SkillTrace]:
        """How it went since the last call, that many seconds ago."""
        with self._lock:
            heard = dict(self._heard)
            self._heard = {key: _Heard(silent=of.silent + 1) for key, of in heard.items() if of.silent < _ENDS_S}
        for (model, camera), of in heard.items():
            steps = {FRAMES: StepState(number=of.frames / passed_s)}
            if of.timed:
                steps[TIME] = StepState(number=of.ms / of.timed)
            yield SkillTrace(
                skill=f"{MODEL}{model}", draft=False, camera=camera, frame_id="", taken_ns=now_ns, steps=steps
            )
