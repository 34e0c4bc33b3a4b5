"""The pinned backbones and ready-made models on this machine: where they are and that they are the right ones."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_common.errors import NotFound, PackageError
from edge_common.images import digest_of

INDEX_FILE = "index.json"
SSD_BACKBONE = "ssd-mobilenet-v2-backbone"
SSD_DETECTOR = "ssd-mobilenet-v2"
LITE0 = "efficientnet-lite0"


@dataclass(frozen=True)
class ZooModel:
    """A converted model: an ONNX file and its sha256."""

    name: str
    path: Path
    sha256: str


def find(zoo: Path, name: str) -> ZooModel:
    """A model of the zoo folder, its bytes checked; raises NotFound or PackageError that say what to run."""
    index = read_index(zoo)
    if name not in index:
        raise NotFound(f"{name} is not in {zoo}: run `make setup`")
    path = zoo / f"{name}.onnx"
    if not path.is_file() or digest_of(path.read_bytes()) != index[name]:
        raise PackageError(f"{path} is missing or damaged: delete {zoo} and run `make setup`")
    return ZooModel(name, path, index[name])


def read_index(zoo: Path, kind: Literal["models", "tflite"] = "models") -> dict[str, str]:
    """Model name to the sha256 of its file, models those in ONNX; empty before set-up."""
    try:
        index = json.loads((zoo / INDEX_FILE).read_bytes())
        return {str(name): str(digest) for name, digest in index[kind].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackageError(f"{zoo / INDEX_FILE} is damaged: delete {zoo} and run `make setup`") from error


def find_tflite(zoo: Path, name: str) -> bytes | None:
    """A model as it was published for TFLite, None where it was not; raises PackageError that says what to run."""
    expected = read_index(zoo, "tflite").get(name)
    if expected is None:
        return None
    path = zoo / f"{name}.tflite"
    data = path.read_bytes() if path.is_file() else b""
    if digest_of(data) != expected:
        raise PackageError(f"{path} is missing or damaged: delete {zoo} and run `make setup`")
    return data


def read_labels(zoo: Path, name: str) -> tuple[str, ...]:
    """The labels of a ready-made model in the order of its outputs; raises PackageError that says what to run."""
    path = zoo / labels_file(name)
    try:
        labels = tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise PackageError(f"{path} is missing or damaged: delete {zoo} and run `make setup`") from error
    if not labels or len(set(labels)) != len(labels):
        raise PackageError(f"{path} is damaged: delete {zoo} and run `make setup`")
    return labels


def labels_file(name: str) -> str:
    """The file of a ready-made model's labels, one a line."""
    return f"{name}.labels.txt"
