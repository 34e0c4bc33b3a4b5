"""The measuring protocol: reading a set, choosing training images, training as the product does, finding as it does."""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_common.detections import Detection, ModelKind
from edge_common.errors import InvalidInput
from edge_common.geometry import Letterbox
from edge_common.images import decode_image, digest_of
from edge_common.model_io import decode, to_input
from edge_common.packages import Manifest, PackageStore
from edge_common.scores import Rate
from modules.inference.runtimes.runtime import Runtime, open_runtime

ROOT = Path(__file__).parent.parent
MOST_TEST_IMAGES = 100
LEAST_CONFIDENCE = 0.01


@dataclass(frozen=True)
class Sample:
    """One image of a set: boxes [x0, y0, x1, y1] in 0-1 with tag indices, or for classification one tag."""

    path: Path
    width: int
    height: int
    boxes: tuple[tuple[int, tuple[float, float, float, float]], ...]
    tags: frozenset[int]


@dataclass(frozen=True)
class MeasuredSet:
    kind: ModelKind
    tags: tuple[str, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class TrainingRun:
    """What one training cost."""

    train_s: float
    """From the start of the training process to the verified package."""
    peak_mb: float
    package_mb: float
    manifest: Manifest
    model: Path


def read_detection_set(folder: Path) -> MeasuredSet:
    """A folder with images/ and COCO annotations.json."""
    try:
        coco = json.loads((folder / "annotations.json").read_bytes())
    except OSError as error:
        raise InvalidInput(f"{folder}: a folder with images/ and annotations.json expected ({error})") from error
    tag_of = {category["id"]: index for index, category in enumerate(coco["categories"])}
    boxes: dict[int, list[tuple[int, tuple[float, float, float, float]]]] = {}
    size = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    for annotation in coco["annotations"]:
        x, y, width, height = annotation["bbox"]
        across, down = size[annotation["image_id"]]
        corners = np.clip([x / across, y / down, (x + width) / across, (y + height) / down], 0, 1).tolist()
        boxes.setdefault(annotation["image_id"], []).append((tag_of[annotation["category_id"]], tuple(corners)))
    samples = tuple(
        Sample(
            folder / "images" / image["file_name"],
            image["width"],
            image["height"],
            tuple(boxes.get(image["id"], [])),
            frozenset(tag for tag, _ in boxes.get(image["id"], [])),
        )
        for image in coco["images"]
    )
    return MeasuredSet("detection", tuple(category["name"] for category in coco["categories"]), samples)


def read_classification_set(folder: Path) -> MeasuredSet:
    """A folder with images/<class>/."""
    classes = sorted(path for path in (folder / "images").glob("*") if path.is_dir())
    if not classes:
        raise InvalidInput(f"{folder}: a folder with images/<class>/ expected")
    samples = []
    for index, path in enumerate(classes):
        for file in sorted(path.iterdir()):
            height, width = decode_image(file.read_bytes(), file.name).shape[:2]
            samples.append(Sample(file, width, height, (), frozenset({index})))
    return MeasuredSet("classification", tuple(path.name for path in classes), tuple(samples))


def split(
    measured: MeasuredSet, seed: int, *, images: int | None = None, images_per_tag: int | None = None
) -> tuple[list[Sample], list[Sample]]:
    """Training and test images: greedily for the tag with fewest so far, until enough in all or for every tag."""
    rest = list(measured.samples)
    random.Random(seed).shuffle(rest)
    train: list[Sample] = []
    counts = [0] * len(measured.tags)
    while rest and not _enough(train, counts, images, images_per_tag):
        poorest = sorted(range(len(counts)), key=lambda tag: counts[tag])
        pick = next((sample for tag in poorest for sample in rest if tag in sample.tags), None)
        if pick is None:
            break
        rest.remove(pick)
        train.append(pick)
        for tag in pick.tags:
            counts[tag] += 1
    return train, rest[:MOST_TEST_IMAGES]


def split_to_test(
    measured: MeasuredSet, seed: int, *, images: int | None = None, images_per_tag: int | None = None
) -> tuple[list[Sample], list[Sample]]:
    """As `split`; raises SystemExit where learning takes all images and none is left to test on."""
    train, test = split(measured, seed, images=images, images_per_tag=images_per_tag)
    if not test:
        raise SystemExit(f"images to test on expected, but all {len(train)} are needed to learn: ask for fewer of them")
    return train, test


def _enough(train: Sequence[Sample], counts: Sequence[int], images: int | None, images_per_tag: int | None) -> bool:
    if images is not None:
        return len(train) >= images
    return min(counts) >= (images_per_tag or 0)


class Workshop:
    """A data folder in which the product's own training process trains one model, again and again if wanted."""

    def __init__(self, folder: Path, zoo: Path, *, seed: int, threads: int, int8: bool = False) -> None:
        self._store = PackageStore(folder / "models")
        self._common = {
            "data": str(folder),
            "packages": str(folder / "models"),
            "zoo": str(zoo.resolve()),
            "model_id": "bench",
            "model_name": "bench",
            "threads": threads,
            "seed": seed,
            "int8": int8,
        }

    def train(self, measured: MeasuredSet, train: Sequence[Sample], parent: str | None = None) -> TrainingRun:
        """Train from these images; compared with the version `parent` if one is named."""
        request = self._common | {
            "kind": measured.kind,
            "tags": measured.tags,
            "images": [_as_request(sample, measured.kind) for sample in train],
            "parent_version": parent,
        }
        peak_kb, seconds, outcome = _run_job(request)
        version = outcome["version"]
        model = self._store.model_file("bench", version)
        package_mb = sum(path.stat().st_size for path in model.parent.iterdir()) / 1e6
        return TrainingRun(seconds, peak_kb / 1e3, package_mb, self._store.read_manifest("bench", version), model)


@contextmanager
def trained(
    measured: MeasuredSet, train: Sequence[Sample], seed: int, zoo: Path, threads: int
) -> Iterator[TrainingRun]:
    """A model trained from these images with nothing cached, in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Workshop(Path(folder), zoo, seed=seed, threads=threads).train(measured, train)


def _as_request(sample: Sample, kind: ModelKind) -> dict[str, Any]:
    return {
        "path": str(sample.path.resolve()),
        "digest": digest_of(sample.path.read_bytes()),
        "name": sample.path.name,
        "boxes": [{"tag": tag, "box": box} for tag, box in sample.boxes],
        "tags": sorted(sample.tags) if kind == "classification" else [],
    }


def _run_job(request: dict[str, Any]) -> tuple[int, float, dict[str, Any]]:
    """Peak resident kilobytes, seconds of the whole process, and what it says of the trained model."""
    # A process between us and the job, so that the peak read is that of this one job and of no other.
    measure = (
        "import json, resource, subprocess, sys\n"
        "job = subprocess.run([sys.executable, '-m', 'modules.trainer_agent.training_job'], stdout=subprocess.PIPE,"
        " stdin=sys.stdin, text=True)\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps([peak, job.stdout.splitlines()[-1:]]))\n"
    )
    started_s = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", measure], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = process.stdout.read()
        seconds = time.perf_counter() - started_s
    peak_kb, lines = json.loads(answer)
    last = json.loads(lines[0]) if lines else {}
    if "trained" not in last:
        raise InvalidInput(f"training failed: {last.get('failed', 'no answer')}")
    outcome: dict[str, Any] = last["trained"]
    return peak_kb, seconds, outcome


def promise_kept(promised: Rate | None, hits: int, cases: int) -> dict[str, Any]:
    """What a score promised, what came on the test images, and whether that lies in the interval promised."""
    assert promised is not None
    came = hits / cases if cases else 0.0
    return {
        "promised": [round(value, 3) for value in (promised.value, promised.low, promised.high)],
        "came": round(came, 3),
        "kept": promised.low <= came <= promised.high,
    }


class Finder:
    """The trained model as the inference module runs it, down to weak detections, with its time taken."""

    def __init__(self, run: TrainingRun, backend: str, threads: int) -> None:
        self._manifest = run.manifest
        self._runtime: Runtime = open_runtime(backend, run.model, threads)
        self.milliseconds: list[float] = []

    def find(self, sample: Sample) -> tuple[Detection, ...]:
        pixels = decode_image(sample.path.read_bytes(), sample.path.name)
        started_s = time.perf_counter()
        size = self._manifest.input_size_px
        outputs = self._runtime.infer(to_input(pixels, size))
        found = decode(
            outputs,
            kind=self._manifest.kind,
            labels=self._manifest.labels,
            thresholds=np.full(len(self._manifest.labels), LEAST_CONFIDENCE, dtype=np.float32),
            overlap=0.5,
            place=Letterbox(pixels.shape[1], pixels.shape[0], size),
        )
        self.milliseconds.append((time.perf_counter() - started_s) * 1e3)
        return found

    def close(self) -> None:
        self._runtime.close()
