"""The picture that a model zip is tried on: one of those that the model was taught with, where there is one."""

import logging

import numpy as np

from edge_common.errors import EdgeError
from edge_common.images import Pixels, decode_image
from modules.trainer_agent.handoff.s1 import NATIVE_SIZE
from modules.trainer_agent.library import Library

log = logging.getLogger(__name__)


def trial_picture(library: Library, model_id: str) -> Pixels:
    """uint8 [height, width, 3] BGR; stripes for a ready-made model, which has no images."""
    try:
        tagged = library.images(model_id, tagged=True, limit=1)
        if tagged:
            return decode_image(library.pictures.image_file(tagged[0].digest).read_bytes())
    except (EdgeError, OSError) as error:
        log.info("model %s: its zip is tried on stripes: %s", model_id, error)
    width, height = NATIVE_SIZE
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [(rows * step + columns // step) % 256 for step in (1, 2, 3)]
    return np.stack(planes, axis=-1).astype(np.uint8)
