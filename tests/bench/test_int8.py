import argparse
from pathlib import Path

import pytest

from bench.int8 import RUNTIMES, measure
from bench.protocol import read_detection_set
from tests.bench.made import drawn_set
from tests.zoo_here import zoo_folder


@pytest.mark.soak
def test_both_files_are_measured_on_the_same_images_by_both_runtimes(tmp_path: Path) -> None:
    measured = read_detection_set(drawn_set(tmp_path, 8))

    row = measure(measured, 0, {"images": 5}, argparse.Namespace(zoo=zoo_folder(), threads=2))

    assert (row["train_images"], row["test_images"]) == (5, 3)
    told = row["promised"]["int8"]
    # Whether it is faster depends on the machine, and on what else it does.
    files = {"float", "int8"} if told["kept"] else {"float"}
    for runtime in RUNTIMES:
        assert row[runtime]["ap50"].keys() == row[runtime]["ms"].keys() == files
        assert all(score > 0.5 for score in row[runtime]["ap50"].values())
        assert all(ms > 0 for ms in row[runtime]["ms"].values())
    assert told["value"] > 0.5
    assert told["ms"] > 0
