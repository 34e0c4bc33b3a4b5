"""Proves a written package before anybody may activate it: checksums, then a run on real images."""

import numpy as np
from numpy.typing import NDArray

from edge_common.errors import EdgeError, ImageError, PackageError
from edge_common.images import letterbox
from edge_common.onnx_session import OnnxSession
from edge_common.packages import INT8_FILE, Manifest, PackageStore
from modules.trainer_agent.learning.dataset import Dataset, read_pixels
from modules.trainer_agent.learning.held_back import HeldBack, encode_held_back

Array = NDArray[np.float32]

_DRY_RUNS = 3


def write_verified(
    store: PackageStore,
    manifest: Manifest,
    model: bytes,
    held_back: HeldBack,
    dataset: Dataset,
    threads: int,
    int8: bytes | None = None,
) -> None:
    """Write a package that runs; raises PackageError, and leaves none, when it does not.

    `int8`: the model in whole numbers, which has been run, where the manifest says that it was kept.
    """
    store.write(manifest, model, encode_held_back(held_back), {} if int8 is None else {INT8_FILE: int8})
    try:
        verify(store, manifest, dataset, threads)
    except EdgeError:
        store.discard(manifest.model_id, manifest.version)
        raise


def verify(store: PackageStore, manifest: Manifest, dataset: Dataset, threads: int) -> None:
    """Raise PackageError unless every file has its checksum and the model gives sane outputs on the first images."""
    store.verify(manifest.model_id, manifest.version)
    session = OnnxSession(store.model_file(manifest.model_id, manifest.version), threads=threads)
    runs = 0
    for image in dataset.images:
        try:
            square = letterbox(read_pixels(image), manifest.input_size_px)
        except ImageError:
            continue  # it is among those that training has left out by name
        check_outputs(manifest, session.run({"image": square.transpose(2, 0, 1)[None].astype(np.float32)}))
        runs += 1
        if runs == _DRY_RUNS:
            return
    if runs == 0:
        raise PackageError(f"package {manifest.model_id} {manifest.version}: there is no image to try it on")


def check_outputs(manifest: Manifest, outputs: dict[str, Array]) -> None:
    """Raise PackageError that names the output which is missing, of a wrong shape, not finite or out of range."""
    labels = len(manifest.labels)
    names = ("raw_boxes", "raw_probs") if manifest.kind == "detection" else ("probs",)
    widths = (4, 1 + labels) if manifest.kind == "detection" else (labels,)
    where = f"package {manifest.model_id} {manifest.version}"
    for name, width in zip(names, widths, strict=True):
        if name not in outputs:
            raise PackageError(f"{where}: output {name} expected, the model gives {sorted(outputs)}")
        output = outputs[name]
        if output.shape[0] != 1 or output.shape[-1] != width or output.size == 0:
            raise PackageError(f"{where}: {name} has shape {output.shape}, [1, ..., {width}] expected")
        if not np.isfinite(output).all():
            raise PackageError(f"{where}: {name} has values that are not finite on a real image")
        if name != "raw_boxes" and (output.min() < 0 or output.max() > 1):
            raise PackageError(f"{where}: {name} has values outside 0 to 1")
