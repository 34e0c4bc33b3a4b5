"""Learning in the cloud: a model that has enough tagged images has them sent there, by itself."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

from edge_common.durable import write_file
from edge_common.errors import Conflict
from edge_common.settings import TrainerSettings
from edge_common.telemetry_events import DatasetExported
from modules.trainer_agent.cloud.exporting import METHOD, Reason
from modules.trainer_agent.cloud.jobs import CloudJobs, Job, Progress
from modules.trainer_agent.library import Library

log = logging.getLogger(__name__)

ENOUGH: Reason = "enough tagged images"


class LearningElsewhere:
    """`here` is called when tags of a model have settled; every method may be called from any thread."""

    def __init__(self, library: Library, settings: Callable[[], TrainerSettings], record: Path) -> None:
        """record: the file that tells how many images of each model went out by themselves."""
        self._library, self._settings, self._record = library, settings, record
        self._sent: dict[str, int] = self._read()

    def here(self, model_id: str, jobs: CloudJobs) -> bool:
        """Whether the model may train here by itself; has its images sent first, where that is due. Raises EdgeError.

        They are sent when there is enough to be trained, and again with each `training.checked_images` more.
        """
        settings = self._settings()
        if settings.handoff.learning != "device" and not self._library.requirements(model_id, settings.training):
            sent = self._sent.get(model_id)
            tagged = self._library.counts(model_id).tagged
            if sent is None or tagged >= sent + settings.training.checked_images:
                self._send(model_id, jobs)
        return settings.handoff.learning != "cloud"

    def noting(self, work: Callable[[Job, Progress], DatasetExported]) -> Callable[[Job, Progress], DatasetExported]:
        """The work of an export that also notes what went out by itself."""

        def noted(job: Job, progress: Progress) -> DatasetExported:
            by_itself = job.asked["reason"] == ENOUGH
            if by_itself and self._settings().handoff.learning == "device":
                raise Conflict("handoff.learning is set back to device")
            told = work(job, progress)
            if by_itself and job.model_id is not None:
                self._sent = {**self._sent, job.model_id: told.images}
                write_file(self._record, json.dumps(self._sent).encode())
            return told

        return noted

    def _send(self, model_id: str, jobs: CloudJobs) -> None:
        try:
            jobs.add(METHOD, model_id, model_id, {"url": None, "format": None, "reason": ENOUGH}, lasting=True)
            log.info("model %s: its tagged images go to the cloud", model_id)
        except Conflict:
            log.info("model %s: its tagged images are on their way already", model_id)

    def _read(self) -> dict[str, int]:
        try:
            found = json.loads(self._record.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.error("%s cannot be read, models are sent again: %s", self._record, error)
            return {}
        return (
            {name: count for name, count in found.items() if isinstance(count, int)} if isinstance(found, dict) else {}
        )
