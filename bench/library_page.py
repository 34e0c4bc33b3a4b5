"""How fast the page of a large library is: its first paint, and the 95th percentile of page and thumbnail requests.

`python -m bench.library_page --images 5000 --json` draws a library, starts the program over it and asks it as browsers
do. The figures to hold on two cores: first paint 1 s, page and thumbnail requests 200 ms.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from bench.chromium import ARGUMENTS, find_chromium
from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.images import Pixels
from modules.trainer_agent.annotations import Model
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library

_WIDTH, _HEIGHT = 640, 360
_AT_ONCE = 6
"""Requests that a browser sends side by side."""
_THUMBNAILS_A_PAGE = 3
"""As many requests of thumbnails for each of a page."""
_PAINTS = 5
_FIRST_PAINT = """() => new Promise((found) => new PerformanceObserver((list) => {
  list.getEntriesByName("first-contentful-paint").forEach((paint) => found(paint.startTime));
}).observe({ type: "paint", buffered: true }))"""
_HOUR_NS = 3_600_000_000_000
_MORE = re.compile(r'data-more="([^"]+)"')
_THUMBNAIL = re.compile(r'src="(/thumbnails/[^"]+)"')


@dataclass(frozen=True)
class Measured:
    """What a run found out."""

    images: int
    first_paint_ms: float
    """Median of some first visits."""
    first_paint_worst_ms: float
    page_p95_ms: float
    thumbnail_p95_ms: float
    request_p95_ms: float
    """Of pages and thumbnails together."""
    scrolled_images: int
    """That came in while a browser scrolled for three seconds."""
    scroll_frame_p95_ms: float
    """Time from one painted frame to the next meanwhile."""


def draw(seed: int) -> Pixels:
    """A shelf of coloured packs that differs for every seed: uint8 [height, width, 3]."""
    chance = np.random.default_rng(seed)
    picture = np.full((_HEIGHT, _WIDTH, 3), chance.integers(60, 200, 3), dtype=np.uint8)
    for row in range(3):
        for place in range(10):
            left, top = 10 + place * 63, 15 + row * 115
            picture[top + int(chance.integers(0, 50)) : top + 100, left : left + 50] = chance.integers(0, 255, 3)
    return picture


def fill(data: Path, images: int) -> Model:
    """A library of drawn pictures: of ten, eight are tagged, one is not, and one is to check."""
    chance = random.Random(1)
    with closing(Database(data / "library" / "library.sqlite")) as database:
        library = Library(database, data / "library")
        model = library.create_model("Shelf", "detection", ["low stock", "full", "damaged"], automatic=False)
        first_ns = time.time_ns() - images * _HOUR_NS
        for seed in range(images):
            camera = f"aisle-{seed % 4}"
            image = library.add_image(
                model.id, draw(seed), f"{camera} {seed}", "camera", camera=camera, taken_ns=first_ns + seed * _HOUR_NS
            )
            if seed % 10 < 8:
                for _ in range(2):
                    library.put_box(image.id, str(uuid.uuid4()), chance.choice(model.tags).id, _somewhere(chance))
            elif seed % 10 == 9:
                seen = (Detection("full", 0.52, _somewhere(chance)),)
                library.checks.add(image.id, "unsure", version="1", seen=seen, kept_ns=seed)
        return model


def measure(data: Path, model: Model, images: int, pages: int) -> Measured:
    """Start the program over a library and ask it for so many pages, and thumbnails in proportion."""
    places = ("--data", data, "--zoo", data / "zoo")
    endpoints = [part for name in ("frames", "results", "questions") for part in (f"--{name}", f"ipc://{data}/{name}")]
    command = [sys.executable, "-m", "modules.trainer_agent", *map(str, places), *endpoints, "--port", "0"]
    program = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    try:
        told = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in program.stderr)
        address = next(found for found in told if found)[0]
        paths, thumbnails = _paths(address, model)
        pages_ms = _ask(address, paths, pages, side_by_side=2)
        thumbnails_ms = _ask(address, thumbnails, _THUMBNAILS_A_PAGE * pages, side_by_side=_AT_ONCE)
        paints_ms, scrolled, frames_ms = _look(f"{address}/models/{model.id}/library")
    finally:
        program.terminate()
        program.communicate()
    return Measured(
        images=images,
        first_paint_ms=round(float(np.median(paints_ms)), 1),
        first_paint_worst_ms=round(max(paints_ms), 1),
        page_p95_ms=_p95(pages_ms),
        thumbnail_p95_ms=_p95(thumbnails_ms),
        request_p95_ms=_p95([*pages_ms, *thumbnails_ms]),
        scrolled_images=scrolled,
        scroll_frame_p95_ms=_p95(frames_ms),
    )


def _paths(address: str, model: Model) -> tuple[list[str], list[str]]:
    """Addresses of pages, filtered and not, with what follows them to the end; and of thumbnails."""
    start = f"/models/{model.id}/library"
    filters = ("show=tagged", "show=untagged", "show=check", f"show=tagged&tag={model.tags[0].id}", "camera=aisle-1")
    pages, thumbnails = [f"{start}?{one}" for one in filters], []
    following: str | None = pages[0]
    while following is not None:
        text = _get(address + following).decode()
        thumbnails += _THUMBNAIL.findall(text)
        found = _MORE.search(text)
        following = found[1].replace("&amp;", "&") if found else None
        pages += [following] if following else []
    return pages, thumbnails


def _ask(address: str, paths: Sequence[str], count: int, *, side_by_side: int) -> list[float]:
    """How long each of so many requests took, in ms."""
    chosen = random.Random(2).choices(paths, k=count)

    def took_ms(path: str) -> float:
        began_s = time.perf_counter()
        _get(address + path)
        return (time.perf_counter() - began_s) * 1000

    with ThreadPoolExecutor(side_by_side) as askers:
        return list(askers.map(took_ms, chosen))


def _get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def _look(address: str) -> tuple[list[float], int, list[float]]:
    """First paints in ms; images shown after a scroll; times between painted frames meanwhile, in ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        paints_ms = []
        for _ in range(_PAINTS):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.goto(address)
            paints_ms.append(page.evaluate(_FIRST_PAINT))
        frames_ms = page.evaluate(
            """async () => {
              const [began, times] = [performance.now(), []];
              while (performance.now() - began < 3000) {
                times.push(await new Promise(requestAnimationFrame));
                scrollBy(0, 60);
              }
              return times.slice(1).map((time, index) => time - times[index]);
            }"""
        )
        scrolled = page.locator("[data-image]").count()
        browser.close()
    return paints_ms, scrolled, frames_ms


def _p95(values: Sequence[float]) -> float:
    return round(float(np.percentile(values, 95)), 1)


def _somewhere(chance: random.Random) -> Box:
    left, top = chance.uniform(0, 0.7), chance.uniform(0, 0.7)
    return Box(left, top, left + chance.uniform(0.05, 0.3), top + chance.uniform(0.05, 0.3))


def main(words: Sequence[str] | None = None) -> int:
    """Command line; `words` in place of the process's own."""
    arguments = argparse.ArgumentParser(prog="bench.library_page", description=__doc__)
    arguments.add_argument("--images", type=int, default=5000)
    arguments.add_argument("--pages", type=int, default=200, help="requests of pages to be measured")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = arguments.parse_args(words)
    if chosen.images < 100:
        arguments.error(f"--images: at least 100 expected, got {chosen.images}")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), fill(Path(folder), chosen.images), chosen.images, chosen.pages)
    if chosen.json:
        print(json.dumps(asdict(measured)))
    else:
        for name, value in asdict(measured).items():
            print(f"{name:22} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
