"""A camera in front of a simulated store shelf, for trying everything out without a camera."""

import time
from collections.abc import Callable

from edge_common.errors import CameraError, ConfigError
from modules.capture.cameras import Bounds, Shot, split_options
from modules.capture.shelf_scene import ShelfScene

_OPTIONS = {
    "seed": Bounds(1, 0, 1_000_000),
    "speed": Bounds(1.0, 0.01, 1000.0),
    "width": Bounds(960, 320, 1920),
    "height": Bounds(540, 180, 1080),
}


def open_simulation(place: str) -> "SimulatedCamera":
    """`shelf[?seed=N&speed=X&width=PX&height=PX]`; raises ConfigError."""
    scene, options = split_options("sim", place, _OPTIONS)
    if scene != "shelf":
        raise ConfigError([f"sim: the only scene is 'shelf', got {scene!r}"])
    shelf = ShelfScene(int(options["seed"]), width=int(options["width"]), height=int(options["height"]))
    return SimulatedCamera(shelf, options["speed"])


def scene_time_s(taken_ns: int, speed: float) -> float:
    """The time of the scene that a frame shows: `ShelfScene.at` of it gives the true boxes of that frame."""
    return taken_ns / 1e9 * speed


class SimulatedCamera:
    """Gives a picture of the present moment whenever it is asked."""

    def __init__(self, scene: ShelfScene, speed: float, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._scene = scene
        self._speed = speed
        self._now_ns = now_ns
        self._closed = False

    def read(self) -> Shot:
        if self._closed:
            raise CameraError("sim: the camera is closed")
        taken_ns = self._now_ns()
        return Shot(taken_ns, self._scene.draw(scene_time_s(taken_ns, self._speed)))

    def close(self) -> None:
        self._closed = True
