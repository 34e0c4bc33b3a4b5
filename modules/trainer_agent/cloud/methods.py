"""What the cloud may ask of trainer_agent about itself: to be sent what is tagged, and to have a version taken in."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from edge_common.detections import ModelKind
from edge_common.methods import Answer, Method, Request
from edge_common.setting_groups import ModelId
from modules.trainer_agent.annotations import slug
from modules.trainer_agent.cloud import exporting, importing
from modules.trainer_agent.cloud.exporting import DatasetExport
from modules.trainer_agent.cloud.fetching import host_of
from modules.trainer_agent.cloud.importing import VersionImport
from modules.trainer_agent.cloud.jobs import CloudJobs, Job
from modules.trainer_agent.exchange.exporting import Way

_Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class ExportDataset(Request):
    """What is tagged of a model, as one file, to cloud storage."""

    model_id: ModelId = Field(alias="modelId", description="as listModels tells it")
    url: _Url | None = Field(
        default=None, description="SAS URL of a blob or a container; without one the setting handoff.container_url"
    )
    format: Way | None = Field(default=None, description="COCO where there are boxes, else the whole model")


class ImportModel(Request):
    """A version that was trained elsewhere, of a model that is here or of a new one."""

    model_id: ModelId | None = Field(default=None, alias="modelId", description="the model that gets a version")
    name: str | None = Field(default=None, min_length=1, max_length=64, description="of a new model")
    url: _Url = Field(description="where the file is, by http or https; it may not send elsewhere")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the file")
    format: Literal["onnx", "package"] = Field(description="an ONNX file, or the zip of a package")
    kind: ModelKind | None = Field(default=None, description="of an ONNX file")
    several: bool = Field(default=False, description="classification: a picture may have more than one label")
    labels: tuple[_Label, ...] | None = Field(default=None, min_length=1, max_length=1000, description="in its order")
    threshold: float = Field(default=0.5, ge=0.01, le=1, description="minimum confidence of every label")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.model_id is None) == (self.name is None):
            raise ValueError("either modelId or name expected")
        told = [name for name in ("kind", "labels") if getattr(self, name) is not None]
        if self.format == "onnx" and len(told) < 2:
            raise ValueError("kind and labels expected with an ONNX file")
        if self.format == "package" and told:
            raise ValueError(f"no {told[0]} expected with a package, which tells it itself")
        if len(set(self.labels or ())) != len(self.labels or ()):
            raise ValueError("labels: each but once expected")
        return self


class CloudMethods:
    """`methods` are what a hub serves."""

    def __init__(self, jobs: CloudJobs, export: DatasetExport, taking_in: VersionImport) -> None:
        self._jobs, self._export, self._taking_in = jobs, export, taking_in
        self.methods: Mapping[str, Method[Any]] = {
            exporting.METHOD: Method(ExportDataset, self._export_dataset),
            importing.METHOD: Method(ImportModel, self._import_model),
        }

    def _export_dataset(self, asked: ExportDataset) -> Answer:
        self._export.way(asked.model_id, asked.format)
        self._export.place(asked.url)
        work = {"url": asked.url, "format": asked.format, "reason": "asked"}
        return _accepted(self._jobs.add(exporting.METHOD, asked.model_id, asked.model_id, work))

    def _import_model(self, asked: ImportModel) -> Answer:
        host_of(asked.url)
        self._taking_in.check(asked.model_id, asked.name, asked.kind, asked.several, asked.labels or ())
        work = asked.model_dump(mode="json", exclude={"request_id", "model_id"})
        key = asked.model_id or slug(asked.name or "")
        return _accepted(self._jobs.add(importing.METHOD, key, asked.model_id, work))


def _accepted(job: Job) -> Answer:
    return Answer(202, {"modelId": job.model_id, "phase": "waiting", "progress": f"reported property {job.place}"})
