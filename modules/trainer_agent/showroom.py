"""Ready-made models as staff try them, and their installation as packages that inference runs."""

import threading
from pathlib import Path

from edge_common.detections import Detection
from edge_common.images import Pixels
from edge_common.packages import PackageStore
from edge_common.ready_made import READY_MADE, ReadyMade, build_package, with_tflite
from edge_common.zoo import read_labels
from modules.trainer_agent.learning.packaged_model import PackagedModel

BEST_NAMES = 5


class Showroom:
    """Every method may be called from any thread. The model tried last stays loaded, as it will be asked again."""

    def __init__(self, zoo: Path, packages: PackageStore) -> None:
        self._zoo = zoo
        self._packages = packages
        self._lock = threading.Lock()
        self._tried: tuple[ReadyMade, PackagedModel] | None = None

    def labels(self, one: ReadyMade) -> tuple[str, ...]:
        """Raises PackageError."""
        return read_labels(self._zoo, one.zoo_name)

    def look(self, one: ReadyMade, pixels: Pixels) -> tuple[Detection, ...]:
        """What it sees in a picture, uint8 [height, width, 3] BGR: boxes, or the best five names.

        Raises NotFound, PackageError, InferenceError.
        """
        with self._lock:
            if self._tried is None or self._tried[0] != one:
                self._tried = (one, PackagedModel(*build_package(self._zoo, one), threads=1))
            found = self._tried[1].look(pixels, one.threshold if one.kind == "detection" else 0.0)
        return found if one.kind == "detection" else found[:BEST_NAMES]

    def installed(self) -> tuple[ReadyMade, ...]:
        """Those that are live."""
        return tuple(one for one in READY_MADE if self._packages.current(one.model_id) is not None)

    def install(self, one: ReadyMade) -> None:
        """Make it live; raises NotFound or PackageError when the zoo is not whole."""
        manifest, model = build_package(self._zoo, one)
        manifest, forms = with_tflite(self._zoo, manifest)
        with self._lock:
            if manifest.version not in self._packages.versions(one.model_id):
                self._packages.write(manifest, model, forms=forms)
            self._packages.activate(one.model_id, manifest.version)

    def remove(self, one: ReadyMade) -> None:
        """Take it from the device; it can be installed again."""
        with self._lock:
            self._packages.delete(one.model_id)
