"""The one home of ONNX Runtime: a model loaded on the CPU, run by names, its errors those of this program."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import InferenceError, PackageError

# Its published builds send usage events to their maker unless this is set before the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as reasons

# The library's exceptions share no parent of their own, so the family is spelled out here.
_FAULTS = (
    reasons.EPFail,
    reasons.EngineError,
    reasons.Fail,
    reasons.InvalidArgument,
    reasons.InvalidGraph,
    reasons.InvalidProtobuf,
    reasons.NoModel,
    reasons.NoSuchFile,
    reasons.NotFound,
    reasons.NotImplemented,
    reasons.RuntimeException,
    RuntimeError,
    TypeError,
    ValueError,
)
_ERRORS_ONLY = 3

Shape = tuple[int | str | None, ...]
"""A number where the dimension is fixed, otherwise its name or None."""


class OnnxSession:
    """One loaded model. Arrays handed in or out belong to the caller; `run` may be called from several threads."""

    def __init__(self, model: bytes | Path, *, threads: int) -> None:
        """Load a model from its bytes or file; raises PackageError that says why it cannot be."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        # Waiting threads sleep: spinning would win microseconds and take the cores that cameras and pages need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena reuses memory between layers; a plan for the whole graph made beforehand holds more than that.
        options.enable_cpu_mem_arena = True
        options.enable_mem_pattern = False
        source = str(model) if isinstance(model, Path) else model
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except _FAULTS as error:
            name = str(model) if isinstance(model, Path) else f"a model of {len(model)} bytes"
            raise PackageError(f"ONNX Runtime cannot load {name}: {_first_line(error)}") from error
        self.inputs: dict[str, Shape] = _shapes(self._session.get_inputs())
        self.outputs: dict[str, Shape] = _shapes(self._session.get_outputs())

    def run(self, feeds: Mapping[str, NDArray[Any]], wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The outputs wanted (None: every one) by name; raises InferenceError that says why the model did not run.

        What no wanted output needs is not computed.
        """
        names = list(self.outputs if wanted is None else wanted)
        try:
            values = self._session.run(names, dict(feeds))
        except _FAULTS as error:
            raise InferenceError(f"ONNX Runtime failed: {_first_line(error)}") from error
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


def _shapes(values: list[Any]) -> dict[str, Shape]:
    return {value.name: tuple(value.shape) for value in values}


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
