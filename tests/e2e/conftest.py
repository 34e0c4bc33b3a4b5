"""The whole program in front of the simulated shelf, and the windows that staff look at it through."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from edge_common.hub import LocalHub
from tests.e2e.shelf import CAMERA
from tests.program import Program
from tests.zoo_here import zoo_folder


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    # Half as often as usual: what is looked at here is not how much of that a machine can do beside a browser.
    LocalHub(tmp_path / "data" / "twins" / "capture").desire({"cameras": {"camera-1": {"frames_per_s": 5}}})
    started = Program(tmp_path / "data", CAMERA=CAMERA, ZOO_DIR=str(zoo_folder())).ready()
    yield started
    started.stop()
    started.wait_for(lambda: started.processes() == [])
    assert "Traceback" not in started.log()


@contextmanager
def window(browser: Browser, program: Program, **options: Any) -> Iterator[Page]:
    """A window on the program; an error in its console, or a request to anywhere else, fails the test."""
    context = browser.new_context(base_url=f"http://localhost:{program.port()}", **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults: list[str] = []
    hosts: set[str | None] = set()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    yield page
    context.close()
    assert faults == []
    assert hosts - {None} == {"localhost"}


@pytest.fixture
def desktop(browser: Browser, program: Program) -> Iterator[Page]:
    with window(browser, program, viewport={"width": 1280, "height": 800}) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, program: Program) -> Iterator[Page]:
    """360 px wide, with a touch screen."""
    with window(browser, program, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True) as page:
        yield page
