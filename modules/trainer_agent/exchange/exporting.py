"""Writes a model as one zip file, piece by piece while it is read: nothing is ever whole in memory or on the disk."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from edge_common.packages import (
    HELD_BACK_FILE,
    INT8_FILE,
    LABELS_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    TFLITE_FILE,
    PackageStore,
)
from modules.trainer_agent.annotations import LibraryImage, Model
from modules.trainer_agent.exchange import archive, coco, voc
from modules.trainer_agent.exchange.exchanged import ExchangedImage, ExchangedModel
from modules.trainer_agent.learning.dataset import TaggedBox, TaggedImage, digest_of_dataset
from modules.trainer_agent.library import Library
from modules.trainer_agent.rows import box_of, image_of, read_model

Way = Literal["model", "coco", "voc"]
_EPOCH = (1980, 1, 1, 0, 0, 0)


def ways_of(kind: ModelKind) -> tuple[Way, ...]:
    """The formats that a model of a kind can be exported to: COCO and VOC are about boxes."""
    return get_args(Way) if kind == "detection" else ("model",)


@dataclass(frozen=True)
class Export:
    """A model as one file, all of one moment."""

    pieces: Iterator[bytes]
    images: int
    """In the file; one that is deleted before it is read is left out."""
    dataset_sha256: str
    """Of what is tagged, as the manifest of a version that is trained on it tells it."""


def export_model(library: Library, packages: PackageStore, model_id: str, way: Way) -> Export:
    """Raises NotFound, InvalidInput.

    `model` has everything; the others the tagged images, as they cannot tell an image that nobody has looked at.
    """
    model, images = _content(library, model_id)
    if way not in ways_of(model.kind):
        raise InvalidInput(f"'{model.name}' is a classification model; {way.upper()} is about boxes.")
    if way != "model":
        images = [(stored, image) for stored, image in images if stored.tagged]
    return Export(_pieces(library, packages, model, images, way), len(images), _digest(model, images))


def _digest(model: Model, images: list[tuple[LibraryImage, ExchangedImage]]) -> str:
    index_of = {tag.name: index for index, tag in enumerate(model.tags)}
    tagged = (
        TaggedImage(
            Path(image.file),
            stored.digest,
            image.name,
            tuple(TaggedBox(index_of[tag], box) for tag, box in image.boxes),
            tuple(index_of[tag] for tag in image.tags),
        )
        for stored, image in sorted(images, key=lambda one: one[0].digest)
        if stored.tagged
    )
    return digest_of_dataset(model.kind, tuple(index_of), tagged, several=model.several)


def _content(library: Library, model_id: str) -> tuple[Model, list[tuple[LibraryImage, ExchangedImage]]]:
    """The model and its images with what is tagged, all of one moment, oldest first."""
    with library.database.reading() as rows:
        model = read_model(rows, model_id)
        names = {tag.id: tag.name for tag in model.tags}
        boxes: dict[int, list[tuple[str, Box]]] = {}
        for row in rows.execute(
            "SELECT boxes.* FROM boxes JOIN images ON images.id = image_id WHERE model_id = ? ORDER BY boxes.rowid",
            (model_id,),
        ):
            boxes.setdefault(row["image_id"], []).append((names[row["tag_id"]], box_of(row).box))
        images = []
        for row in rows.execute("SELECT * FROM library WHERE model_id = ? ORDER BY id", (model_id,)):
            stored = image_of(row)
            placed = ExchangedImage(
                file=f"images/{stored.digest}.jpg",
                name=stored.name,
                boxes=tuple(boxes.get(stored.id, ())),
                tags=tuple(names[tag_id] for tag_id in stored.tag_ids),
                nothing=bool(row["reviewed"]),
                source=stored.source,
                camera=stored.camera,
                taken_ns=stored.taken_ns,
            )
            images.append((stored, placed))
        return model, images


def _pieces(
    library: Library,
    packages: PackageStore,
    model: Model,
    images: list[tuple[LibraryImage, ExchangedImage]],
    way: Way,
) -> Iterator[bytes]:
    out = _Outbox()
    with zipfile.ZipFile(out, "w") as file:
        written = []
        for stored, image in images:
            try:
                data = library.pictures.path(stored.digest).read_bytes()
            except FileNotFoundError:
                continue  # deleted since; the document, which comes last, does not speak of it either
            placed = _placed(image, way)
            _put(file, placed.file, data)
            written.append((stored, placed))
            yield out.take()
        whole = ExchangedModel(
            model.name, model.kind, tuple(tag.name for tag in model.tags), tuple(image for _, image in written)
        )
        match way:
            case "coco":
                sizes = {image.file: (stored.width, stored.height) for stored, image in written}
                with file.open(_entry(coco.DOCUMENT, packed=True), "w") as document:
                    for piece in coco.write_coco(whole, sizes):
                        document.write(piece)
            case "voc":
                for stored, image in written:
                    path = f"{voc.DOCUMENTS}/{stored.digest}.xml"
                    _put(file, path, voc.write_voc(image, stored.width, stored.height), packed=True)
                    yield out.take()
                names = "".join(f"{stored.digest}\n" for stored, _ in written)
                _put(file, "ImageSets/Main/trainval.txt", names.encode(), packed=True)
            case "model":
                versions = []
                for version in packages.versions(model.id):
                    if _put_version(file, packages, model.id, version):
                        versions.append(version)
                    yield out.take()
                live = packages.current(model.id)
                described = archive.write_archive(
                    replace(
                        whole,
                        automatic=model.automatic,
                        attributes=model.attributes,
                        versions=tuple(versions),
                        live=live if live in versions else None,
                        several=model.several,
                        collecting=model.collecting,
                    )
                )
                _put(file, archive.DOCUMENT, described, packed=True)
    yield out.take()


def _placed(image: ExchangedImage, way: Way) -> ExchangedImage:
    if way != "voc":
        return image
    file = f"{voc.IMAGES}/{image.file.rpartition('/')[2]}"
    return ExchangedImage(file, image.name, image.boxes, image.tags, image.nothing)


def _put_version(file: zipfile.ZipFile, packages: PackageStore, model_id: str, version: str) -> bool:
    """Whether the version was whole and could be put in."""
    folder = packages.model_file(model_id, version).parent
    try:
        contents = {name: (folder / name).read_bytes() for name in (MANIFEST_FILE, MODEL_FILE, LABELS_FILE)}
    except FileNotFoundError:
        return False
    for name in (HELD_BACK_FILE, INT8_FILE, TFLITE_FILE):
        if (folder / name).is_file():
            contents[name] = (folder / name).read_bytes()
    for name, data in contents.items():
        _put(file, f"versions/{version}/{name}", data, packed=name not in (MODEL_FILE, INT8_FILE, TFLITE_FILE))
    return True


def _put(file: zipfile.ZipFile, name: str, data: bytes, *, packed: bool = False) -> None:
    file.writestr(_entry(name, packed=packed), data)


def _entry(name: str, *, packed: bool) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    return info


class _Outbox(io.RawIOBase):
    """What the zip writer has written and nobody has taken yet; it cannot go back in it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken
