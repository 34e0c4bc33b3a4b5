"""The shelf before the simulated camera: what is truly to be seen in a picture, and how well boxes agree with it."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from edge_common.geometry import Box
from modules.capture.camera_sim import scene_time_s
from modules.capture.shelf_scene import ShelfScene

SPEED = 30
"""Half a minute of the shelf passes in a second, so that captures in a row show different scenes."""
CAMERA = f"sim:shelf?speed={SPEED}"
SCENE = ShelfScene(1)
"""The one that the camera shows unless its URL names another seed."""

Labelled = tuple[str, Box]


def truth(taken_ns: int, labels: Sequence[str]) -> list[Labelled]:
    """The true boxes of some labels in the frame that was taken then, cut off at the picture's edges."""
    return [(label, box.clip()) for label, box in SCENE.at(scene_time_s(taken_ns, SPEED)) if label in labels]


@dataclass
class Agreement:
    """How many boxes were true, found, and both (IoU of at least 0.5 with the right label)."""

    true: int = 0
    found: int = 0
    both: int = 0

    def add(self, true: Iterable[Labelled], found: Iterable[Labelled]) -> None:
        """Count a picture; every true box stands for one found box at most."""
        left = list(true)
        self.true += len(left)
        for label, box in found:
            self.found += 1
            fitting = [one for one in left if one[0] == label and one[1].iou(box) >= 0.5]
            if fitting:
                left.remove(max(fitting, key=lambda one: one[1].iou(box)))
                self.both += 1

    @property
    def recall(self) -> float:
        return self.both / self.true

    @property
    def precision(self) -> float:
        return self.both / max(1, self.found)


def task_in(html: str) -> dict[str, Any]:
    """The image, tags and boxes that a tagging page was served with."""
    found = re.search(r"data-task='([^']*)'", html)
    assert found is not None
    task: dict[str, Any] = json.loads(found[1])
    return task


def boxes_in(task: dict[str, Any]) -> list[Labelled]:
    """The boxes of a tagging page with the names of their tags."""
    names = {tag["id"]: tag["name"] for tag in task["tags"]}
    return [(names[box["tag"]], Box.from_list(box["box"])) for box in task["boxes"]]
