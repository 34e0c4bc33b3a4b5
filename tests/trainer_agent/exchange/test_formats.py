"""Each format read and written: round trips, and tables of what is refused with the place that is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from modules.trainer_agent.exchange.archive import read_archive, write_archive
from modules.trainer_agent.exchange.coco import read_coco, write_coco
from modules.trainer_agent.exchange.custom_vision import read_custom_vision
from modules.trainer_agent.exchange.exchanged import ExchangedImage, ExchangedModel
from modules.trainer_agent.exchange.voc import read_voc, write_voc

FILE = f"images/{'a' * 64}.jpg"
OTHER = f"images/{'b' * 64}.jpg"
WIDE, HIGH = 640, 480


@some.composite
def boxes(draw):
    """Boxes of at least 8 px in a picture of 640 x 480."""
    left, top = draw(some.integers(0, WIDE - 8)), draw(some.integers(0, HIGH - 8))
    right, bottom = draw(some.integers(left + 8, WIDE)), draw(some.integers(top + 8, HIGH))
    return Box(left / WIDE, top / HIGH, right / WIDE, bottom / HIGH)


tagged_boxes = some.lists(some.tuples(some.sampled_from(["gap", "leere Fläche"]), boxes()), max_size=5).map(tuple)


def model_of(*images, kind="detection"):
    return ExchangedModel("Gaps", kind, ("gap", "leere Fläche"), images)


def near(found, expected, within):
    assert [tag for tag, _ in found] == [tag for tag, _ in expected]
    for (_, mine), (_, theirs) in zip(found, expected, strict=True):
        assert mine.to_list() == pytest.approx(theirs.to_list(), abs=within)


@given(tagged_boxes)
def test_coco_gives_back_what_was_written(placed):
    written = b"".join(write_coco(model_of(ExchangedImage(FILE, "shelf", placed)), {FILE: (WIDE, HIGH)}))

    read = read_coco(written, "annotations.json", {FILE}, "Gaps")

    assert (read.name, read.kind, read.tags) == ("Gaps", "detection", ("gap", "leere Fläche"))
    assert (read.images[0].file, read.images[0].nothing) == (FILE, not placed)
    near(read.images[0].boxes, placed, 1e-5)


@given(tagged_boxes)
def test_voc_gives_back_what_was_written_to_the_pixel(placed):
    document = write_voc(
        ExchangedImage(f"JPEGImages/{'a' * 64}.jpg", "shelf", (("gap", Box(0, 0, 1, 1)), *placed)), WIDE, HIGH
    )

    read = read_voc({"Annotations/a.xml": document}, {f"JPEGImages/{'a' * 64}.jpg"}, "Gaps")

    assert read.images[0].file == f"JPEGImages/{'a' * 64}.jpg"
    near(read.images[0].boxes[1:], placed, 1e-9)


@given(tagged_boxes, some.booleans())
def test_our_own_format_gives_back_exactly_what_was_written(placed, nothing):
    model = ExchangedModel(
        "Gaps",
        "detection",
        ("gap", "leere Fläche"),
        (
            ExchangedImage(FILE, "Camera 1", placed, (), False, "camera", "camera-1", 17),
            ExchangedImage(OTHER, "shelf.jpg", (), (), nothing),
        ),
        automatic=True,
        attributes={"store": "12"},
        versions=("v1", "v2"),
        live="v1",
        collecting=False,
    )

    assert read_archive(write_archive(model), {FILE, OTHER}) == model


def test_custom_vision_regions_become_boxes():
    document = [
        {
            "id": "f00d",
            "tags": [{"tagName": "gap"}],
            "regions": [{"tagName": "gap", "left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}],
        },
        {"id": "beef", "tags": [], "regions": []},
    ]

    read = read_custom_vision(json.dumps(document).encode(), "images.json", {"f00d.jpg", "all/beef.PNG"}, "Shelf")

    assert (read.kind, read.tags) == ("detection", ("gap",))
    assert [image.file for image in read.images] == ["f00d.jpg", "all/beef.PNG"]
    near(read.images[0].boxes, [("gap", Box(0.1, 0.2, 0.4, 0.6))], 1e-9)
    assert not read.images[1].nothing


def test_custom_vision_tags_without_regions_are_a_classification():
    document = {"images": [{"file": "a.jpg", "tags": [{"tagName": "open"}]}, {"file": "b.jpg", "tags": []}]}

    read = read_custom_vision(json.dumps(document).encode(), "images.json", {"a.jpg", "b.jpg"}, "Doors")

    assert (read.kind, [image.tags for image in read.images]) == ("classification", [("open",), ()])


def test_custom_vision_images_with_more_than_one_tag_are_a_classification_by_several():
    document = [{"file": "a.jpg", "tags": [{"tagName": "wet"}, {"tagName": "dirty"}, {"tagName": "wet"}]}]

    read = read_custom_vision(json.dumps(document).encode(), "images.json", {"a.jpg"}, "Floor")

    assert (read.several, read.tags, read.images[0].tags) == (True, ("wet", "dirty"), ("wet", "dirty"))


@pytest.mark.parametrize("several", [False, True])
def test_our_own_format_keeps_the_tags_of_whole_pictures(several):
    images = (ExchangedImage(FILE, "a", (), ("wet", "dirty") if several else ("wet",)), ExchangedImage(OTHER, "b"))
    model = ExchangedModel("Floor", "classification", ("dirty", "wet"), images, several=several)

    assert read_archive(write_archive(model), {FILE, OTHER}) == model


def test_our_own_format_refuses_more_tags_than_the_model_allows():
    images = (ExchangedImage(FILE, "a", (), ("wet", "dirty")),)
    written = write_archive(ExchangedModel("Floor", "classification", ("dirty", "wet"), images, several=True))

    with pytest.raises(InvalidInput, match=r"images\[0\].tags: one tag for an image expected, got 2"):
        read_archive(written.replace(b'"several": true', b'"several": false'), {FILE})


def coco_with(**changed):
    image = {"id": 1, "file_name": "a.jpg", "width": 100, "height": 100} | changed.pop("image", {})
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]} | changed.pop("annotation", {})
    return {"images": [image], "annotations": [annotation], "categories": [{"id": 1, "name": "gap"}]} | changed


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param(b"{", "c.json: JSON expected", id="no JSON"),
        pytest.param(b"[" * 100_000, "c.json: JSON expected", id="nested without end"),
        pytest.param([], "c.json: an object expected", id="a list"),
        pytest.param(coco_with(images=3), "images: a list expected, got 3", id="images is a number"),
        pytest.param(coco_with(images=[3]), r"images\[0\]: an object expected", id="an image is a number"),
        pytest.param(coco_with(image={"file_name": "z.jpg"}), r"images\[0\]: the image 'z.jpg'", id="image missing"),
        pytest.param(coco_with(image={"width": 0}), r"images\[0\]: a width and a height of 1 px", id="no width"),
        pytest.param(coco_with(image={"width": "9"}), r"images\[0\].width: a finite number", id="width is text"),
        pytest.param(coco_with(annotation={"bbox": [1, 2, 3]}), r"annotations\[0\].bbox: x, y, width", id="3 corners"),
        pytest.param(coco_with(annotation={"bbox": [1, 2, 3, None]}), r"bbox\[3\]: a finite number", id="no height"),
        pytest.param(coco_with(annotation={"bbox": [1, 2, 0, 4]}), r"annotations\[0\]: a width and", id="empty box"),
        pytest.param(coco_with(annotation={"bbox": [1, 2, 300, 4]}), "a box inside the picture", id="box outside"),
        pytest.param(coco_with(annotation={"category_id": 7}), "one of the categories expected, got 7", id="category"),
        pytest.param(coco_with(annotation={"category_id": True}), "a whole number expected, got True", id="true"),
        pytest.param(coco_with(annotation={"image_id": 7}), r"annotations\[0\].image_id", id="image unknown"),
        pytest.param(coco_with(categories=[{"id": 1, "name": "x" * 41}]), r"categories\[0\].name: Tag", id="long name"),
    ],
)
def test_what_is_no_coco_is_refused_by_its_place(document, why):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()

    with pytest.raises(InvalidInput, match=why):
        read_coco(data, "c.json", {"a.jpg"}, "Gaps")


def voc_with(size="<width>100</width><height>100</height>", name="gap", corners=(1, 1, 50, 50), head=""):
    box = "".join(f"<{key}>{at}</{key}>" for key, at in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
    item = f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"
    return f"{head}<annotation><filename>a.jpg</filename><size>{size}</size>{item}</annotation>".encode()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param(b"<annotation>", "a.xml: XML expected", id="cut short"),
        pytest.param(b"<html/>", "a.xml: an 'annotation' expected, got 'html'", id="other document"),
        pytest.param(voc_with(head='<!DOCTYPE x [<!ENTITY y "z">]>'), "without a document type", id="entities"),
        pytest.param(voc_with(size=""), "size/width: text expected", id="no size"),
        pytest.param(voc_with(size="<width>0</width><height>9</height>"), "of 1 px and more", id="width 0"),
        pytest.param(voc_with(corners=(1, 1, "x", 9)), r"object\[0\]: bndbox/xmax: a number", id="no number"),
        pytest.param(voc_with(corners=(1, 1, "nan", 9)), r"bndbox/xmax: a number", id="not a number"),
        pytest.param(voc_with(corners=(50, 1, 9, 9)), r"object\[0\]: a width and a height above 0", id="turned round"),
        pytest.param(voc_with(corners=(1, 1, 500, 9)), r"object\[0\]: a box inside the picture", id="outside"),
        pytest.param(voc_with(name=" "), r"object\[0\]: name: text expected", id="no name"),
    ],
)
def test_what_is_no_voc_is_refused_by_its_place(document, why):
    with pytest.raises(InvalidInput, match=why):
        read_voc({"a.xml": document}, {"a.jpg"}, "Gaps")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        pytest.param({"id": "zz", "tags": []}, r"\[0\]: one image named 'zz'", id="image missing"),
        pytest.param({"tags": []}, r"\[0\].id: text expected", id="no id"),
        pytest.param({"id": "a", "regions": [{"tagName": "gap"}]}, r"regions\[0\].left: a finite number", id="no left"),
        pytest.param(
            {"id": "a", "regions": [{"tagName": "gap", "left": 0.9, "top": 0, "width": 0.5, "height": 0.5}]},
            r"regions\[0\]: a box inside",
            id="outside",
        ),
        pytest.param({"id": "a", "tags": []}, "no image has a tag or a region", id="nothing tagged"),
    ],
)
def test_what_is_no_custom_vision_export_is_refused_by_its_place(entry, why):
    with pytest.raises(InvalidInput, match=why):
        read_custom_vision(json.dumps([entry]).encode(), "images.json", {"a.jpg"}, "Gaps")


def archive_with(**changed):
    image = ExchangedImage(FILE, "shelf", (("gap", Box(0.1, 0.1, 0.5, 0.5)),))
    document = json.loads(write_archive(model_of(image)))
    document["images"][0] |= changed.pop("image", {})
    return json.dumps(document | changed).encode()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param(archive_with(format_version=2), "format_version", id="newer"),
        pytest.param(archive_with(surprise=1), "surprise: Extra inputs", id="unknown field"),
        pytest.param(archive_with(tags=[]), "tags", id="no tag"),
        pytest.param(archive_with(tags=["gap", "Gap"]), "differ in case only", id="tags alike"),
        pytest.param(archive_with(live="v9"), "live: one of the versions expected", id="live unknown"),
        pytest.param(archive_with(image={"file": "../a.jpg"}), "images.0.file", id="path"),
        pytest.param(archive_with(image={"file": OTHER}), r"images\[0\].file: .* is not in the file", id="missing"),
        pytest.param(
            archive_with(image={"boxes": [{"tag": 5, "box": [0, 0, 1, 1]}]}), r"boxes\[0\].tag: an index", id="tag"
        ),
        pytest.param(
            archive_with(image={"boxes": [{"tag": 0, "box": [0.5, 0, 0.1, 1]}]}), r"boxes\[0\]: a width", id="turned"
        ),
    ],
)
def test_what_is_no_archive_is_refused_by_its_place(document, why):
    with pytest.raises(InvalidInput, match=why):
        read_archive(document, {FILE})
