import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.geometry import Letterbox
from edge_common.images import encode_jpeg
from edge_common.model_io import decode, to_input
from edge_common.packages import PackageStore
from edge_common.service import EXIT_ABANDONED
from modules.inference.runtimes.runtime import open_runtime
from modules.trainer_agent.learning.dataset import Dataset
from modules.trainer_agent.learning.held_back import decode_held_back
from modules.trainer_agent.learning.packaged_model import PackagedModel
from tests.trainer_agent.learning.made import (
    classification_set,
    detection_set,
    draw_green_disc,
    draw_shapes,
    png_bomb,
    store_image,
)
from tests.trainer_agent.training_process import Job, request_for, run
from tests.waiting import wait_for

TRYING = "Trying a faster form of the model"


@pytest.fixture
def start() -> Callable[[dict[str, Any]], Job]:
    jobs: list[Job] = []

    def start_one(request: dict[str, Any]) -> Job:
        jobs.append(Job(request))
        return jobs[-1]

    yield start_one
    for job in jobs:
        job.close()


def cached(data: Path) -> set[Path]:
    return {path for path in (data / "cache").rglob("*") if path.is_file()}


def bad_images(folder: Path, good: Dataset) -> Dataset:
    """Files that staff could upload, or that a worn card could make of theirs, each tagged with a box."""
    boxes = good.images[0].boxes
    whole = encode_jpeg(draw_shapes(50)[0], 90)
    missing = store_image(folder, "missing.jpg", whole + b"1", boxes)
    altered = store_image(folder, "altered.jpg", whole + b"2", boxes)
    missing.path.unlink()
    altered.path.write_bytes(whole + b"3")
    return Dataset(
        good.kind,
        good.tags,
        (
            missing,
            altered,
            store_image(folder, "corrupt.jpg", whole[:20], boxes),
            store_image(folder, "tiny.jpg", encode_jpeg(np.zeros((8, 8, 3), dtype=np.uint8), 90), boxes),
            store_image(folder, "bomb.png", png_bomb(100_000, 100_000), boxes),
        ),
    )


class Finished:
    """A training of a detector from ten drawn images, two with nothing to tag, and five useless ones."""

    def __init__(self, folder: Path) -> None:
        self.dataset = detection_set(folder, 10)
        self.bad = bad_images(folder, self.dataset)
        self.nothing = tuple(
            store_image(folder, f"nothing-{seed}.jpg", encode_jpeg(draw_green_disc(seed), 95)) for seed in (200, 201)
        )
        self.data = folder / "data"
        images = (*self.bad.images, *self.dataset.images, *self.nothing)
        everything = Dataset("detection", self.dataset.tags, images)
        self.code, self.lines = run(request_for(everything, self.data, parent_version="before"))
        self.store = PackageStore(self.data / "models")


def some_of(finished: Finished, images: int) -> Dataset:
    """The first images, for what takes no more: the features of all of them are there already."""
    return Dataset("detection", finished.dataset.tags, finished.dataset.images[:images])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return Finished(tmp_path_factory.mktemp("detector"))


def test_progress_is_told_in_lines_and_the_last_one_is_the_outcome(finished: Finished) -> None:
    *progress, last = finished.lines

    assert finished.code == 0
    assert set(last) == {"trained"}
    assert set(last["trained"]) == {"version", "score", "comparison", "images", "int8", "boxes", "left_out", "seconds"}
    assert all(set(line) == {"stage", "fraction", "seconds_left"} for line in progress)
    fractions = [line["fraction"] for line in progress]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert len({line["stage"] for line in progress}) >= 2


def test_the_package_verifies_and_is_not_active(finished: Finished) -> None:
    trained = finished.lines[-1]["trained"]

    manifest = finished.store.verify("shapes", trained["version"])

    assert finished.store.current("shapes") is None
    assert (manifest.images, manifest.boxes) == (12, sum(len(image.boxes) for image in finished.dataset.images))
    assert (manifest.kind, manifest.labels, manifest.model_name) == ("detection", ("disc", "square"), "Shapes")
    assert manifest.thresholds == {"disc": 0.5, "square": 0.5}
    assert manifest.parent_version == "before"
    assert manifest.score.model_dump(mode="json") == trained["score"]


def test_images_that_cannot_be_used_are_left_out_by_name_and_reason(finished: Finished) -> None:
    left_out = finished.lines[-1]["trained"]["left_out"]

    assert {name: reason.partition(": ")[2][:17] for name, reason in left_out.items()} == {
        "missing.jpg": "the file cannot b",
        "altered.jpg": "the file has chan",
        "corrupt.jpg": "cannot be decoded",
        "tiny.jpg": "8 x 8 px is too s",
        "bomb.png": "cannot be decoded",
    }


def test_the_model_finds_shapes_in_pictures_that_it_has_not_seen(finished: Finished) -> None:
    manifest = finished.store.read_manifest("shapes", finished.lines[-1]["trained"]["version"])
    runtime = open_runtime("onnx", finished.store.model_file("shapes", manifest.version), threads=1)
    hits = wanted = 0
    for seed in range(100, 110):
        picture, boxes = draw_shapes(seed)
        found = decode(
            runtime.infer(to_input(picture, manifest.input_size_px)),
            kind="detection",
            labels=manifest.labels,
            thresholds=np.full(2, 0.5, dtype=np.float32),
            overlap=0.5,
            place=Letterbox(picture.shape[1], picture.shape[0], manifest.input_size_px),
        )
        for one in boxes:
            wanted += 1
            hits += any(manifest.labels[one.tag] == it.label and one.box.iou(it.box) > 0.5 for it in found)
    runtime.close()

    assert manifest.score.value > 0.8
    assert hits > 0.8 * wanted


class Retrained:
    """A second training, of three of the images and one more, while the first version is live."""

    def __init__(self, finished: Finished) -> None:
        picture, boxes = draw_shapes(77)
        another = store_image(finished.data.parent, "another.jpg", encode_jpeg(picture, 95), tuple(boxes))
        self.dataset = Dataset("detection", ("disc", "square"), (*finished.dataset.images[:3], another))
        before = cached(finished.data)
        self.live = finished.lines[-1]["trained"]["version"]
        self.code, self.lines = run(request_for(self.dataset, finished.data, parent_version=self.live))
        self.newly_cached = cached(finished.data) - before
        self.reused = before


@pytest.fixture(scope="module")
def retrained(finished: Finished) -> Retrained:
    return Retrained(finished)


def test_a_retraining_with_one_image_more_computes_the_features_of_that_image_alone(
    finished: Finished, retrained: Retrained
) -> None:
    assert retrained.code == 0
    # Of each image eight views and the details of three that tell tags apart; and what the training learned.
    assert len(retrained.reused) == (8 + 3) * 12 + 1
    assert len(retrained.newly_cached) == 8 + 3
    assert len(finished.store.versions("shapes")) == 2


def test_a_retraining_compares_itself_with_the_live_version_on_all_its_images(
    finished: Finished, retrained: Retrained
) -> None:
    trained = retrained.lines[-1]["trained"]

    compared = trained["comparison"]

    assert (compared["live_version"], compared["images"]) == (retrained.live, 4)
    # The live one has learned from ten images, and finds the shapes of the one that it does not know, too.
    assert compared["live_value"] > 0.8
    assert compared["difference"][0] <= compared["value"] - compared["live_value"] <= compared["difference"][1]
    manifest = finished.store.read_manifest("shapes", trained["version"])
    assert manifest.comparison.model_dump(mode="json") == compared


def test_images_with_nothing_to_tag_teach_what_is_none_of_the_tags(finished: Finished, retrained: Retrained) -> None:
    def surest(version: str) -> float:
        """How sure it is of something in a picture of what is none of the tags, on average."""
        manifest, file = finished.store.read_manifest("shapes", version), finished.store.model_file("shapes", version)
        model = PackagedModel(manifest, file, threads=1)
        return float(np.mean([model.look(draw_green_disc(seed))[0].confidence for seed in range(300, 305)]))

    without = retrained.lines[-1]["trained"]["version"]

    assert surest(without) > 0.8
    assert surest(retrained.live) < 0.6


def test_a_live_version_that_is_not_there_is_compared_with_nothing(finished: Finished) -> None:
    assert finished.lines[-1]["trained"]["comparison"] is None


def test_a_package_keeps_what_was_found_in_each_image_that_was_used(finished: Finished) -> None:
    version = finished.lines[-1]["trained"]["version"]

    found = decode_held_back(finished.store.read_held_back("shapes", version))

    assert set(found) == {image.digest for image in (*finished.dataset.images, *finished.nothing)}
    for image in finished.dataset.images:
        assert any(one.box.iou(image.boxes[0].box) > 0.5 for one in found[image.digest])


def test_a_classifier_is_trained_the_same_way(tmp_path: Path) -> None:
    code, lines = run(request_for(classification_set(tmp_path, 4), tmp_path / "data", model_id="faces"))

    store = PackageStore(tmp_path / "data" / "models")
    manifest = store.verify("faces", lines[-1]["trained"]["version"])
    assert code == 0
    assert (manifest.kind, manifest.images, manifest.input_size_px) == ("classification", 4, 288)
    assert store.current("faces") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"images": []}, "training_failed", id="no images"),
        pytest.param({"tags": []}, "training_failed", id="no tags"),
        pytest.param({"kind": "classification"}, "training_failed", id="boxes for a classifier"),
        pytest.param({"kind": "segmentation"}, "invalid_input", id="a kind that there is not"),
        pytest.param({"colour": "red"}, "invalid_input", id="a key that there is not"),
        pytest.param({"zoo": "nowhere"}, "not_found", id="no zoo"),
    ],
)
def test_what_cannot_be_trained_is_a_failure_with_a_code(
    finished: Finished, tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    few = Dataset("detection", ("disc", "square"), finished.dataset.images[:2])

    exit_code, lines = run(request_for(few, tmp_path / "data") | change)

    assert exit_code == 1
    assert set(lines[-1]) == {"failed"}
    assert lines[-1]["failed"]["code"] == code
    assert lines[-1]["failed"]["message"]
    assert not list((tmp_path / "data").rglob("model.onnx"))


def test_a_disk_that_takes_no_more_is_a_failure_in_words_and_leaves_nothing(
    finished: Finished, start: Callable[[dict[str, Any]], Job]
) -> None:
    before = {path for path in finished.data.rglob("*") if path.is_file()}
    job = start(request_for(finished.dataset, finished.data, threads=2))
    # All features are there already: what does not fit is the file of the examples that it learns from.
    resource.prlimit(job.process.pid, resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))

    last = job.lines()[-1]

    assert job.process.wait() == 1
    assert last["failed"]["message"] == "Training could not read or write what it needs: File too large."
    assert {path for path in finished.data.rglob("*") if path.is_file()} == before
    assert job.family() == []


def test_images_are_looked_at_until_the_training_is_asked_for(
    tmp_path: Path, start: Callable[[dict[str, Any]], Job]
) -> None:
    data = tmp_path / "data"
    request = request_for(detection_set(tmp_path, 4), data)
    job = start(request | {"look": True})
    wait_for(lambda: cached(data))

    job.process.stdin.write(json.dumps(request) + "\n")
    job.process.stdin.flush()

    *progress, last = job.lines()
    assert last["trained"]["images"] == 4
    assert progress[0]["fraction"] < 0.5
    assert job.process.wait() == 0


def test_when_its_input_is_closed_the_job_and_its_helpers_end_at_once(
    finished: Finished, tmp_path: Path, start: Callable[[dict[str, Any]], Job]
) -> None:
    job = start(request_for(finished.dataset, finished.data, threads=2))
    job.wait_until_learning()
    assert len(job.family()) == 2

    job.process.stdin.close()

    assert job.process.wait(timeout=10) == EXIT_ABANDONED
    wait_for(lambda: job.family() == [], 10)


def test_a_job_killed_in_the_middle_leaves_nothing_that_looks_like_a_package(
    finished: Finished, tmp_path: Path, start: Callable[[dict[str, Any]], Job]
) -> None:
    before = finished.store.versions("shapes")
    job = start(request_for(finished.dataset, finished.data))
    job.wait_until_learning()

    os.kill(job.process.pid, signal.SIGKILL)

    assert job.process.wait() == -signal.SIGKILL
    assert finished.store.versions("shapes") == before
    assert finished.store.current("shapes") is None


def test_a_model_in_whole_numbers_is_tried_last_and_does_not_hold_up_the_other(
    finished: Finished, start: Callable[[dict[str, Any]], Job]
) -> None:
    *progress, last = start(request_for(some_of(finished, 6), finished.data, model_id="int8", int8=True)).lines()

    manifest = finished.store.verify("int8", last["trained"]["version"])
    told = manifest.int8
    assert manifest.score.value > 0.8
    assert told.value > 0.8
    assert last["trained"]["int8"] == told.model_dump(mode="json")
    # Whether it is faster depends on the machine, and on what else it does.
    assert told.kept == ("model.int8.onnx" in manifest.files)
    assert told.kept or "ms for an image here instead of" in told.why
    stages = [line["stage"] for line in progress]
    assert stages[-1] == TRYING
    assert stages.index(TRYING) > stages.index("Packing the model")
    fractions = [line["fraction"] for line in progress]
    assert fractions == sorted(fractions)


def test_without_the_setting_none_is_tried(finished: Finished) -> None:
    *progress, last = finished.lines

    assert last["trained"]["int8"] is None
    assert finished.store.read_manifest("shapes", last["trained"]["version"]).int8 is None
    assert TRYING not in {line["stage"] for line in progress}


def test_when_what_quantises_is_killed_the_model_in_floating_point_is_kept_and_says_why(
    finished: Finished, start: Callable[[dict[str, Any]], Job]
) -> None:
    job = start(request_for(some_of(finished, 3), finished.data, model_id="killed", int8=True))
    next(line for line in job.process.stdout if json.loads(line).get("stage") == TRYING)

    os.kill(started_by(job, "modules.trainer_agent.learning.quantise"), signal.SIGKILL)

    last = job.lines()[-1]
    manifest = finished.store.verify("killed", last["trained"]["version"])
    assert (manifest.int8.kept, set(manifest.files)) == (False, {"model.onnx", "labels.txt", "held_back.json"})
    assert manifest.int8.why.startswith("it could not be made: quantising ended with exit code -9")
    assert not (finished.data / "cache" / "int8").exists()


def test_when_the_job_is_killed_what_quantises_ends_with_it(
    finished: Finished, start: Callable[[dict[str, Any]], Job]
) -> None:
    job = start(request_for(some_of(finished, 3), finished.data, model_id="orphan", int8=True))
    next(line for line in job.process.stdout if json.loads(line).get("stage") == TRYING)
    child = started_by(job, "modules.trainer_agent.learning.quantise")

    os.kill(job.process.pid, signal.SIGKILL)

    job.process.wait()
    wait_for(lambda: child not in job.family(), 10)
    assert finished.store.versions("orphan") == []


def started_by(job: Job, module: str) -> int:
    """The process of a job that runs a module of ours."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        for pid in job.family():
            if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        time.sleep(0.01)
    raise AssertionError(f"{module} was not started")


def test_a_classifier_is_not_tried_in_whole_numbers(tmp_path: Path) -> None:
    _, lines = run(request_for(classification_set(tmp_path, 4), tmp_path / "data", int8=True))

    assert lines[-1]["trained"]["int8"] is None
