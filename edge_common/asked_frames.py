"""Frames that a skill asks staff to tag, on their way from inference to trainer_agent: a small folder of files."""

import json
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_common.detections import Detection, detections_json, parse_detections
from edge_common.durable import write_file
from edge_common.errors import CodecError
from edge_common.images import Pixels, encode_jpeg
from edge_common.json_fields import json_object, text, whole

log = logging.getLogger(__name__)

VERSION = 1
PLACE = Path("skills") / "asked"
"""Below the data folder."""
MOST_WAITING = 20
"""Beyond these, none is taken in: they are for people, who look at few."""
_QUALITY = 92


@dataclass(frozen=True)
class AskedFrame:
    """What is known of such a frame."""

    model_id: str
    model_version: str | None
    """That looked at it; None: none did."""
    camera: str
    taken_ns: int
    skill: str
    """That asks, by its name."""
    seen: tuple[Detection, ...]
    """What the model saw in it, best first."""


def encode_asked(asked: AskedFrame) -> bytes:
    """As UTF-8 JSON."""
    body = {"version": VERSION} | vars(asked) | {"seen": detections_json(asked.seen)}
    return json.dumps(body, ensure_ascii=False).encode()


def decode_asked(data: bytes) -> AskedFrame:
    """What UTF-8 JSON tells; raises CodecError that names the field and the value."""
    body = json_object("asked frame", data, VERSION)
    return AskedFrame(
        model_id=text(body, "model_id"),
        model_version=None if body.get("model_version") is None else text(body, "model_version"),
        camera=text(body, "camera"),
        taken_ns=whole(body, "taken_ns"),
        skill=text(body, "skill"),
        seen=parse_detections("seen", body.get("seen")),
    )


class AskedFrames:
    """The folder. One program puts, one takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, asked: AskedFrame, pixels: Pixels) -> bool:
        """Whether there was room. Raises OSError."""
        if sum(1 for _ in self._folder.glob("*.json")) >= MOST_WAITING:
            return False
        name = f"{asked.taken_ns:020d}-{uuid.uuid4().hex[:8]}"
        # The picture first: what is described is whole.
        write_file(self._folder / f"{name}.jpg", encode_jpeg(pixels, _QUALITY))
        write_file(self._folder / f"{name}.json", encode_asked(asked))
        return True

    def take(self) -> Iterator[tuple[AskedFrame, bytes]]:
        """Each with its picture as JPEG, oldest first; it is deleted once the next one is asked for."""
        for path in sorted(self._folder.glob("*.json")):
            picture = path.with_suffix(".jpg")
            try:
                asked = decode_asked(path.read_bytes())
                data = picture.read_bytes()
            except (OSError, CodecError) as error:
                log.error("%s is left out, what a skill asked for cannot be read: %s", path.name, error)
            else:
                yield asked, data
            path.unlink(missing_ok=True)
            picture.unlink(missing_ok=True)
