"""Puts the layers of a detector's backbones into 8-bit whole numbers, by ONNX Runtime's static quantisation.

It is done in a process of its own: the library takes memory that it does not give back, and if it ends for want of it,
the training goes on without. Standard input: a pickled (model, squares); standard output: the quantised model.
What is learned on top of the backbones stays in floating point (ADR 31).
"""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import LearningError
from edge_common.images import Pixels
from edge_common.onnx_graph import ModelProto, NodeProto, at_opset, parse_graph, what_makes
from edge_common.service import EXIT_CLEAN, EXIT_FAULT, end_with_parent, leave
from edge_common.ssd import FEATURE_MAPS
from modules.trainer_agent.learning.teller import DETAIL

OPSET, IR_VERSION = 13, 8
"""The first in which the weights of each channel have a scale of their own."""
MAPS = (*FEATURE_MAPS, DETAIL)
"""Where the backbones end. Beside them stand their old boxes and logits, which eight bits are too coarse for."""
_LAYERS = ("Conv", "Clip", "Add")
_LONGEST_S = 600.0


def quantised(model: bytes, squares: Sequence[Pixels], room: Path) -> bytes:
    """The model with its backbones quantised; the squares, uint8 [S, S, 3] BGR, show the ranges of their layers.

    room: a folder for its own temporary files, which is gone afterwards. Raises LearningError with the reason.
    """
    shutil.rmtree(room, ignore_errors=True)  # what a killed training left
    room.mkdir(parents=True)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "modules.trainer_agent.learning.quantise"],
            input=pickle.dumps((model, [np.ascontiguousarray(square) for square in squares])),
            capture_output=True,
            env=os.environ | {"TMPDIR": str(room)},
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LearningError(f"quantising took longer than {_LONGEST_S:.0f} s") from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
    if done.returncode != EXIT_CLEAN:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        why = said[0][:300] if said else "memory may be short"
        raise LearningError(f"quantising ended with exit code {done.returncode}: {why}")
    return done.stdout


def layers_of_backbones(model: ModelProto) -> list[NodeProto]:
    """What makes the maps, from the first convolution of each backbone on."""
    made = {name for node in model.graph.node for name in node.output}
    makers = what_makes(model.graph.node, [name for name in MAPS if name in made])
    after: set[str] = set()
    layers = []
    for node in makers:
        # Before it pixels are brought to the range that the backbone learned from.
        if node.op_type == "Conv" or after.intersection(node.input):
            after.update(node.output)
            layers.append(node)
    return layers


class _Squares:
    """Gives the library one input after the other, None at the end."""

    def __init__(self, squares: Sequence[Pixels]) -> None:
        self._rest = iter(squares)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        square = next(self._rest, None)
        return None if square is None else {"image": square.transpose(2, 0, 1)[None].astype(np.float32)}


def main() -> int:
    """Read a model and squares, write the quantised model; ends with the process that started it."""
    end_with_parent()
    model, squares = pickle.load(sys.stdin.buffer)
    try:
        whole = _quantised(model, squares, Path(os.environ["TMPDIR"]))
    except Exception as error:  # there is nothing that the libraries do not raise
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
        return EXIT_FAULT
    sys.stdout.buffer.write(whole)
    sys.stdout.buffer.flush()
    return EXIT_CLEAN


def _quantised(model: bytes, squares: Sequence[Pixels], room: Path) -> bytes:
    # The home of the library says that it tells nobody of its use, before it is loaded here.
    import edge_common.onnx_session  # noqa: F401, I001
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    later = at_opset(parse_graph(model), OPSET, IR_VERSION)
    file, ranges, result = room / "later.onnx", room / "ranges.json", room / "quantised.onnx"
    file.write_bytes(later.SerializeToString())
    _learn_ranges(file, squares, ranges)
    quantize_static(
        file,
        result,
        None,
        # OpenVINO does not read the other format.
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(_LAYERS),
        nodes_to_quantize=[node.name for node in layers_of_backbones(later) if node.op_type in _LAYERS],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Seven bits of weights: processors without VNNI add pairs of products in 16 bits, which eight overflow.
        reduce_range=True,
        calibrate_method=CalibrationMethod.MinMax,
        calibration_cache_path=ranges,
    )
    return result.read_bytes()


def _learn_ranges(file: Path, squares: Sequence[Pixels], ranges: Path) -> None:
    """Write the ranges of the layers' tensors over the squares."""
    import onnxruntime
    from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data

    augmented = str(file.with_name("augmented.onnx"))
    calibrator = create_calibrator(file, list(_LAYERS), augmented_model_path=augmented)
    # The library's own session computes all layers before it looks at any: 2.3 GB at 960 px.
    options = onnxruntime.SessionOptions()
    options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    calibrator.infer_session = onnxruntime.InferenceSession(augmented, options, providers=["CPUExecutionProvider"])
    calibrator.collect_data(_Squares(squares))
    save_tensors_data(calibrator.compute_data(), ranges)


if __name__ == "__main__":
    leave(main())
