"""Pictures of every page, on a phone and on a desktop, of the real product in front of simulated shelves.

`python -m bench.page_pictures docs/pages` (or `make screenshots`) fills a library, starts the product over it, trains
a model and looks at each page of `shown_pages.py`. It writes WebP files and an index.
"""

import argparse
import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from bench.chromium import ARGUMENTS, find_chromium
from bench.shown_insights import fill_insights
from bench.shown_pages import PAGES, SIGN_IN, Places, Shown
from edge_common.detections import Detection
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.own_skills import PLACE as SKILLS_PLACE
from edge_common.own_skills import OwnSkills
from edge_common.packages import PackageStore
from edge_common.settings import CameraSettings
from modules.capture.shelf_scene import GAP, ShelfScene
from modules.trainer_agent.annotations import LibraryImage, Model
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from modules.trainer_agent.model_bin import ModelBin
from modules.trainer_agent.model_edits import set_attributes
from modules.trainer_agent.skill_templates import Wish, low_stock

ROOT = Path(__file__).parents[1]
SIZES = {"phone": (360, 740), "desktop": (1280, 800)}
_QUALITY = 70
_PATIENCE_S = 180.0
_PAGE_S = 15.0
_BETWEEN_S = 41.0
"""Enough for goods to be taken and put back on the shelf between two images."""
_TAGS = (GAP, "carton")
_SPEED = 5


def fill(data: Path) -> Places:
    """Models with images of the simulated shelf: one tagged by the truth, one not yet, one deleted."""
    scene = ShelfScene(1)
    with closing(Database(data / "library" / "library.sqlite")) as database:
        library = Library(database, data / "library")
        shelf = library.create_model("Low stock", "detection", _TAGS, automatic=False)
        set_attributes(database, shelf.id, {"store": "12", "department": "food"})
        glance = library.create_model("Shelf at a glance", "classification", ["full", "nearly empty"], automatic=False)
        old = library.create_model("First try", "detection", [GAP], automatic=False)
        for seed, model in enumerate((glance, glance, old), start=2):
            _add(library, model, ShelfScene(seed), seed)
        tagged = [_tag(library, shelf, scene, number) for number in range(20)]
        for number in range(20, 23):
            _add(library, shelf, scene, number)
        for number, reason in enumerate(("unsure", "flicker", "staff"), start=30):
            image = _add(library, shelf, scene, number)
            seen = [Detection(label, 0.55, box.clip()) for label, box in scene.at(number * _BETWEEN_S) if label == GAP]
            library.checks.add(image.id, reason, version=None, seen=seen, kept_ns=time.time_ns())  # type: ignore[arg-type]
        packages = PackageStore(data / "models")
        ModelBin(library, packages, packages).put(old.id)
        fill_insights(data, shelf.id, GAP, scene.draw, time.time())
        waiting = library.images(shelf.id, tagged=False, limit=9)
        plain = library.images(glance.id, tagged=False, limit=1)
        return Places(shelf.id, glance.id, tagged[-1].id, waiting[-1].id, plain[0].id)


def _add(library: Library, model: Model, scene: ShelfScene, number: int) -> LibraryImage:
    taken_ns = time.time_ns() - (40 - number) * 3_600_000_000_000
    pixels = scene.draw(number * _BETWEEN_S)
    return library.add_image(model.id, pixels, f"aisle-4 {number}", "camera", camera="aisle-4", taken_ns=taken_ns)


def _tag(library: Library, model: Model, scene: ShelfScene, number: int) -> LibraryImage:
    image = _add(library, model, scene, number)
    tags = {tag.name: tag.id for tag in model.tags}
    for label, box in scene.at(number * _BETWEEN_S):
        if label in tags:
            library.put_box(image.id, str(uuid.uuid4()), tags[label], box.clip())
    return image


def set_up_cameras(data: Path) -> None:
    """Two shelves, and a network camera that nobody has plugged in."""
    own = OwnCameras(data / PLACE)
    own.add("aisle-4", CameraSettings(url=f"sim:shelf?speed={_SPEED}", name="Aisle 4"))
    own.add("dairy", CameraSettings(url="sim:shelf?seed=7", name="Dairy shelf"))
    own.add("back-door", CameraSettings(url="rtsp://127.0.0.1:9/main", name="Back door"))


def set_up_skills(data: Path, places: Places) -> None:
    """One that counts the empty places of a shelf."""
    wish = Wish("Low stock", ("aisle-4",), places.model, (GAP,), number=3, seconds=10, gaps=True)
    OwnSkills(data / SKILLS_PLACE).put("low-stock", low_stock(wish))


@contextmanager
def product(data: Path, zoo: Path) -> Iterator[str]:
    """The whole product over a data folder; gives the address of its page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {name: value for name, value in os.environ.items() if name != "CAMERA"}
    places = {"DATA_DIR": str(data), "ZOO_DIR": str(zoo), "PORT": str(port)}
    started = subprocess.Popen([sys.executable, ROOT / "standalone.py"], cwd=ROOT, env=variables | places)
    try:
        yield f"http://localhost:{port}"
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait()


def train(page: Page, model: str) -> None:
    """Train twice, so that there is something to compare with and to go back to."""
    path = f"/api/models/{model}/training"
    for _ in range(2):
        asked = page.request.post(path)
        if asked.status != 202:
            raise SystemExit(f"training was refused: {asked.text()}")
        deadline_s = time.monotonic() + _PATIENCE_S
        while (state := page.request.get(path).json())["active"]:
            if time.monotonic() > deadline_s:
                raise SystemExit(f"the training takes too long: {state}")
            time.sleep(0.5)
        if state["phase"] != "trained":
            raise SystemExit(f"the training gave no model: {state}")


def set_pin(browser: Browser, address: str) -> None:
    """From now on nobody is let in who has not signed in."""
    context = browser.new_context(base_url=address)
    context.request.post("/api/first-pin", data={"pin": "280614"})
    context.close()


def look(page: Page, shown: Shown, places: Places) -> None:
    """Open a page and bring it to where it is worth a picture."""
    page.goto(shown.path(places))
    if shown.act is not None:
        shown.act(page)
    page.locator(shown.ready).first.wait_for(state="visible")
    # Pictures that come by themselves, boxes of the first results, transitions.
    page.wait_for_timeout(1500)


def picture(page: Page) -> bytes:
    """What the window shows, as WebP; Playwright itself has no such format."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    session.detach()
    return base64.b64decode(answer["data"])


def take_all(browser: Browser, address: str, places: Places, folder: Path, pages: Sequence[Shown]) -> list[str]:
    """Write the picture of each page at each size; those of which there is none, with the reason."""
    missing = []
    for size, (width, height) in SIZES.items():
        options = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
        viewport = {"width": width, "height": height}
        context = browser.new_context(base_url=address, viewport=viewport, **options)  # type: ignore[arg-type]
        context.set_default_timeout(_PAGE_S * 1000)
        page = context.new_page()
        for shown in pages:
            try:
                look(page, shown, places)
            except PlaywrightError as error:
                missing.append(f"{shown.name} {size}: {error.message}")
                continue
            (folder / f"{shown.name}-{size}.webp").write_bytes(picture(page))
        context.close()
    return missing


def index(pages: Sequence[Shown]) -> str:
    """The Markdown page that shows all pictures."""
    lines = ["# Every page", "", "Made by `make screenshots`: the real product in front of simulated shelves.", ""]
    for shown in pages:
        images = [f'<img src="{shown.name}-{size}.webp" alt="{shown.title}, {size}" height="400">' for size in SIZES]
        lines += [f"## {shown.title}", "", " ".join(images), ""]
    return "\n".join(lines)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.page_pictures", description=__doc__)
    arguments.add_argument("folder", type=Path, help="where the pictures go; those that are there are replaced")
    arguments.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    arguments.add_argument("--only", nargs="*", choices=[shown.name for shown in PAGES], help="some of the pictures")
    chosen = arguments.parse_args()
    pages = [shown for shown in PAGES if not chosen.only or shown.name in chosen.only]
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        places = fill(Path(data))
        set_up_cameras(Path(data))
        set_up_skills(Path(data), places)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        with product(Path(data), chosen.zoo) as address:
            page = browser.new_page(base_url=address)
            wait_for_page(page)
            train(page, places.model)
            page.request.put("/api/zoo/objects")
            page.close()
            missing = take_all(browser, address, places, chosen.folder, [one for one in pages if one is not SIGN_IN])
            if SIGN_IN in pages:
                set_pin(browser, address)
                missing += take_all(browser, address, places, chosen.folder, [SIGN_IN])
        browser.close()
    (chosen.folder / "README.md").write_text(index(PAGES))
    for reason in missing:
        print(reason, file=sys.stderr)
    return 1 if missing else 0


def wait_for_page(page: Page) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            page.goto("/")
            return
        except PlaywrightError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
