"""Brings a model with its images into the library from a file: all of it, or nothing with the place that is wrong."""

import hashlib
import secrets
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge_common.errors import EdgeError, InvalidInput, PackageError
from edge_common.images import decode_image, digest_of
from edge_common.packages import (
    HELD_BACK_FILE,
    INT8_FILE,
    LABELS_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Manifest,
    PackageStore,
)
from edge_common.sentences import marked, sentence
from modules.trainer_agent.annotations import (
    LONGEST_MODEL_NAME,
    Model,
    checked_box,
    checked_model_name,
    folded,
    slug,
)
from modules.trainer_agent.attributes import checked_attributes
from modules.trainer_agent.database import Rows
from modules.trainer_agent.exchange.exchanged import ExchangedImage, ExchangedModel
from modules.trainer_agent.exchange.formats import read_model_file
from modules.trainer_agent.exchange.trial import try_model
from modules.trainer_agent.exchange.zip_reading import LARGEST_IMAGE_BYTES, ZipReader
from modules.trainer_agent.library import Library
from modules.trainer_agent.model_bin import free_name
from modules.trainer_agent.pictures import LONGEST_SIDE_PX, picture_of
from modules.trainer_agent.rows import insert_model, insert_tags, read_model, tag_image

_LARGEST_MODEL_BYTES = 200_000_000
_JPEG = b"\xff\xd8\xff"

Told = Callable[[float, str], None]
"""Called with the fraction that is done and what is being done."""


@dataclass(frozen=True)
class Imported:
    """What came of it."""

    model: Model
    images: int
    left_out: tuple[str, ...]
    """Sentences about what was not taken."""


@dataclass(frozen=True)
class _Staged:
    digest: str
    width: int
    height: int
    image: ExchangedImage


def import_model(file: Path, name: str, library: Library, packages: PackageStore, told: Told) -> Imported:
    """Take in the model in a zip file; `name`: of the file, for formats that name no model.

    Raises InvalidInput that names the place in the file, and leaves nothing behind then.
    """
    told(0.0, marked("Looking at the file"))
    with ExitStack() as stack:
        opened = stack.enter_context(ZipReader(file))
        found = read_model_file(opened, _model_name(name))
        checked_model_name(found.name)
        attributes = checked_attributes(found.attributes)
        staging = library.pictures.staging(uuid.uuid4().hex)
        stack.callback(shutil.rmtree, staging, ignore_errors=True)
        staged, left_out = _stage(opened, found, staging, told)
        model_id = f"{slug(found.name)}-{secrets.token_hex(3)}"
        # Until `current` names one, versions that lie there are nothing to anybody.
        undo = stack.enter_context(ExitStack())
        undo.callback(packages.delete, model_id)
        for number, version in enumerate(found.versions):
            told(0.9 + 0.1 * number / len(found.versions), marked("Trying the versions"))
            _write_version(opened, found, {"model_id": model_id, "attributes": attributes}, version, packages)
        model, small = _keep(library, found, attributes, staged, staging, model_id)
        undo.pop_all()
    if found.live is not None:
        packages.activate(model_id, found.live)
    if small:
        left_out = (*left_out, f"Boxes that were too small to see and were left out: {small}.")
    return Imported(model, len(staged), left_out)


def _model_name(file_name: str) -> str:
    plain = file_name.replace("\\", "/").rpartition("/")[2].removesuffix(".zip").replace("_", " ")
    return "".join(sign for sign in plain if sign.isprintable()).strip()[:LONGEST_MODEL_NAME] or "Imported model"


def _stage(
    opened: ZipReader, found: ExchangedModel, staging: Path, told: Told
) -> tuple[tuple[_Staged, ...], tuple[str, ...]]:
    """Decode every image and write it as it will be kept; of pictures that come twice the first is taken."""
    staged: dict[str, _Staged] = {}
    again = 0
    for number, image in enumerate(found.images):
        told(
            0.9 * number / len(found.images),
            sentence("Image %(number)s of %(all)s", number=number + 1, all=len(found.images)),
        )
        data = opened.read(image.file, LARGEST_IMAGE_BYTES)
        pixels = decode_image(data, image.file)
        digest, (height, width) = digest_of(data), pixels.shape[:2]
        # A picture of ours stays what it is, so that what is known of it by its digest stays true.
        if (
            f"{digest}.jpg" != image.file.rpartition("/")[2]
            or not data.startswith(_JPEG)
            or max(height, width) > LONGEST_SIDE_PX
        ):
            picture = picture_of(pixels)
            digest, width, height, data = picture.digest, picture.width, picture.height, picture.data
        if digest in staged:
            again += 1
            continue
        (staging / f"{digest}.jpg").write_bytes(data)
        staged[digest] = _Staged(digest, width, height, image)
    said = (f"Pictures that were there twice and were taken once: {again}.",) if again else ()
    return tuple(staged.values()), said


def _write_version(
    opened: ZipReader, found: ExchangedModel, here: dict[str, Any], version: str, packages: PackageStore
) -> None:
    """Put a version's package in the store, once its files have their checksums and it runs.

    `here`: what its manifest tells otherwise on this device.
    """
    folder = f"versions/{version}"
    path = f"{folder}/{MANIFEST_FILE}"
    for name in (MANIFEST_FILE, MODEL_FILE, LABELS_FILE):
        if f"{folder}/{name}" not in opened.names:
            raise InvalidInput(f"{folder}/{name}: is not in the file.")
    try:
        manifest = Manifest.model_validate_json(opened.read(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    if manifest.version != version or manifest.kind != found.kind:
        raise InvalidInput(
            f"{path}: version {version}, {found.kind} expected, got {manifest.version}, {manifest.kind}."
        )
    held_back = f"{folder}/{HELD_BACK_FILE}"
    models = (MODEL_FILE, *sorted(manifest.forms))
    for name in models:
        if f"{folder}/{name}" not in opened.names:
            raise InvalidInput(f"{folder}/{name}: is not in the file.")
    files = {name: opened.read(f"{folder}/{name}", _LARGEST_MODEL_BYTES) for name in models}
    if held_back in opened.names:
        files[HELD_BACK_FILE] = opened.read(held_back)
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != manifest.files.get(name):
            raise InvalidInput(f"{folder}/{name}: has not the checksum that {path} tells.")
    try:
        for name in (MODEL_FILE, INT8_FILE):
            if name in files:
                try_model(manifest, files[name])
        here_too = manifest.model_copy(update=here)
        forms = {name: files[name] for name in manifest.forms}
        packages.write(here_too, files[MODEL_FILE], files.get(HELD_BACK_FILE), forms)
    except (PackageError, EdgeError) as error:
        raise InvalidInput(f"{folder}: {error}") from error


def _keep(
    library: Library,
    found: ExchangedModel,
    attributes: dict[str, str],
    staged: tuple[_Staged, ...],
    staging: Path,
    model_id: str,
) -> tuple[Model, int]:
    """Pictures in their place, then all rows at once: the model, and how many boxes were too small."""
    created = datetime.now(UTC).isoformat(timespec="seconds")
    with library.pictures_moving(), library.database.writing() as rows:
        library.pictures.take_in(staging)
        name = free_name(rows, checked_model_name(found.name))
        described = Model(
            *(model_id, name, found.kind, found.automatic, (), created, attributes, found.several, found.collecting)
        )
        insert_model(rows, described)
        insert_tags(rows, model_id, found.tags)
        model = read_model(rows, model_id)
        tag_ids = {folded(tag.name): tag.id for tag in model.tags}
        small = sum(_insert(rows, model, one, tag_ids) for one in staged)
        return model, small


def _insert(rows: Rows, model: Model, staged: _Staged, tag_ids: dict[str, int]) -> int:
    """One image with its boxes; the number of those that are too small."""
    image = staged.image
    small = 0
    kept = []
    for tag, box in image.boxes:
        try:
            kept.append((tag_ids[folded(tag)], checked_box(box, staged.width, staged.height)))
        except InvalidInput:
            small += 1
    image_id = rows.execute(
        "INSERT INTO images (model_id, digest, name, width, height, source, camera, taken_ns, reviewed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            *(model.id, staged.digest, image.name, staged.width, staged.height, image.source, image.camera),
            *(image.taken_ns or time.time_ns(), image.nothing),
        ),
    ).fetchone()["id"]
    if image.tags:
        tag_image(rows, image_id, [tag_ids[folded(tag)] for tag in image.tags])
    for tag_id, box in kept:
        rows.execute(
            "INSERT INTO boxes (image_id, id, tag_id, x0, y0, x1, y1) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (image_id, str(uuid.uuid4()), tag_id, *box.to_list()),
        )
    return small
