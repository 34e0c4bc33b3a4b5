"""What staff make: models, tags, images and boxes as values, and the rules for their names. No disk, no clock."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge_common.detections import ModelKind
from edge_common.errors import Conflict, InvalidInput
from edge_common.geometry import Box
from edge_common.sentences import counted, marked, sentence
from edge_common.settings import TrainingSettings

ImageSource = Literal["camera", "upload"]

LONGEST_MODEL_NAME = 64
LONGEST_TAG_NAME = 40
NARROWEST_BOX_PX = 4
_PART = re.compile(r'\s*(?:"([^"]*)"|\u201c([^\u201d]*)\u201d|([^",\u201c\u201d]*))\s*(?:,|$)')


@dataclass(frozen=True)
class Tag:
    """A name that staff give to what they see; it becomes the label that the trained model speaks."""

    id: int
    name: str


@dataclass(frozen=True)
class Model:
    """A model as staff created it; its trained versions are packages elsewhere."""

    id: str
    name: str
    kind: ModelKind
    automatic: bool
    """Train by itself when the minimum is first reached."""
    tags: tuple[Tag, ...]
    created: str
    """UTC, RFC 3339."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What operations sort models by, such as store = 12; of no use on the device itself."""
    several: bool = False
    """Classification: a picture may have more than one tag."""
    collecting: bool = True
    """Frames that are worth a look are kept by themselves."""


@dataclass(frozen=True)
class LibraryImage:
    """One stored picture of one model."""

    id: int
    model_id: str
    digest: str
    """sha256 of the stored file."""
    name: str
    """The name of the uploaded file, or the camera and the time."""
    width: int
    height: int
    source: ImageSource
    camera: str | None
    taken_ns: int
    """Unix time, UTC: when the frame was taken or the file was uploaded."""
    tag_ids: tuple[int, ...]
    """Classification only: the tags of the whole picture, one at most unless the model allows several."""
    tagged: bool
    """It has a box or a tag, or staff said that there is nothing to tag."""


class Repeated(Conflict):
    """A picture that the model has already."""

    code = "repeated"

    def __init__(self, message: str, image: LibraryImage) -> None:
        super().__init__(message)
        self.image = image


@dataclass(frozen=True)
class TaggedBox:
    """An area of an image and the tag it shows."""

    id: str
    """A UUID made where the box is drawn, so that sending it twice keeps one box."""
    tag_id: int
    box: Box


@dataclass(frozen=True)
class TrainingImage:
    """A tagged image as training sees it; tags are indexes into the model's tags."""

    path: Path
    digest: str
    name: str
    boxes: tuple[tuple[int, Box], ...]
    """Detection: tag index and box."""
    tags: tuple[int, ...]
    """Classification: tag indexes of the whole picture."""


@dataclass(frozen=True)
class TrainingSet:
    """A model and its tagged images, oldest first."""

    model: Model
    images: tuple[TrainingImage, ...]


@dataclass(frozen=True)
class Counts:
    """How many images a model has."""

    tagged: int
    untagged: int
    per_tag: Mapping[int, int]
    """Images that contain each tag, by tag id; every tag of the model is a key."""


def checked_model_name(name: str) -> str:
    """The name without outer blanks; raises InvalidInput."""
    return _checked_name(marked("Model name"), name, LONGEST_MODEL_NAME)


def checked_tag_name(name: str) -> str:
    """The tag without outer blanks; raises InvalidInput."""
    return _checked_name(marked("Tag"), name, LONGEST_TAG_NAME)


def parse_objects(text: str) -> tuple[str, ...]:
    """Tag names in `low stock, full` or `"low stock", "full"`, each once; raises InvalidInput.

    Quotes let a name hold a comma. A name that comes twice (case aside) is taken once.
    """
    names: dict[str, str] = {}
    place = 0
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise InvalidInput(f"Objects: names separated by commas expected, got {text[place:]!r}")
        name = next(group for group in part.groups() if group is not None)
        if name.strip():
            checked = checked_tag_name(name)
            names.setdefault(folded(checked), checked)
        place = part.end()
    return tuple(names.values())


def folded(name: str) -> str:
    """What two names share when they differ in case or Unicode form only."""
    return unicodedata.normalize("NFKC", name).casefold()


def slug(name: str) -> str:
    """The plain letters and digits of a name, joined by '-', at most 40; `model` when there are none."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "model"


def checked_box(box: Box, width: int, height: int) -> Box:
    """The part of the box inside a picture of `width` x `height` px; raises InvalidInput when too small to see."""
    inside = box.clip()
    wide, high = inside.width * width, inside.height * height
    if wide < NARROWEST_BOX_PX or high < NARROWEST_BOX_PX:
        raise InvalidInput(
            f"The box is too small: {wide:.0f} x {high:.0f} px of the picture; "
            f"at least {NARROWEST_BOX_PX} x {NARROWEST_BOX_PX} px expected."
        )
    return inside


def missing_for_training(
    kind: ModelKind, tags: Sequence[Tag], counts: Counts, settings: TrainingSettings
) -> tuple[str, ...]:
    """What a model still needs before it can be trained, in sentences for staff; empty when it is ready."""
    missing = []
    if kind == "classification" and len(tags) < 2:
        missing.append(sentence("Classification needs at least 2 tags; there is %(tags)s.", tags=len(tags)))
    if not tags:
        missing.append(sentence("At least one tag is needed."))
    lacking = settings.minimum_images - counts.tagged
    if lacking > 0:
        missing.append(
            counted(
                "%(num)s more tagged image is needed: %(tagged)s of %(least)s.",
                "%(num)s more tagged images are needed: %(tagged)s of %(least)s.",
                lacking,
                tagged=counts.tagged,
                least=settings.minimum_images,
            )
        )
    for tag in tags:
        found = counts.per_tag[tag.id]
        if found < settings.minimum_images_per_tag:
            missing.append(
                counted(
                    "'%(tag)s' is in %(num)s image; %(least)s are needed.",
                    "'%(tag)s' is in %(num)s images; %(least)s are needed.",
                    found,
                    tag=tag.name,
                    least=settings.minimum_images_per_tag,
                )
            )
    return tuple(missing)


def _checked_name(what: str, name: str, longest: int) -> str:
    stripped = unicodedata.normalize("NFC", name).strip()
    if not stripped:
        raise InvalidInput(sentence("%(field)s: a name is needed.", field=sentence(what)))
    if len(stripped) > longest:
        raise InvalidInput(
            sentence(
                "%(field)s: at most %(most)s characters expected, got %(got)s.",
                field=sentence(what),
                most=longest,
                got=len(stripped),
            )
        )
    bad = next((sign for sign in stripped if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")), None)
    if bad is not None:
        raise InvalidInput(f"{what}: one line of plain text expected, got the sign U+{ord(bad):04X} in {stripped!r}.")
    return stripped
