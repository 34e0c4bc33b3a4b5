"""A model whose versions see colours, and pictures for it, for tests of what is proposed."""

import numpy as np

from tests.inference.tiny_models import GREEN_SHELF, RED_SHELF, publish_model
from tests.trainer_agent.learning.coloured import BOTTOM_RIGHT, GREEN, RED, TOP_LEFT

TOP_RIGHT = [0.5, 0, 1, 0.5]


def shelves_of(library, names=(GREEN_SHELF, RED_SHELF)):
    return library.create_model("Shelves", "detection", list(names), automatic=False)


def put_live(packages, model, version="1"):
    """A version that sees green as the model's first tag and red as its second, quarter by quarter."""
    names = tuple(tag.name for tag in model.tags)
    publish_model(packages, version, model_id=model.id, labels=names, thresholds=dict.fromkeys(names, 0.5))


def add_shelf(library, model, name="shelf.jpg", *, side=480):
    """A square picture: green at the top left, red at the bottom right, a paler red at the top right."""
    picture = np.full((side, side, 3), len(name), dtype=np.uint8)
    half = side // 2
    picture[:half, :half], picture[half:, half:], picture[:half, half:] = GREEN, RED, (0, 0, 180)
    return library.add_image(model.id, picture, name, "upload", camera=None, taken_ns=1)


FOUND = {"green": TOP_LEFT.to_list(), "red": BOTTOM_RIGHT.to_list(), "paler": TOP_RIGHT}
