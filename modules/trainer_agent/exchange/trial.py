"""A model that comes from outside is tried before it is kept: it stands alone, loads, and answers as its kind must."""

import numpy as np

from edge_common.errors import PackageError
from edge_common.onnx_graph import external_files
from edge_common.onnx_session import OnnxSession
from edge_common.packages import Manifest
from modules.trainer_agent.learning.verify import check_outputs


def try_model(manifest: Manifest, model: bytes) -> None:
    """Raise PackageError, or InferenceError, unless the model runs on a grey picture and gives sane outputs."""
    where = f"package {manifest.model_id} {manifest.version}"
    if outside := external_files(model):
        raise PackageError(f"{where}: model.onnx refers to another file, {outside[0][:80]!r}; it must be whole")
    missing = [label for label in manifest.labels if label not in manifest.thresholds]
    if missing:
        raise PackageError(f"{where}: no threshold for {missing[0]!r}")
    session = OnnxSession(model, threads=1)
    size = manifest.input_size_px
    if list(session.inputs) != ["image"]:
        raise PackageError(f"{where}: one input 'image' expected, got {sorted(session.inputs)}")
    check_outputs(manifest, session.run({"image": np.full((1, 3, size, size), 114, dtype=np.float32)}))
