"""Ten pages that watch two cameras for ten minutes: the server's memory stays, and no camera is slowed."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from bench import chromium
from edge_common.frames import FrameSubscriber
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CameraSettings
from tests.program import Program
from tests.requirements_here import skip_or_fail
from tests.zoo_here import zoo_folder

CAMERAS = ("aisle-4", "till")
TABS = 10
WATCHED_S = 600
SAMPLE_S = 10
ALONE_S = 60
SETTLED_S = 120
"""After so long every buffer has been full once."""
MOST_SLOWER = 0.05
MOST_GROWTH_KB = 8_000


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """With two cameras of its page."""
    own = OwnCameras(tmp_path / "data" / PLACE)
    own.add(CAMERAS[0], CameraSettings(url="sim:shelf", frames_per_s=10))
    own.add(CAMERAS[1], CameraSettings(url="sim:shelf?seed=2", frames_per_s=10))
    started = Program(tmp_path / "data", ZOO_DIR=str(zoo_folder())).ready()
    yield started
    started.stop()
    assert "Traceback" not in started.log()


def install_a_model(program: Program) -> None:
    """The ready-made detector, so that there are boxes to be watched."""
    connection = HTTPConnection("localhost", program.port(), timeout=60)
    connection.request("PUT", "/api/zoo/objects")
    assert connection.getresponse().status == 200
    connection.close()
    program.wait_for(lambda: "runs on openvino" in program.log())


def frames_per_s(program: Program, seconds: float, meanwhile: Page | None = None) -> dict[str, float]:
    """How many frames each camera gave a second, by what capture counts itself."""
    first, last = {}, {}
    with closing(FrameSubscriber(f"ipc://{program.sockets()}/frames")) as frames:
        for found in (first, last):
            for camera in CAMERAS:
                with frames.watching(camera):
                    newest = frames.frames.after(camera, 0, 10)
                    assert newest is not None, f"{camera} gives no frames"
                    found[camera] = newest[1]
            if found is first:
                deadline_s = time.monotonic() + seconds
                while (left_s := deadline_s - time.monotonic()) > 0:
                    # A browser whose driver never looks at what it says would keep all of it.
                    meanwhile.wait_for_timeout(1000 * min(1, left_s)) if meanwhile else time.sleep(left_s)
    return {
        camera: (last[camera].sequence - first[camera].sequence)
        / (last[camera].taken_ns - first[camera].taken_ns)
        * 1e9
        for camera in CAMERAS
    }


def memory_kb(process: int) -> int:
    """Resident memory that is the process' own."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


@contextmanager
def ten_tabs(program: Program, folder: Path) -> Iterator[list[Page]]:
    """Each in a window of its own, as on ten phones; they yield to the product, as phones would not slow it."""
    found = chromium.find_chromium()
    if found is None:
        skip_or_fail(chromium.MISSING)
    polite = folder / "polite-chromium"
    polite.write_text(f'#!/bin/sh\nexec nice -n 19 {found} "$@"\n')
    polite.chmod(0o755)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=polite, args=list(chromium.ARGUMENTS))
        pages = [
            browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True).new_page() for _ in range(TABS)
        ]
        for number, page in enumerate(pages):
            page.goto(f"http://localhost:{program.port()}/live?camera={CAMERAS[number % 2]}")
        yield pages
        browser.close()


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_ten_tabs_watch_two_cameras_for_ten_minutes(program: Program, tmp_path: Path) -> None:
    program.wait_for(lambda: program.log().count("is live") >= len(CAMERAS))
    install_a_model(program)
    alone = frames_per_s(program, ALONE_S)
    server, samples = program.children()["trainer_agent"], []

    with ten_tabs(program, tmp_path) as pages:
        for page in pages:
            page.get_by_text("frames a second").wait_for(timeout=60_000)
        began_s = time.monotonic()
        rates = []
        while time.monotonic() - began_s < WATCHED_S:
            rates.append(frames_per_s(program, SAMPLE_S, pages[0]))
            samples.append((time.monotonic() - began_s, memory_kb(server)))
        shown = [page.locator("#about-picture").inner_text() for page in pages]

    watched = {camera: sum(rate[camera] for rate in rates) / len(rates) for camera in CAMERAS}
    settled = [size for after_s, size in samples if after_s > SETTLED_S]
    quarter = len(settled) // 4
    early, late = sum(settled[:quarter]) / quarter, sum(settled[-quarter:]) / quarter
    print(f"frames a second alone {alone}, with {TABS} tabs {watched}; the worst: {min(map(worst, rates)):.2f}")
    print(f"memory of the server: {early:.0f} kB after it settled, {late:.0f} kB at the end; shown: {shown}")
    print(f"memory after so many seconds, kB: {[(round(after_s), size) for after_s, size in samples[::4]]}")
    assert server == program.children()["trainer_agent"]
    assert all("frames a second" in text for text in shown)
    for camera in CAMERAS:
        assert watched[camera] >= (1 - MOST_SLOWER) * alone[camera]
    assert late - early < MOST_GROWTH_KB


def worst(rates: dict[str, float]) -> float:
    return min(rates.values())
