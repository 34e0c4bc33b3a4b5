"""The whole program for benchmarks: on a video as cameras, with a library of a set's images, asked as its page asks."""

import argparse
import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from bench.protocol import ROOT, MeasuredSet, Sample
from edge_common.geometry import Box
from edge_common.hub import LocalHub
from edge_common.images import decode_image
from edge_common.packages import Manifest, PackageStore
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.program import Program

_TRAINED_WITHIN_S = 600.0
_LOOK_EVERY_S = 0.1
_OVER = ("trained", "failed", "interrupted", "cancelled")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of every benchmark that runs the program on a video and a set."""
    parser.add_argument("--video", type=Path, required=True, help="what each camera shows, again and again")
    parser.add_argument("--set", type=Path, required=True, help="folder with images/ and COCO annotations.json")
    parser.add_argument("--images", type=int, default=15, help="to train from")
    parser.add_argument("--zoo", type=Path, default=ROOT / "zoo")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")


@dataclass(frozen=True)
class Shelf:
    """A model in the library, with images of a set; tags and images by their ids, in the set's order."""

    model_id: str
    tags: tuple[int, ...]
    images: tuple[int, ...]


def fill(data: Path, measured: MeasuredSet, samples: Sequence[Sample]) -> Shelf:
    """A library with one model and these images, in which nothing is tagged."""
    with closing(Database(data / "library" / "library.sqlite")) as database:
        library = Library(database, data / "library")
        model = library.create_model("Shelf", "detection", list(measured.tags), automatic=False)
        images = []
        for sample in samples:
            pixels, name = decode_image(sample.path.read_bytes(), sample.path.name), sample.path.name
            image = library.add_image(model.id, pixels, name, "upload", camera=None, taken_ns=time.time_ns())
            images.append(image.id)
        return Shelf(model.id, tuple(tag.id for tag in model.tags), tuple(images))


@contextmanager
def watching(
    data: Path, video: Path, zoo: Path, *, package: tuple[Manifest, bytes] | None = None, cameras: int = 1
) -> Iterator[Program]:
    """The program on a data folder with cameras `camera-0` and on that all show a video; package: is live."""
    if package is not None:
        store, (manifest, model) = PackageStore(data / "models"), package
        store.write(manifest, model)
        store.activate(manifest.model_id, manifest.version)
    shown = {f"camera-{number}": {"url": f"file:{video.resolve()}"} for number in range(cameras)}
    LocalHub(data / "twins" / "capture").desire({"cameras": shown})
    program = Program(data, ZOO_DIR=str(zoo.resolve())).ready()
    try:
        yield program
    finally:
        program.stop()


@dataclass(frozen=True)
class Page:
    """What the page's own scripts ask for."""

    port: int

    def tag(self, shelf: Shelf, number: int, sample: Sample) -> None:
        """All boxes of an image, one request each."""
        for tag, corners in sample.boxes:
            body = {"tag": shelf.tags[tag], "box": Box(*corners).to_list()}
            self.ask("PUT", f"/api/images/{shelf.images[number]}/boxes/{uuid.uuid4()}", body)

    def done(self, shelf: Shelf, number: int) -> None:
        """Staff finished an image."""
        self.ask("POST", f"/api/images/{shelf.images[number]}/done")

    def train(self, model_id: str, meanwhile: Callable[[], object] = lambda: None) -> str:
        """Press Train and wait; the version. `meanwhile` is called ten times a second. Raises SystemExit."""
        address = f"/api/models/{model_id}/training"
        self.ask("POST", address)
        began_s = time.monotonic()
        while (state := self.ask("GET", address))["phase"] not in _OVER:
            if time.monotonic() - began_s > _TRAINED_WITHIN_S:
                raise SystemExit(f"training took more than {_TRAINED_WITHIN_S:g} s: {state}")
            meanwhile()
            time.sleep(_LOOK_EVERY_S)
        if state["phase"] != "trained":
            raise SystemExit(f"training {state['phase']}: {state.get('message')}")
        return str(state["version"])

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What is answered, from JSON; raises SystemExit with the page's own words."""
        data = None if method == "GET" else json.dumps({} if body is None else body).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except HTTPError as error:
            raise SystemExit(f"{path}: {error.code} {error.read().decode()}") from error
