"""The zoo of this checkout, or a skip that says how to make it."""

import shutil
from pathlib import Path

import pytest

from edge_common.zoo import ZooModel, find, read_index
from tests.requirements_here import skip_or_fail

ROOT = Path(__file__).parent.parent
NODE_MODULES = ROOT / "node_modules"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real pictures that may lie beside the checkout; they are no part of it."""


def zoo_folder() -> Path:
    folder = ROOT / "zoo"
    if not read_index(folder):
        skip_or_fail("the zoo is not set up: run `make setup`")
    return folder


def zoo_model(name: str) -> ZooModel:
    return find(zoo_folder(), name)


def copy_of_zoo(folder: Path) -> Path:
    """A zoo of a test's own, to be damaged."""
    return Path(shutil.copytree(zoo_folder(), folder / "zoo"))


def shared_data(name: str) -> Path:
    """A folder of real data, or a skip that names it: also where all must run, as no machine has to have it."""
    folder = SHARED_DATA / name
    if not folder.exists():
        pytest.skip(f"{name}: there is no such data beside the checkout")
    return folder
