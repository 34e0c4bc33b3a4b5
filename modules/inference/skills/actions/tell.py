"""Tells an event to the page and to Insights, with its picture where one is kept; asks for tagging where it is to be.

The file of events is bounded: it begins anew when it is full, with the one before kept beside it.
"""

import logging
import os
from pathlib import Path

from edge_common.asked_frames import AskedFrame, AskedFrames
from edge_common.results import ResultPublisher
from edge_common.skills.steps import AskAction, PictureAction
from edge_common.skills.told import SkillEvent
from modules.inference.skills.changes import Job
from modules.inference.skills.pictures import Pictures, Recent, RecentFrames

log = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
"""Of the file of events."""


class Tell:
    """Used by one thread."""

    def __init__(
        self,
        results: ResultPublisher,
        events: Path,
        pictures: Pictures,
        asked: AskedFrames,
        recent: RecentFrames,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._results = results
        self._events = events
        self._pictures = pictures
        self._asked = asked
        self._recent = recent
        self._most_bytes = most_bytes

    def __call__(self, job: Job) -> None:
        """Raises OSError."""
        event, recent = job.event, self._recent.of(job.event)
        frame = recent.frame if recent else None
        for action in job.actions:
            if isinstance(action, PictureAction):
                event = event.model_copy(update={"picture": self._pictures.keep(event, frame, action.most)})
            elif isinstance(action, AskAction) and recent is not None:
                self._ask(action, event, recent)
        self._append(event)
        self._results.publish_told(event)
        self._recent.forget(event)

    def _ask(self, action: AskAction, event: SkillEvent, recent: Recent) -> None:
        frame, result = recent.frame, recent.results.get(action.model)
        version, seen = (result.model_version, result.detections) if result else (None, ())
        asked = AskedFrame(action.model, version, frame.camera, frame.taken_ns, event.name, seen)
        if not self._asked.put(asked, frame.pixels):
            log.warning("skill %s asks for more tagging than anybody has come to", event.skill)

    def _append(self, event: SkillEvent) -> None:
        path = self._events
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > self._most_bytes:
            path.replace(path.with_name(f"{path.stem}.old{path.suffix}"))
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # What a power cut left half-written must not take the next one with it.
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(event.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
