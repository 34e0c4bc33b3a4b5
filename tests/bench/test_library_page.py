"""The benchmark of the library's page, on a small library: it runs whole and finds out what it promises."""

import json
import subprocess
import sys

import numpy as np
import pytest

from bench import chromium
from bench.library_page import draw, main
from tests.requirements_here import skip_or_fail
from tests.trainer_agent.conftest import REPOSITORY


def test_drawn_pictures_differ():
    assert not np.array_equal(draw(1), draw(2))
    assert np.array_equal(draw(1), draw(1))


def test_a_small_library_is_measured():
    if chromium.find_chromium() is None:
        skip_or_fail(chromium.MISSING)
    # In a process of its own: it drives a browser, as other tests in this one do already.
    run = subprocess.run(
        [sys.executable, "-m", "bench.library_page", "--images", "100", "--pages", "30", "--json"],
        capture_output=True,
        cwd=REPOSITORY,
        text=True,
        check=True,
    )

    measured = json.loads(run.stdout)

    assert measured["images"] == 100
    assert 60 <= measured["scrolled_images"] <= 80
    assert all(measured[key] > 0 for key in measured)


@pytest.mark.parametrize("images", ["99", "-1", "many"])
def test_a_library_too_small_to_measure_is_refused(images, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--images", images])

    assert refused.value.code == 2
    assert "--images" in capsys.readouterr().err
