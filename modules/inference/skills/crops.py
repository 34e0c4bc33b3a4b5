"""What second models find in parts of a frame: they are given the pixels of the part and nothing else."""

import logging
import time
from collections.abc import Callable, Sequence

from edge_common.detections import Detection
from edge_common.errors import InferenceError
from edge_common.frames import Frame
from edge_common.geometry import Box
from edge_common.settings import InferenceSettings
from edge_common.skills.crops import cut, placed
from modules.inference.model import LoadedModel

log = logging.getLogger(__name__)

_TOLD_EVERY_S = 60.0

Glance = Callable[[str, Box, InferenceSettings], tuple[Detection, ...]]
"""As `Look`."""


class Crops:
    """Uses the models that also look at whole frames; each does one thing at a time. Used by one thread."""

    def __init__(self, models: Callable[[], Sequence[LoadedModel]]) -> None:
        self._models = models
        self._told_s = float("-inf")

    def glance(self, frame: Frame | None) -> Glance:
        """Of one frame; of none, nothing is found."""

        def look(model_id: str, box: Box, settings: InferenceSettings) -> tuple[Detection, ...]:
            model = next((one for one in self._models() if one.manifest.model_id == model_id), None)
            if frame is None or model is None:
                return ()
            part = Frame(frame.camera, frame.sequence, frame.taken_ns, cut(frame.pixels, box))
            try:
                return placed(model.look(part, settings).detections, box)
            except InferenceError as error:
                self._fail(model_id, error)
                return ()

        return look

    def _fail(self, model_id: str, error: InferenceError) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _TOLD_EVERY_S:
            self._told_s = now_s
            log.error("model %s on a part of a picture: %s", model_id, error)
