"""Stands in for the package azure-percept 0.0.13, which runs on that board only: what its documentation promises.

Its "blob" is the model file itself, of the fake runtime; its outputs come as the VPU gives them, without names.
"""

import json
import os
import time
from pathlib import Path

import numpy as np


class InferenceResult:
    def __init__(self, inference):
        self.inference = inference


class VisionDevice:
    def __init__(self, authenticator=None, timeout_seconds=100):
        self._ready_s = time.monotonic() + 0.3
        self._model = None

    def is_ready(self):
        return time.monotonic() > self._ready_s

    def convert_model(
        self, filepath, scale_values=None, mean_values=None, reverse_input_channels=False, output_dir="./"
    ):
        print("Converting model, this can take time, please wait...")
        # As the package does: the name up to the first dot, by a shell.
        name = os.path.basename(filepath).split(".")[0]
        os.system(f"cp {filepath} {os.path.join(output_dir, name)}.blob")

    def start_inference(self, blob_model_path=None, input_src=("/camera1",)):
        if not self.is_ready():
            raise Exception("Device must be ready before inference can start")
        if self._model is not None:
            raise Exception("Inference already running. Call stop_inference() first")
        self._model = json.loads(Path(blob_model_path).read_text())

    def stop_inference(self):
        self._model = None

    def get_inference(self, return_image=False, input=b"", input_shape=(720, 1280)):
        if self._model is None:
            raise Exception("Inference not started.")
        planes = np.frombuffer(input, dtype=np.uint8).reshape(3, *input_shape).astype(np.float32) / 255
        if self._model["kind"] == "classification":
            return InferenceResult(planes.mean(axis=(1, 2)))
        half = input_shape[0] // 2
        probs = planes.reshape(3, 2, half, 2, half).mean(axis=(2, 4)).reshape(3, 4).T
        return InferenceResult([np.full((1, 4, 4), 0.5, dtype=np.float32), probs[None]])
