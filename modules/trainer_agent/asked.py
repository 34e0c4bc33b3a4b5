"""Takes in frames that skills ask staff to tag: they wait in To check of their model, within the share of a day."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from edge_common.asked_frames import AskedFrame, AskedFrames
from edge_common.errors import Conflict, ImageError, NotFound
from edge_common.images import decode_image
from modules.trainer_agent.library import Library

log = logging.getLogger(__name__)


def take_asked(asked: AskedFrames, library: Library, has_room: Callable[[str], bool]) -> None:
    """All that wait; has_room: whether another frame of a model, by its id, may be kept now."""
    for frame, data in asked.take():
        try:
            if not has_room(frame.model_id):
                log.info("model %s: a frame that skill %s asks for is left out, as there are enough", *_named(frame))
                continue
            _keep(frame, data, library)
        except (NotFound, Conflict, ImageError) as error:
            log.warning("model %s: a frame that skill %s asks for is left out: %s", *_named(frame), error)


def _keep(frame: AskedFrame, data: bytes, library: Library) -> None:
    name = f"{frame.camera} {datetime.fromtimestamp(frame.taken_ns / 1e9):%Y-%m-%d %H.%M.%S}"
    image = library.add_image(
        frame.model_id, decode_image(data, name), name, "camera", camera=frame.camera, taken_ns=frame.taken_ns
    )
    library.checks.add(image.id, "skill", version=frame.model_version, seen=frame.seen, kept_ns=time.time_ns())
    log.info("model %s: a frame that skill %s asks for is kept to be checked", *_named(frame))


def _named(frame: AskedFrame) -> tuple[str, str]:
    return frame.model_id, frame.skill
