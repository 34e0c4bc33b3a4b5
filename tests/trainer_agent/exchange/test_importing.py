"""Whole models out of one library and into another: all of it, or nothing."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from edge_common.images import digest_of, encode_jpeg
from edge_common.onnx_graph import GraphBuilder
from edge_common.packages import INT8_FILE, Manifest, PackageStore
from edge_common.scores import Int8
from modules.trainer_agent.database import Database
from modules.trainer_agent.exchange.archive import DOCUMENT
from modules.trainer_agent.exchange.exporting import export_model
from modules.trainer_agent.exchange.importing import import_model
from modules.trainer_agent.library import Library
from modules.trainer_agent.model_edits import set_attributes, set_collecting
from tests.trainer_agent.conftest import add_image, box_id, noise

SIZE = 32


def tiny_detector() -> bytes:
    """A model of two labels that always finds the same."""
    builder = GraphBuilder()
    mean = builder.node("GlobalAveragePool", ["image"])
    nothing = builder.node("Mul", [mean, builder.constant(np.zeros((1, 3, 1, 1), dtype=np.float32))])
    flat = builder.node("ReduceSum", [nothing], axes=[1, 2], keepdims=0)
    row = builder.node("Reshape", [flat, builder.constant(np.array([1, 1, 1], dtype=np.int64))])
    for name, values in (("raw_boxes", [0.5, 0.5, 0.2, 0.2]), ("raw_probs", [0.1, 0.9, 0.0])):
        builder.node("Add", [row, builder.constant(np.array([[values]], dtype=np.float32))], name)
    model = builder.build("tiny", {"image": [1, 3, SIZE, SIZE]}, {"raw_boxes": [1, 1, 4], "raw_probs": [1, 1, 3]})
    return bytes(model.SerializeToString())


def manifest_of(model, version: str) -> Manifest:
    labels = tuple(tag.name for tag in model.tags)
    return Manifest(
        model_id=model.id,
        model_name=model.name,
        version=version,
        kind=model.kind,
        labels=labels,
        input_size_px=SIZE,
        backbone="none",
        backbone_sha256="0" * 64,
        thresholds=dict.fromkeys(labels, 0.5),
        score=None,
        images=3,
        boxes=2,
        dataset_sha256="0" * 64,
        parent_version=None,
        created="2026-01-01T00:00:00Z",
        program_version="test",
    )


@pytest.fixture
def stocked(library, model, workshop):
    """The model with a tagged, an empty and an untagged image, two versions of which the first is live."""
    tagged, nothing, _ = (add_image(library, model, seed) for seed in range(3))
    library.put_box(tagged.id, box_id(1), model.tags[0].id, Box(0.1, 0.2, 0.5, 0.6))
    library.put_box(tagged.id, box_id(2), model.tags[1].id, Box(0.5, 0.5, 1, 1))
    library.set_nothing(nothing.id, True)
    set_attributes(library.database, model.id, {"store": "12"})
    for version in ("v1", "v2"):
        workshop.packages.write(manifest_of(model, version), tiny_detector(), b"[]")
    workshop.packages.activate(model.id, "v1")
    return model


@pytest.fixture
def elsewhere(tmp_path):
    """Another device's library and packages."""
    database = Database(tmp_path / "elsewhere" / "library.sqlite")
    yield Library(database, tmp_path / "elsewhere"), PackageStore(tmp_path / "elsewhere-models")
    database.close()


def exported(tmp_path, library, packages, model, way) -> Path:
    path = tmp_path / f"{way}.zip"
    path.write_bytes(b"".join(export_model(library, packages, model.id, way).pieces))
    return path


def content(library, model):
    """What is tagged where, by pictures and names."""
    names = {tag.id: tag.name for tag in model.tags}
    return {
        image.digest: (
            image.name,
            image.tagged,
            [
                (names[box.tag_id], [round(corner, 2) for corner in box.box.to_list()])
                for box in library.boxes(image.id)
            ],
        )
        for image in library.images(model.id, tagged=None, limit=99)
    }


def take(path, library, packages, name="gaps.zip"):
    return import_model(path, name, library, packages, lambda fraction, stage: None)


def test_a_whole_model_comes_to_another_device(tmp_path, library, stocked, workshop, elsewhere):
    there, packages = elsewhere
    path = exported(tmp_path, library, workshop.packages, stocked, "model")

    made = take(path, there, packages)

    assert (made.images, made.left_out) == (3, ())
    assert (made.model.name, dict(made.model.attributes)) == ("Low stock", {"store": "12"})
    assert content(there, made.model) == content(library, stocked)
    assert packages.versions(made.model.id) == ["v1", "v2"]
    assert packages.current(made.model.id) == "v1"
    assert packages.verify(made.model.id, "v2").model_id == made.model.id
    assert packages.read_manifest(made.model.id, "v1").attributes == {"store": "12"}


@pytest.mark.parametrize("automatic", [False, True])
@pytest.mark.parametrize("collecting", [False, True])
def test_what_a_model_does_by_itself_goes_along(tmp_path, library, workshop, elsewhere, automatic, collecting):
    there, packages = elsewhere
    model = library.create_model("Doors", "detection", ["open"], automatic=automatic)
    set_collecting(library.database, model.id, collecting)
    add_image(library, model, 1)

    made = take(exported(tmp_path, library, workshop.packages, model, "model"), there, packages)

    came = there.model(made.model.id)
    assert (came.automatic, came.collecting) == (automatic, collecting)


def test_a_file_from_before_pictures_were_kept_by_themselves_is_taken_in(
    tmp_path, library, stocked, workshop, elsewhere
):
    there, packages = elsewhere
    whole = exported(tmp_path, library, workshop.packages, stocked, "model")
    older = tmp_path / "older.zip"
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(older, "w") as written:
        for name in read.namelist():
            data = read.read(name)
            if name == DOCUMENT:
                document = json.loads(data)
                del document["collecting"]
                data = json.dumps(document).encode()
            written.writestr(name, data)

    assert there.model(take(older, there, packages).model.id).collecting


@pytest.fixture
def with_int8(stocked, workshop):
    """The model with a third version, that has a file in whole numbers."""
    kept = Int8(kept=True, why="as good, and faster")
    manifest = manifest_of(stocked, "v3").model_copy(update={"int8": kept})
    workshop.packages.write(manifest, tiny_detector(), b"[]", {INT8_FILE: tiny_detector()})
    return stocked


def test_a_version_comes_with_its_file_in_whole_numbers(tmp_path, library, with_int8, workshop, elsewhere):
    there, packages = elsewhere
    path = exported(tmp_path, library, workshop.packages, with_int8, "model")

    made = take(path, there, packages)

    manifest = packages.verify(made.model.id, "v3")
    assert manifest.has_int8
    assert packages.model_file(made.model.id, "v3").with_name("model.int8.onnx").read_bytes() == tiny_detector()
    assert not packages.verify(made.model.id, "v2").has_int8


def without_int8(members):
    return {name: data for name, data in members.items() if name != "versions/v3/model.int8.onnx"}


def other_int8(members):
    return members | {"versions/v3/model.int8.onnx": b"other weights"}


def int8_that_is_no_model(members):
    manifest = json.loads(members["versions/v3/manifest.json"])
    manifest["files"]["model.int8.onnx"] = digest_of(b"no model at all")
    return members | {
        "versions/v3/model.int8.onnx": b"no model at all",
        "versions/v3/manifest.json": json.dumps(manifest).encode(),
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(without_int8, r"versions/v3/model.int8.onnx: is not in the file", id="missing"),
        pytest.param(other_int8, r"versions/v3/model.int8.onnx: has not the checksum", id="weights changed"),
        pytest.param(int8_that_is_no_model, r"versions/v3: an ONNX model expected", id="not a model"),
    ],
)
def test_of_a_version_whose_file_in_whole_numbers_is_bad_nothing_is_taken_in(
    tmp_path, library, with_int8, workshop, elsewhere, change, why
):
    there, packages = elsewhere
    path = exported(tmp_path, library, workshop.packages, with_int8, "model")
    rewritten(path, change)

    with pytest.raises(InvalidInput, match=why):
        take(path, there, packages)

    assert there.models() == ()
    assert packages.live() == {}


def test_a_model_that_is_there_already_gets_another_name(tmp_path, library, stocked, workshop):
    path = exported(tmp_path, library, workshop.packages, stocked, "model")

    made = take(path, library, workshop.packages)

    assert made.model.name == "Low stock 2"
    assert content(library, made.model) == content(library, stocked)


@pytest.mark.parametrize("way", ["coco", "voc"])
def test_tagged_images_go_out_and_come_back_in_other_formats(tmp_path, library, stocked, workshop, elsewhere, way):
    there, packages = elsewhere
    path = exported(tmp_path, library, workshop.packages, stocked, way)

    made = take(path, there, packages, "aisle_4.zip")

    assert made.model.name == "aisle 4"
    mine = {digest: boxes for digest, (_, tagged, boxes) in content(library, stocked).items() if tagged}
    assert {digest: boxes for digest, (_, _, boxes) in content(there, made.model).items()} == mine
    assert all(tagged for _, tagged, _ in content(there, made.model).values())


def test_an_export_is_written_piece_by_piece(library, stocked, workshop):
    pieces = list(export_model(library, workshop.packages, stocked.id, "model").pieces)

    assert len(pieces) > 3
    assert zipfile.ZipFile(io.BytesIO(b"".join(pieces))).testzip() is None


def test_a_classification_goes_out_whole_only(library, workshop):
    doors = library.create_model("Doors", "classification", ["open", "closed"], automatic=False)

    with pytest.raises(InvalidInput, match="COCO is about boxes"):
        export_model(library, workshop.packages, doors.id, "coco")


def rewritten(path, change):
    """The file with members changed: `change` takes and gives a dictionary of bytes by name."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in change(members).items():
            file.writestr(name, data)


def damaged_image(members):
    name = max(name for name in members if name.startswith("images/"))
    return members | {name: b"\xff\xd8\xff no picture"}


def other_weights(members):
    return members | {"versions/v2/model.onnx": b"other weights"}


def no_model(members):
    data = b"no model at all"
    manifest = json.loads(members["versions/v2/manifest.json"])
    manifest["files"]["model.onnx"] = digest_of(data)
    return members | {
        "versions/v2/model.onnx": data,
        "versions/v2/manifest.json": json.dumps(manifest).encode(),
    }


def bad_version(members):
    document = json.loads(members["model.json"])
    return members | {"model.json": json.dumps(document | {"versions": ["../v1"], "live": None}).encode()}


def bad_attribute(members):
    document = json.loads(members["model.json"])
    return members | {"model.json": json.dumps(document | {"attributes": {"9": "x"}}).encode()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(damaged_image, r"images/[0-9a-f]{64}.jpg: cannot be decoded", id="an image is damaged"),
        pytest.param(other_weights, r"versions/v2/model.onnx: has not the checksum", id="weights changed"),
        pytest.param(no_model, r"versions/v2: an ONNX model expected", id="not a model"),
        pytest.param(bad_version, r"versions/../v1/manifest.json: is not in the file", id="version is a path"),
        pytest.param(bad_attribute, "a key starts with a letter", id="attribute"),
        pytest.param(lambda members: {"a.txt": b"x"}, "No annotations are in the file", id="something else"),
    ],
)
def test_of_a_bad_file_nothing_is_taken_in(tmp_path, library, stocked, workshop, elsewhere, change, why):
    there, packages = elsewhere
    path = exported(tmp_path, library, workshop.packages, stocked, "model")
    rewritten(path, change)

    with pytest.raises(InvalidInput, match=why):
        take(path, there, packages)

    assert there.models() == ()
    assert packages.live() == {}
    assert not packages.root.exists() or not [path for path in packages.root.iterdir() if path.suffix != ".part"]
    left = [file for folder in ("images", "incoming") for file in (tmp_path / "elsewhere" / folder).rglob("*.jpg")]
    assert left == []


def test_images_twice_and_boxes_too_small_are_told_of(tmp_path, elsewhere):
    there, packages = elsewhere
    picture = encode_jpeg(noise(1), 90)
    document = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 160, "height": 120} for n in (1, 2)],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 2, 2]},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 0, 20, 20]},
        ],
        "categories": [{"id": 1, "name": "gap"}],
    }
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("set/annotations.json", json.dumps(document))
        for number in (1, 2):
            file.writestr(f"set/images/{number}.jpg", picture)

    made = take(path, there, packages)

    assert made.images == 1
    assert made.left_out == (
        "Pictures that were there twice and were taken once: 1.",
        "Boxes that were too small to see and were left out: 1.",
    )
    assert there.counts(made.model.id).per_tag == {made.model.tags[0].id: 1}
