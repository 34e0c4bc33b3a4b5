"""Samples of what models see, for the cloud: at most one of each camera and model in an interval, and no pictures.

Results come through a slot for each camera and model, so whoever makes them waits for nothing here.
"""

from collections import Counter
from datetime import UTC, datetime

from edge_common.detections import Result
from edge_common.hub import Hub
from edge_common.latest import LatestByKey
from edge_common.settings import TelemetrySettings
from edge_common.telemetry import DetectionsSeen, surest


class DetectionsOutput:
    """Used by one thread, which looks as often as it likes."""

    def __init__(self, hub: Hub, newest: LatestByKey[Result]) -> None:
        self._hub = hub
        self._newest = newest
        self._fresh: dict[str, Result] = {}
        """Not sent yet, by camera and model."""
        self._sent_s: dict[str, float] = {}

    def look(self, settings: TelemetrySettings, now_s: float) -> None:
        """Send what is due. A camera that gives no frames, or a model that does not look, sends nothing."""
        while (taken := self._newest.take(0)) is not None:
            self._fresh[taken[0]] = taken[1]
        for key in [key for key in self._fresh if self._due(key, settings, now_s)]:
            self._sent_s[key] = now_s
            self._hub.send(sample(self._fresh.pop(key), settings.minimum_confidence))

    def _due(self, key: str, settings: TelemetrySettings, now_s: float) -> bool:
        sent_s = self._sent_s.get(key)
        return settings.interval_s > 0 and (sent_s is None or now_s - sent_s >= settings.interval_s)


def sample(result: Result, minimum_confidence: float) -> DetectionsSeen:
    """What is told of a result."""
    counted = [one for one in result.detections if one.confidence >= minimum_confidence]
    shown = surest(counted)
    taken = datetime.fromtimestamp(result.taken_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    return DetectionsSeen(
        camera=result.camera,
        frame_id=result.frame_id,
        model_id=result.model_id,
        model_version=result.model_version,
        taken=taken.replace("+00:00", "Z"),
        kind=result.kind,
        counts=dict(Counter(one.label for one in counted)),
        detections=shown,
        detections_left_out=len(counted) - len(shown),
        inference_ms=round(result.inference_ms, 2),
    )
