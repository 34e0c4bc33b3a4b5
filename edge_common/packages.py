"""Model packages on disk: write, verify, activate, roll back.

    models/<model id>/<version>/model.onnx  manifest.json  labels.txt  held_back.json  model.int8.onnx  model.tflite
    models/<model id>/current               names the active version; replaced atomically

A version is written in a folder of another name and renamed when every byte is on the disk, so a version that
can be seen is whole. `current` is one small file: readers see the old version or the new one.
"""

import json
import logging
import re
import shutil
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_common.detections import ModelKind
from edge_common.durable import replace_file, sync_folder, write_file
from edge_common.errors import InvalidInput, NotFound, PackageError
from edge_common.images import digest_of
from edge_common.scores import Comparison, Doubt, Int8, Score
from edge_common.tflite_facts import TfliteFacts

log = logging.getLogger(__name__)

MODEL_FILE = "model.onnx"
INT8_FILE = "model.int8.onnx"
"""The same model in whole numbers, for processors; in packages whose manifest says that it was kept."""
TFLITE_FILE = "model.tflite"
"""The same model as its makers published it, where they did so for TFLite."""
LABELS_FILE = "labels.txt"
HELD_BACK_FILE = "held_back.json"
"""What the model, not having learned from an image, found in it: what later versions are compared with."""
MANIFEST_FILE = "manifest.json"
CURRENT_FILE = "current"
RETIRED_FILE = ".current.retired"
"""What `current` is called while a model is in the bin."""
FORMAT_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Manifest(BaseModel):
    """Everything that a reader of a package needs to know, but the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    model_id: str
    model_name: str = Field(description="as staff named it")
    version: str
    kind: ModelKind
    several: bool = Field(default=False, description="classification: a picture may have more than one label")
    labels: tuple[str, ...] = Field(min_length=1, description="without background; index = class id - 1 in raw_probs")
    input_size_px: int = Field(ge=32, le=4096, description="the model takes [1, 3, size, size]")
    backbone: str
    backbone_sha256: str
    thresholds: dict[str, float] = Field(description="recommended minimum confidence for each label")
    score: Score | None
    comparison: Comparison | None = Field(default=None, description="with the version that was live")
    int8: Int8 | None = Field(default=None, description="of model.int8.onnx; null where none was tried")
    doubts: tuple[Doubt, ...] = Field(default=(), description="tags worth a second look, the most surprising first")
    alike: tuple[tuple[str, str], ...] = Field(
        default=(), description="digests of images that show the same as another, which follows"
    )
    attributes: dict[str, str] = Field(default={}, description="by which operations sort models; may change")
    images: int = Field(ge=0, description="tagged images that it was trained on")
    boxes: int = Field(ge=0)
    left_out: dict[str, str] = Field(default={}, description="images not used, by name, and why")
    dataset_sha256: str
    parent_version: str | None
    created: str = Field(description="UTC, RFC 3339")
    program_version: str
    tflite: TfliteFacts | None = Field(default=None, description="of model.tflite; null where there is none")
    files: dict[str, str] = Field(default={}, description="sha256 of every other file of the package")

    @property
    def has_int8(self) -> bool:
        """The package has INT8_FILE."""
        return self.int8 is not None and self.int8.kept

    @property
    def forms(self) -> frozenset[str]:
        """Files of the package that are the same model in another form."""
        return frozenset(([INT8_FILE] if self.has_int8 else []) + ([TFLITE_FILE] if self.tflite else []))


class PackageStore:
    """The packages under one folder. Safe for one writer and any number of readers in other processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(
        self, manifest: Manifest, model: bytes, held_back: bytes | None = None, forms: Mapping[str, bytes] | None = None
    ) -> Path:
        """Put a whole package on the disk (not active yet) and return its folder; raises PackageError.

        `held_back`: content of HELD_BACK_FILE, None for a model of which that is not known. `forms`: content of the
        model's other forms, by file name: just those of which the manifest tells.
        """
        target = self._folder(manifest.model_id, manifest.version)
        if target.exists():
            raise PackageError(f"package {manifest.model_id} {manifest.version} exists already")
        labels = "".join(f"{label}\n" for label in manifest.labels).encode()
        files = {MODEL_FILE: model, LABELS_FILE: labels}
        if held_back is not None:
            files[HELD_BACK_FILE] = held_back
        forms = forms or {}
        if forms.keys() != manifest.forms:
            where, told = f"package {manifest.model_id} {manifest.version}", sorted(manifest.forms)
            raise PackageError(f"{where}: the forms {told} of which the manifest tells expected, got {sorted(forms)}")
        files |= forms
        whole = manifest.model_copy(update={"files": {name: digest_of(data) for name, data in files.items()}})
        files[MANIFEST_FILE] = whole.model_dump_json(indent=2).encode()
        part = target.with_name(f".{manifest.version}.{uuid.uuid4().hex}.part")
        try:
            for name, data in files.items():
                write_file(part / name, data)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        sync_folder(target.parent)
        return target

    def read_manifest(self, model_id: str, version: str) -> Manifest:
        """Raises NotFound when there is no such package, PackageError when its manifest cannot be read."""
        path = self._folder(model_id, version) / MANIFEST_FILE
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise NotFound(f"there is no package {model_id} {version}") from error
        except ValidationError as error:
            raise PackageError(f"package {model_id} {version}: manifest not valid: {error}") from error

    def verify(self, model_id: str, version: str) -> Manifest:
        """The manifest, once every file is there and has its checksum; raises PackageError naming the file."""
        manifest = self.read_manifest(model_id, version)
        if (manifest.model_id, manifest.version) != (model_id, version):
            raise PackageError(f"package {model_id} {version}: manifest is of {manifest.model_id} {manifest.version}")
        for name in (MODEL_FILE, LABELS_FILE, *sorted(manifest.forms)):
            self._read(manifest, name)
        return manifest

    def read_held_back(self, model_id: str, version: str) -> bytes:
        """The package's HELD_BACK_FILE; raises PackageError when it is missing or damaged."""
        return self._read(self.read_manifest(model_id, version), HELD_BACK_FILE)

    def model_file(self, model_id: str, version: str) -> Path:
        return self._folder(model_id, version) / MODEL_FILE

    def activate(self, model_id: str, version: str) -> None:
        """Move `current` to a package that verifies; the caller has run it on real frames before."""
        self.verify(model_id, version)
        write_file(self._model_folder(model_id) / CURRENT_FILE, f"{version}\n".encode())
        log.info("model %s: version %s is live", model_id, version)

    def current(self, model_id: str) -> str | None:
        """The active version, or None if the model has none."""
        try:
            version = (self._model_folder(model_id) / CURRENT_FILE).read_text(errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return version or None

    def live(self) -> dict[str, str]:
        """Every model that has an active version: model id to version, sorted by id."""
        if not self.root.is_dir():
            return {}
        ids = sorted(folder.name for folder in self.root.iterdir() if _NAME.fullmatch(folder.name))
        return {model_id: version for model_id in ids if (version := self.current(model_id)) is not None}

    def versions(self, model_id: str) -> list[str]:
        """Every whole version of a model, oldest first (versions sort by time of creation)."""
        folder = self._model_folder(model_id)
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))

    def earlier(self, model_id: str) -> list[str]:
        """The whole versions before the active one, oldest first."""
        current = self.current(model_id)
        return [version for version in self.versions(model_id) if current is not None and version < current]

    def rollback(self, model_id: str) -> str:
        """Make the version before the active one active again and return it; raises NotFound if there is none."""
        older = self.earlier(model_id)
        if not older:
            raise NotFound(f"model {model_id} has no version before {self.current(model_id)}")
        self.activate(model_id, older[-1])
        return older[-1]

    def prune(self, model_id: str, keep: int) -> None:
        """Delete the oldest versions beyond `keep` (never the active one) and what a power cut left half-written."""
        folder = self._model_folder(model_id)
        versions = [version for version in self.versions(model_id) if version != self.current(model_id)]
        for version in versions[: max(0, len(versions) - keep + 1)]:
            self.discard(model_id, version)
        _sweep(folder)

    def keep_only(self, model_id: str, versions: Collection[str]) -> None:
        """Delete every other version (never the active one) and what was left half-written."""
        for version in self.versions(model_id):
            if version not in versions and version != self.current(model_id):
                self.discard(model_id, version)
        _sweep(self._model_folder(model_id))

    def discard(self, model_id: str, version: str) -> None:
        """Delete a version that was found not to run, if it is there; it must not be active."""
        _delete(self._folder(model_id, version))

    def label(self, model_id: str, attributes: Mapping[str, str]) -> None:
        """Have the manifest of every whole version tell these attributes; nothing else of a package ever changes."""
        for version in self.versions(model_id):
            # One that was deleted meanwhile, or is damaged, needs no label.
            with suppress(NotFound, PackageError, FileNotFoundError):
                manifest = self.read_manifest(model_id, version)
                if manifest.attributes != attributes:
                    labelled = manifest.model_copy(update={"attributes": dict(attributes)})
                    path = self._folder(model_id, version) / MANIFEST_FILE
                    replace_file(path, labelled.model_dump_json(indent=2).encode())

    def retire(self, model_id: str) -> None:
        """Have no version active until `reinstate`; nothing is deleted."""
        folder = self._model_folder(model_id)
        if (folder / CURRENT_FILE).is_file():
            (folder / CURRENT_FILE).replace(folder / RETIRED_FILE)
            sync_folder(folder)

    def reinstate(self, model_id: str) -> None:
        """Make the version active again that was so before `retire`, if there was one."""
        folder = self._model_folder(model_id)
        if (folder / RETIRED_FILE).is_file() and not (folder / CURRENT_FILE).exists():
            (folder / RETIRED_FILE).replace(folder / CURRENT_FILE)
            sync_folder(folder)

    def delete(self, model_id: str) -> None:
        """Delete every version of a model, the active one too; one that has none stays so."""
        _delete(self._model_folder(model_id))

    def _read(self, manifest: Manifest, name: str) -> bytes:
        path, expected = self._folder(manifest.model_id, manifest.version) / name, manifest.files.get(name)
        data = path.read_bytes() if path.is_file() else None
        found = None if data is None else digest_of(data)
        if data is None or found != expected:
            where = f"package {manifest.model_id} {manifest.version}"
            raise PackageError(f"{where}: {name} has sha256 {found}, {expected} expected")
        return data

    def _model_folder(self, model_id: str) -> Path:
        if not _NAME.fullmatch(model_id):
            raise InvalidInput(f"model id: letters, digits, '.', '_' and '-' expected, got {model_id!r}")
        return self.root / model_id

    def _folder(self, model_id: str, version: str) -> Path:
        if not _NAME.fullmatch(version):
            raise InvalidInput(f"version: letters, digits, '.', '_' and '-' expected, got {version!r}")
        return self._model_folder(model_id) / version


def _delete(path: Path) -> None:
    """Delete a file, or a folder whole; somebody else may be deleting it at the same time."""
    if path.is_dir():
        # Under the name of something half-written, so that one half-deleted is not taken for a version.
        hidden = path.with_name(f".{path.name[-64:]}.{uuid.uuid4().hex}.part")
        with suppress(FileNotFoundError):
            path = path.rename(hidden)
    # Two that delete the same folder find files gone under their hands; each looks again until nothing is left.
    while path.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _sweep(folder: Path) -> None:
    """Delete what is half-written or half-deleted in a model's folder."""
    for path in folder.glob(".*.part"):
        _delete(path)


def version_name(now: datetime) -> str:
    """What a version that is made now (UTC) is called: such names sort by time."""
    return now.strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def describe(manifest: Manifest) -> Mapping[str, object]:
    """The manifest as plain JSON values, for pages and twins."""
    described: dict[str, object] = json.loads(manifest.model_dump_json())
    return described
