"""One training in a process of its own: reads a request, writes a verified package, tells of progress line by line.

Standard input: the request as one line of JSON; when it is closed the starter is gone and the job ends at once. Before
it there may be requests to `look` only: their images are looked at, as far as there is time until the next line, and
nothing is said of that.
Standard output: lines `{"stage", "fraction", "seconds_left"}`, at the end one of `{"trained": ...}` or
`{"failed": {"code", "message"}}`. The package is written and has been run on real images, but is not active.
"""

import os

# Fits run in processes of their own, one a core: more threads in each would only wait for one another. Read when
# numpy is loaded, and inherited by those processes.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import queue
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_common.detections import ModelKind
from edge_common.errors import EdgeError, ImageError, InvalidInput
from edge_common.geometry import Box
from edge_common.images import small_grey
from edge_common.packages import Manifest, PackageStore, version_name
from edge_common.scores import Comparison
from edge_common.sentences import marked
from edge_common.service import EXIT_CLEAN, EXIT_FAULT, leave, lines_of_input
from edge_common.version import VERSION
from edge_common.zoo import LITE0, SSD_BACKBONE, find
from modules.trainer_agent.learning.alike import LOOK_PX, alike
from modules.trainer_agent.learning.classifier import train_classifier
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage
from modules.trainer_agent.learning.detector import train_detector
from modules.trainer_agent.learning.doubts import find_doubts
from modules.trainer_agent.learning.feature_cache import FeatureCache
from modules.trainer_agent.learning.int8 import try_int8
from modules.trainer_agent.learning.live_comparison import compare_with_live
from modules.trainer_agent.learning.look_ahead import LookAhead
from modules.trainer_agent.learning.outcome import Progress, Report, Trained
from modules.trainer_agent.learning.verify import write_verified

CACHE_BYTES = 1_000_000_000
COMPARING_AT = 0.98
"""The share of the learning that is done when versions are compared."""
LEARNED_AT = 0.6
"""The share of the whole work that is done when the model is tried in whole numbers."""


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestBox(_Group):
    """A tagged box: index of the tag, and x0, y0, x1, y1 in 0-1."""

    tag: int
    box: tuple[float, float, float, float]


class RequestImage(_Group):
    """A tagged image, as `dataset.TaggedImage`."""

    path: Path
    digest: str
    name: str
    boxes: tuple[RequestBox, ...] = ()
    tags: tuple[int, ...] = ()


class Request(_Group):
    """What to train on, and where things are."""

    data: Path
    packages: Path
    zoo: Path
    model_id: str
    model_name: str
    kind: ModelKind
    several: bool = False
    tags: tuple[str, ...]
    attributes: dict[str, str] = {}
    images: tuple[RequestImage, ...]
    threads: int = 2
    seed: int = 0
    parent_version: str | None = None
    int8: bool = False
    look: bool = False
    """Only at the images, for a training that may come."""


def train(request: Request, report: Report) -> dict[str, Any]:
    """Train, write the package, verify it; returns the body of `trained`. Raises EdgeError."""
    started_s = time.monotonic()
    dataset = dataset_of(request)
    in_int8 = request.int8 and request.kind == "detection"
    learning = Progress(report, end=LEARNED_AT if in_int8 else 1.0)
    trained = train_model(request, dataset, learning)
    store = PackageStore(request.packages)
    comparison = None
    if request.parent_version is not None:
        learning.part(marked("Comparing with the version in use"), COMPARING_AT, 1.0).done(0.0)
        comparison = compare_with_live(
            store,
            request.model_id,
            request.parent_version,
            dataset,
            trained.held_back,
            threads=request.threads,
            seed=request.seed,
        )
    manifest = manifest_of(request, dataset, trained, comparison, datetime.now(UTC))
    whole = None
    if in_int8:
        progress = Progress(report, LEARNED_AT, stage=marked("Trying a faster form of the model"))
        manifest, whole = with_int8(request, manifest, trained, progress)
    write_verified(store, manifest, trained.model, trained.held_back, dataset, request.threads, whole)
    return {
        "version": manifest.version,
        "score": trained.score.model_dump(),
        "comparison": None if comparison is None else comparison.model_dump(),
        "int8": None if manifest.int8 is None else manifest.int8.model_dump(),
        "images": trained.images,
        "boxes": trained.boxes,
        "left_out": trained.left_out,
        "seconds": round(time.monotonic() - started_s, 2),
    }


def with_int8(
    request: Request, manifest: Manifest, trained: Trained, progress: Progress
) -> tuple[Manifest, bytes | None]:
    """The manifest that tells of the model in whole numbers, and that, if it is to be kept."""
    assert trained.fold_check is not None
    room = request.data / "cache" / "int8"
    told, whole = try_int8(manifest, trained.model, trained.fold_check, room, seed=request.seed, progress=progress)
    return manifest.model_copy(update={"int8": told}), whole


def train_model(request: Request, dataset: Dataset, progress: Progress) -> Trained:
    """The learner for the dataset's kind, with its backbone and the feature cache."""
    cache = FeatureCache.under(request.data)
    lite0 = find(request.zoo, LITE0)
    if dataset.kind == "detection":
        trained = train_detector(
            dataset,
            find(request.zoo, SSD_BACKBONE),
            lite0,
            cache,
            threads=request.threads,
            seed=request.seed,
            progress=progress,
            model_id=request.model_id,
            again=request.parent_version is not None,
        )
    else:
        trained = train_classifier(dataset, lite0, cache, threads=request.threads, seed=request.seed, progress=progress)
    cache.prune(CACHE_BYTES)
    return trained


def dataset_of(request: Request) -> Dataset:
    images = tuple(
        TaggedImage(
            image.path,
            image.digest,
            image.name,
            tuple(TaggedBox(found.tag, Box(*found.box)) for found in image.boxes),
            image.tags,
        )
        for image in request.images
    )
    return Dataset(request.kind, request.tags, images, several=request.several)


def manifest_of(
    request: Request, dataset: Dataset, trained: Trained, comparison: Comparison | None, now: datetime
) -> Manifest:
    """The package's manifest."""
    used = [image for image in dataset.images if image.digest in trained.held_back]
    return Manifest(
        model_id=request.model_id,
        model_name=request.model_name,
        version=version_name(now),
        kind=request.kind,
        several=request.several,
        labels=request.tags,
        input_size_px=trained.input_size_px,
        backbone=trained.backbone,
        backbone_sha256=trained.backbone_sha256,
        thresholds=trained.thresholds,
        score=trained.score,
        comparison=comparison,
        doubts=find_doubts(dataset, trained.held_back),
        alike=_alike(used),
        attributes=request.attributes,
        images=trained.images,
        boxes=trained.boxes,
        left_out=trained.left_out,
        dataset_sha256=dataset.digest(),
        parent_version=request.parent_version,
        created=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        program_version=VERSION,
    )


def _alike(images: Sequence[TaggedImage]) -> tuple[tuple[str, str], ...]:
    there, looks = [], []
    for image in images:
        try:
            looks.append(small_grey(image.path.read_bytes(), LOOK_PX, image.name))
        except (ImageError, OSError):
            continue  # staff deleted it during the training
        there.append(image)
    return alike(there, looks)


def wanted(lines: "queue.SimpleQueue[bytes]") -> Request:
    """The first request to train; until it comes, images are looked at. Raises EdgeError, ValidationError, OSError."""
    ahead: LookAhead | None = None
    while (request := Request.model_validate_json(lines.get())).look:
        cache = FeatureCache.under(request.data)
        if ahead is None:
            backbone, lite0 = (find(request.zoo, name) for name in (SSD_BACKBONE, LITE0))
            ahead = LookAhead(cache, backbone, lite0, request.seed)
        ahead.look(dataset_of(request), lambda: not lines.empty())
        cache.prune(CACHE_BYTES)
    return request


def main() -> int:
    """Run one job over standard input and output."""
    lines = lines_of_input()
    try:
        request = wanted(lines)
        _say({"trained": train(request, _Reporter().report)})
    except ValidationError as error:
        _say({"failed": {"code": InvalidInput.code, "message": f"training request not valid: {error}"}})
        return EXIT_FAULT
    except EdgeError as error:
        _say({"failed": {"code": error.code, "message": str(error)}})
        return EXIT_FAULT
    except OSError as error:
        # Mostly a disk that is full: every place that writes a feature or an example may be the one that finds it so.
        what = f"Training could not read or write what it needs: {error.strerror or error}."
        _say({"failed": {"code": EdgeError.code, "message": what}})
        return EXIT_FAULT
    return EXIT_CLEAN


class _Reporter:
    """Tells of progress at most ten times a second and of every new stage, with the time left at the pace so far."""

    def __init__(self) -> None:
        self._started_s = self._told_s = time.monotonic()
        self._stage = ""

    def report(self, stage: str, fraction: float) -> None:
        now_s = time.monotonic()
        if stage == self._stage and now_s - self._told_s < 0.1:
            return
        self._told_s, self._stage = now_s, stage
        left_s = (now_s - self._started_s) * (1 - fraction) / fraction if fraction > 0.05 else None
        rounded = None if left_s is None else round(left_s, 1)
        _say({"stage": stage, "fraction": round(fraction, 4), "seconds_left": rounded})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    leave(main())
