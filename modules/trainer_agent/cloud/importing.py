"""Takes in a version that was trained elsewhere: fetched, tried apart from all else, and kept as a candidate."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_common.detections import ModelKind
from edge_common.errors import Conflict, InvalidInput
from edge_common.images import digest_of
from edge_common.packages import (
    HELD_BACK_FILE,
    INT8_FILE,
    LABELS_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Manifest,
    PackageStore,
    version_name,
)
from edge_common.telemetry_events import ModelImported
from edge_common.version import VERSION
from modules.trainer_agent.annotations import Model, checked_model_name, folded
from modules.trainer_agent.cloud.check_version import COMMAND, SILENCE_S
from modules.trainer_agent.cloud.fetching import DEFAULT_BOUNDS, Bounds, fetch
from modules.trainer_agent.cloud.jobs import Job, Progress
from modules.trainer_agent.exchange.zip_reading import ZipReader
from modules.trainer_agent.job import Job as Process
from modules.trainer_agent.library import Library

METHOD = "importModel"
ELSEWHERE = "trained elsewhere"
"""The backbone of a model of which nothing more is known."""
_PREFIX = "import-"
_LARGEST_MODEL_BYTES = 200_000_000


@dataclass(frozen=True)
class _Version:
    """What was fetched, not tried yet."""

    manifest: dict[str, Any]
    """Without `input_size_px` where only the model itself tells it."""
    files: dict[str, bytes]


class VersionImport:
    """The work of the method."""

    def __init__(
        self,
        library: Library,
        packages: PackageStore,
        prune: Callable[[str], None],
        folder: Path,
        *,
        bounds: Bounds = DEFAULT_BOUNDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """prune: deletes a model's versions beyond those that are kept. folder: of the files on their way."""
        self._library, self._packages, self._prune = library, packages, prune
        self._folder, self._bounds, self._command = folder, bounds, command
        for left in folder.glob(f"{_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)  # by a run that was killed

    def check(
        self, model_id: str | None, name: str | None, kind: ModelKind | None, several: bool, labels: Sequence[str]
    ) -> None:
        """Raise NotFound, Conflict or InvalidInput when that cannot be a version of the model, or a new one."""
        if model_id is None:
            wanted = folded(checked_model_name(name or ""))
            if any(folded(model.name) == wanted for model in self._library.models()):
                raise Conflict(f"name: there is a model named '{name}' already; name its modelId")
            return
        model = self._library.model(model_id)
        if kind is not None:
            _check_fits(model, kind, several, labels)

    def work(self, job: Job, progress: Progress) -> ModelImported:
        """Do the job; raises EdgeError that says what is wrong, and leaves nothing behind then."""
        asked = job.asked
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=_PREFIX) as name:
            file = Path(name) / "fetched"
            progress.now("fetching")
            fetch(asked["url"], asked["sha256"], file, progress.persistence, progress.done, self._bounds)
            progress.now("checking")
            found = _package(file) if asked["format"] == "package" else _plain(file, asked)
            if job.model_id is not None:
                told = found.manifest
                _check_fits(self._library.model(job.model_id), told["kind"], told["several"], told["labels"])
            size = self._tried(found, Path(name))
        return self._keep(job, {**found.manifest, "input_size_px": size}, found.files)

    def _tried(self, found: _Version, folder: Path) -> int:
        """The side of its input in pixels, as the process says that tries it; raises InvalidInput, LearningError."""
        models = []
        for name in (MODEL_FILE, INT8_FILE):
            if name in found.files:
                (folder / name).write_bytes(found.files[name])
                models.append(str(folder / name))
        request = json.dumps({"models": models, "manifest": found.manifest}).encode() + b"\n"
        process = Process(
            self._command, silence_s=SILENCE_S, what="Trying the model", consolation="It is not taken in."
        )
        with contextlib.closing(process.lines(request)) as lines:
            told = json.loads(next(lines))
        if "problem" in told:
            raise InvalidInput(f"the model cannot be taken: {told['problem']}")
        return int(told["size_px"])

    def _keep(self, job: Job, told: dict[str, Any], files: dict[str, bytes]) -> ModelImported:
        created = job.model_id is None
        if job.model_id is None:
            model = self._library.create_model(
                job.asked["name"], told["kind"], told["labels"], automatic=False, several=told["several"]
            )
        else:
            model = self._library.model(job.model_id)
        here = {
            "model_id": model.id,
            "model_name": model.name,
            "version": version_name(datetime.now(UTC)),
            "attributes": model.attributes,
        }
        try:
            manifest = Manifest.model_validate(told | here)
            forms = {name: files[name] for name in manifest.forms}
            self._packages.write(manifest, files[MODEL_FILE], files.get(HELD_BACK_FILE), forms)
        except BaseException:
            if created:
                self._library.delete_model(model.id)
            raise
        self._prune(model.id)
        return ModelImported(
            model_id=model.id, model_version=manifest.version, kind=manifest.kind, sha256=job.asked["sha256"]
        )


def _plain(file: Path, asked: Mapping[str, Any]) -> _Version:
    """An ONNX file with what was said of it."""
    model = file.read_bytes()
    if len(model) > _LARGEST_MODEL_BYTES:
        raise InvalidInput(f"a model of at most {_LARGEST_MODEL_BYTES} bytes expected, got {len(model)}")
    manifest = {
        "model_id": "imported",
        "model_name": "imported",
        "version": "imported",
        **{name: asked[name] for name in ("kind", "several", "labels")},
        "backbone": ELSEWHERE,
        "backbone_sha256": digest_of(model),
        "thresholds": dict.fromkeys(asked["labels"], asked["threshold"]),
        "score": None,
        "images": 0,
        "boxes": 0,
        "dataset_sha256": digest_of(b""),
        "parent_version": None,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "program_version": VERSION,
    }
    return _Version(manifest, {MODEL_FILE: model})


def _package(file: Path) -> _Version:
    """The package in a zip file, each of its files with the checksum that its manifest tells; raises InvalidInput."""
    with ZipReader(file) as opened:
        places = [name for name in opened.names if name.rpartition("/")[2] == MANIFEST_FILE]
        if len(places) != 1:
            raise InvalidInput(f"one {MANIFEST_FILE} in the zip expected, got {len(places)}")
        folder = places[0].removesuffix(MANIFEST_FILE)
        try:
            manifest = Manifest.model_validate_json(opened.read(places[0]))
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidInput(f"{MANIFEST_FILE}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        wanted = [MODEL_FILE, LABELS_FILE, *sorted(manifest.forms)]
        wanted += [HELD_BACK_FILE] if f"{folder}{HELD_BACK_FILE}" in opened.names else []
        files = {}
        for name in wanted:
            if f"{folder}{name}" not in opened.names:
                raise InvalidInput(f"{name} expected beside {MANIFEST_FILE}")
            files[name] = opened.read(f"{folder}{name}", _LARGEST_MODEL_BYTES)
            if digest_of(files[name]) != manifest.files.get(name):
                raise InvalidInput(f"{name}: it has not the checksum that {MANIFEST_FILE} tells")
    # Of versions that are not here.
    there = manifest.model_copy(update={"comparison": None, "parent_version": None})
    return _Version(there.model_dump(mode="json"), files)


def _check_fits(model: Model, kind: str, several: bool, labels: Sequence[str]) -> None:
    """Raise InvalidInput unless it finds what the model is to find."""
    if (kind, several) != (model.kind, model.several):
        words = {True: " by several tags", False: ""}
        raise InvalidInput(
            f"kind: {model.kind}{words[model.several]} expected, as model {model.id} is, got {kind}{words[several]}"
        )
    tags = [tag.name for tag in model.tags]
    if unknown := [label for label in labels if label not in tags]:
        raise InvalidInput(f"labels: tags of model {model.id} ({', '.join(tags)[:200]}) expected, got {unknown[0]!r}")
