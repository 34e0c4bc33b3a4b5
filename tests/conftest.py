"""What all tests run in: one thread of OpenBLAS, as in the training job; folders in memory; the browser."""

import os
import shutil

# Read when numpy is loaded: threads of it beside threads of ours would wait for one another.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from bench import chromium
from tests.messages import sent
from tests.requirements_here import skip_or_fail

MEMORY = "/dev/shm"
ENOUGH_BYTES = 4_000_000_000


def pytest_configure() -> None:
    """Have tests' folders in memory where there is enough of it.

    What is acknowledged was written through to the disk before, and tests would wait for that thousands of times. What
    they find is the same: none of them takes the power away.
    """
    if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", MEMORY)


@pytest.fixture(autouse=True)
def every_message_fits_its_schema(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test is about: what it left in its folder as sent to the cloud is as docs/telemetry says."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None:
        for found in folder.rglob("messages.jsonl"):
            sent(found.parent)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = chromium.find_chromium()
    if program is None:
        skip_or_fail(chromium.MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
        yield opened
        opened.close()
