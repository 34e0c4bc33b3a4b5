"""Which layers of ONNX files the Myriad X's plugin does not take, as JSON; no device is needed.

`python bench/vpu_layers.py MODEL.onnx [MODEL.onnx ...]`, in the environment of docs/vpu.md: the plugin's Python is
older than ours, so this file imports nothing of ours. Ends with 1 if any layer is not taken.
"""

import json
import sys

import ngraph
from openvino.inference_engine import IECore

_NO_LAYERS = {"Constant", "Parameter", "Result"}


def layers_not_taken(core: IECore, path: str) -> list[str]:
    """Type and name of each layer that the plugin does not say it takes."""
    network = core.read_network(path)
    taken = core.query_network(network, "MYRIAD")
    layers = [
        (layer.get_type_name(), layer.get_friendly_name())
        for layer in ngraph.function_from_cnn(network).get_ordered_ops()
    ]
    return [f"{kind} {name}" for kind, name in layers if kind not in _NO_LAYERS and name not in taken]


def main(paths: list[str]) -> int:
    core = IECore()
    left = {path: layers_not_taken(core, path) for path in paths}
    print(json.dumps(left, indent=2))
    return 1 if any(left.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
