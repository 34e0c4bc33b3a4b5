"""Sends what is tagged of a model to cloud storage as one zip file, which is made while it is sent."""

from collections.abc import Callable
from contextlib import closing
from typing import Literal, cast

from edge_common.blob_place import BlobPlace, parse_sas_url
from edge_common.errors import InvalidInput
from edge_common.packages import PackageStore
from edge_common.settings import HandoffSettings
from edge_common.telemetry_events import DatasetExported
from modules.trainer_agent.cloud.jobs import Job, Progress
from modules.trainer_agent.cloud.upload import upload
from modules.trainer_agent.exchange.exporting import Way, export_model, ways_of
from modules.trainer_agent.library import Library

METHOD = "exportDataset"
_MOST_FRACTION = 0.99
"""Until the storage has taken it as a whole."""

Reason = Literal["asked", "enough tagged images"]


class DatasetExport:
    """The work of the method."""

    def __init__(self, library: Library, packages: PackageStore, settings: Callable[[], HandoffSettings]) -> None:
        self._library, self._packages, self._settings = library, packages, settings

    def place(self, url: str | None) -> BlobPlace:
        """Where an address leads, or that of the settings when there is none; raises InvalidInput."""
        known = url or self._settings().container_url
        if not known:
            raise InvalidInput("url: a SAS URL expected, as the setting handoff.container_url has none either")
        return parse_sas_url(known)

    def way(self, model_id: str, asked: Way | None) -> Way:
        """The format; without one COCO, or all there is where a model has no boxes. Raises NotFound, InvalidInput."""
        model = self._library.model(model_id)
        possible = ways_of(model.kind)
        if asked is None:
            return "coco" if "coco" in possible else "model"
        if asked not in possible:
            raise InvalidInput(f"format: {' or '.join(possible)} expected, as {model.kind} has no boxes, got {asked}")
        return asked

    def work(self, job: Job, progress: Progress) -> DatasetExported:
        """Do the job; raises NotFound, InvalidInput, StorageRefused, LineLost, Stopped."""
        # Loaded here only: it takes 36 MB, and most devices never export.
        from modules.trainer_agent.cloud.blob_storage import BlockBlob

        model_id = cast(str, job.model_id)
        way = self.way(model_id, job.asked["format"])
        export = export_model(self._library, self._packages, model_id, way)
        # The same images have the same name, so that an export that was cut off is gone on with by asking again.
        name = f"{model_id}-{export.dataset_sha256[:16]}{'' if way == 'model' else f'-{way}'}.zip"
        place = self.place(job.asked["url"]).within(name)

        def told(size: int, taken: int) -> None:
            progress.done(min(taken / (export.images + 1), _MOST_FRACTION), size)

        with closing(BlockBlob(place)) as blob:
            sent = upload(export.pieces, blob, "application/zip", progress.persistence, told)
        return DatasetExported(
            model_id=model_id,
            blob=place.shown,
            sha256=sent.sha256,
            size=sent.size,
            format=way,
            images=export.images,
            dataset_sha256=export.dataset_sha256,
            reason=job.asked["reason"],
        )
