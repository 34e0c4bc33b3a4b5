"""This program's own format: a whole model as one file, its document `model.json` to and from exchanged models. Pure.

model.json  images/<sha256>.jpg  versions/<version>/{model.onnx,manifest.json,labels.txt,held_back.json}
"""

from collections.abc import Collection
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_common.detections import ModelKind
from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from modules.trainer_agent.annotations import ImageSource
from modules.trainer_agent.exchange.exchanged import ExchangedImage, ExchangedModel, box_at, distinct, tag_name

DOCUMENT = "model.json"
FORMAT: Literal["fifteen-model"] = "fifteen-model"
_Name = Field(min_length=1, max_length=200)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Box(_Part):
    tag: int = Field(ge=0, description="index into the model's tags")
    box: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 in 0-1 of the picture")


class _Image(_Part):
    file: str = Field(pattern=r"^images/[0-9a-f]{64}\.jpg$")
    name: str = _Name
    source: ImageSource
    camera: str | None
    taken_ns: int = Field(ge=0, lt=2**63)
    tag: int | None = Field(default=None, ge=0, description="the only one of the whole picture")
    tags: tuple[int, ...] = Field(default=(), description="of the whole picture, where the model allows several")
    nothing: bool
    boxes: tuple[_Box, ...]


class _Document(_Part):
    format: Literal["fifteen-model"]
    format_version: Literal[1]
    name: str = _Name
    kind: ModelKind
    several: bool = False
    automatic: bool
    collecting: bool = True
    attributes: dict[str, str]
    tags: tuple[str, ...] = Field(min_length=1)
    images: tuple[_Image, ...]
    versions: tuple[str, ...]
    live: str | None


def is_archive(document: object) -> bool:
    return isinstance(document, dict) and document.get("format") == FORMAT


def read_archive(data: bytes, members: Collection[str]) -> ExchangedModel:
    """The document of a file with these members; raises InvalidInput that names every field that is not as expected."""
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{DOCUMENT}: {place}: {first['msg']}, got {str(first['input'])[:80]!r}.") from error
    tags = distinct([tag_name(tag, f"{DOCUMENT}: tags") for tag in document.tags], f"{DOCUMENT}: tags")
    if len(tags) != len(document.tags):
        raise InvalidInput(f"{DOCUMENT}: tags: each but once expected, got {', '.join(document.tags)[:200]}.")
    if document.live is not None and document.live not in document.versions:
        raise InvalidInput(f"{DOCUMENT}: live: one of the versions expected, got {document.live[:80]!r}.")
    images = tuple(
        _image(image, index, tags, members, several=document.several) for index, image in enumerate(document.images)
    )
    return ExchangedModel(
        document.name,
        document.kind,
        tags,
        images,
        document.automatic,
        document.attributes,
        document.versions,
        document.live,
        document.several,
        document.collecting,
    )


def write_archive(model: ExchangedModel) -> bytes:
    """The document; images are named by their digests and versions lie beside."""
    index_of = {tag: index for index, tag in enumerate(model.tags)}
    document = _Document(
        format=FORMAT,
        format_version=1,
        name=model.name,
        kind=model.kind,
        several=model.several,
        automatic=model.automatic,
        collecting=model.collecting,
        attributes=dict(model.attributes),
        tags=model.tags,
        images=tuple(
            _Image(
                file=image.file,
                name=image.name,
                source=image.source,
                camera=image.camera,
                taken_ns=image.taken_ns,
                tag=index_of[image.tags[0]] if image.tags and not model.several else None,
                tags=tuple(index_of[tag] for tag in image.tags) if model.several else (),
                nothing=image.nothing,
                boxes=tuple(_Box(tag=index_of[tag], box=(box.x0, box.y0, box.x1, box.y1)) for tag, box in image.boxes),
            )
            for image in model.images
        ),
        versions=model.versions,
        live=model.live,
    )
    return document.model_dump_json(indent=1).encode()


def _image(
    image: _Image, index: int, tags: tuple[str, ...], members: Collection[str], *, several: bool
) -> ExchangedImage:
    where = f"{DOCUMENT}: images[{index}]"
    if image.file not in members:
        raise InvalidInput(f"{where}.file: {image.file} is not in the file.")
    boxes = []
    for number, one in enumerate(image.boxes):
        x0, y0, x1, y1 = one.box
        place = f"{where}.boxes[{number}]"
        boxes.append((_tag(one.tag, tags, place), _box(x0, y0, x1, y1, place)))
    whole = image.tags if image.tag is None else (image.tag,)
    named = tuple(dict.fromkeys(_tag(one, tags, where) for one in whole))
    if len(named) > 1 and not several:
        raise InvalidInput(f"{where}.tags: one tag for an image expected, got {len(named)}.")
    return ExchangedImage(
        image.file, image.name, tuple(boxes), named, image.nothing, image.source, image.camera, image.taken_ns
    )


def _box(x0: float, y0: float, x1: float, y1: float, where: str) -> Box:
    box_at(x0, y0, x1 - x0, y1 - y0, where)
    return Box(x0, y0, x1, y1).clip()


def _tag(index: int, tags: tuple[str, ...], where: str) -> str:
    if index >= len(tags):
        raise InvalidInput(f"{where}.tag: an index below {len(tags)} expected, got {index}.")
    return tags[index]
