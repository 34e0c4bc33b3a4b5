"""A version that was trained before, asked about pictures."""

from pathlib import Path

import numpy as np

from edge_common.detections import Detection
from edge_common.geometry import Letterbox
from edge_common.images import Pixels
from edge_common.model_io import decode, to_input
from edge_common.onnx_session import OnnxSession
from edge_common.packages import Manifest

OVERLAP = 0.5
LEAST_CONFIDENCE = 0.02


class PackagedModel:
    """A loaded package; `look` may be called from several threads."""

    def __init__(self, manifest: Manifest, model: Path | bytes, threads: int) -> None:
        """Raises PackageError when the file cannot be loaded."""
        self.manifest = manifest
        self._session = OnnxSession(model, threads=threads)

    def look(self, pixels: Pixels, least: float = LEAST_CONFIDENCE) -> tuple[Detection, ...]:
        """What it sees in a picture, uint8 [height, width, 3] BGR, down to a confidence; raises InferenceError."""
        size, labels = self.manifest.input_size_px, self.manifest.labels
        return decode(
            self._session.run({"image": to_input(pixels, size)}),
            kind=self.manifest.kind,
            labels=labels,
            thresholds=np.full(len(labels), least, dtype=np.float32),
            overlap=OVERLAP,
            place=Letterbox(pixels.shape[1], pixels.shape[0], size),
        )
