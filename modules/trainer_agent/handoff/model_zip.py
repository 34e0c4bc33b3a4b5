"""A trained detection model as azureeyemodule's model zip: the same bytes for the same model, wherever made. Pure.

config.json   DomainType s1, ModelFileName, LabelFileName
model.onnx    as in the package
model.blob    the same, compiled for the Myriad X; then ModelFileName names it
labels.txt    one label a line; S1 takes the background for class 0 and counts labels from the class after it
"""

import io
import json
import zipfile
from collections.abc import Sequence

from edge_common.errors import PackageError
from edge_common.packages import Manifest

CONFIG_FILE, MODEL_FILE, BLOB_FILE, LABELS_FILE = "config.json", "model.onnx", "model.blob", "labels.txt"
DOMAIN_TYPE = "s1"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644 << 16


def check_kind(manifest: Manifest) -> None:
    """Raises PackageError for a model that cannot be handed over, saying why."""
    if manifest.kind != "detection":
        raise PackageError(
            f"'{manifest.model_name}' is a {manifest.kind}; azureeyemodule gets detection models (its S1) only"
        )


def make_zip(model: bytes, labels: Sequence[str], blob: bytes | None = None) -> bytes:
    """The zip of an ONNX file, its labels in the order of its outputs, and the compiled model if there is one."""
    config = {
        "DomainType": DOMAIN_TYPE,
        "LabelFileName": LABELS_FILE,
        "ModelFileName": MODEL_FILE if blob is None else BLOB_FILE,
    }
    files = {
        CONFIG_FILE: json.dumps(config).encode(),
        LABELS_FILE: "".join(f"{label}\n" for label in labels).encode(),
        MODEL_FILE: model,
    }
    if blob is not None:
        files[BLOB_FILE] = blob
    written = io.BytesIO()
    # Stored, not compressed: what zlib makes of the same bytes differs from release to release.
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, data)
    return written.getvalue()


def zip_url(base_url: str, sha256: str) -> str:
    """Where it is fetched: another address for another content, of letters, digits and `:/._-` alone."""
    return f"{base_url}/handoff/{sha256}.zip"
