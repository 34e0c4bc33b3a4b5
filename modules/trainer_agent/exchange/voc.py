"""Pascal VOC (an XML document an image) to and from exchanged models; corners are px from 1, both inside. Pure."""

from collections.abc import Collection, Mapping
from xml.etree import ElementTree

from edge_common.errors import InvalidInput
from edge_common.geometry import Box
from modules.trainer_agent.exchange.exchanged import (
    ExchangedImage,
    ExchangedModel,
    box_at,
    distinct,
    member,
    number,
    tag_name,
)

IMAGES, DOCUMENTS = "JPEGImages", "Annotations"


def read_voc(documents: Mapping[str, bytes], members: Collection[str], name: str) -> ExchangedModel:
    """Documents by their paths in a file with these members; raises InvalidInput that names document and element.

    An image without objects is one with nothing to tag.
    """
    images = [_image(path, documents[path], members) for path in sorted(documents)]
    tags = [tag for image in images for tag, _ in image.boxes]
    if not tags:
        raise InvalidInput(
            f"{next(iter(sorted(documents)), 'the file')}: no document has an object, so there is no tag."
        )
    return ExchangedModel(name, "detection", distinct(dict.fromkeys(tags), "Objects"), tuple(images))


def write_voc(image: ExchangedImage, width: int, height: int) -> bytes:
    """The document of one image, whose file is `image.file`."""
    root = ElementTree.Element("annotation")
    folder, _, file = image.file.rpartition("/")
    for key, text in (("folder", folder), ("filename", file)):
        ElementTree.SubElement(root, key).text = text
    size = ElementTree.SubElement(root, "size")
    for key, count in (("width", width), ("height", height), ("depth", 3)):
        ElementTree.SubElement(size, key).text = str(count)
    ElementTree.SubElement(root, "segmented").text = "0"
    for tag, box in image.boxes:
        _add_object(root, tag, box, width, height)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_object(root: ElementTree.Element, tag: str, box: Box, width: int, height: int) -> None:
    item = ElementTree.SubElement(root, "object")
    for key, text in (("name", tag), ("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
        ElementTree.SubElement(item, key).text = text
    corners = ElementTree.SubElement(item, "bndbox")
    for key, place in (
        ("xmin", min(round(box.x0 * width) + 1, width)),
        ("ymin", min(round(box.y0 * height) + 1, height)),
        ("xmax", round(box.x1 * width)),
        ("ymax", round(box.y1 * height)),
    ):
        ElementTree.SubElement(corners, key).text = str(place)


def _image(path: str, data: bytes, members: Collection[str]) -> ExchangedImage:
    # A document type can define texts that grow without end when they are read; VOC has none.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InvalidInput(f"{path}: a document without a document type expected.")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError) as error:
        raise InvalidInput(f"{path}: XML expected ({error}).") from error
    if root.tag != "annotation":
        raise InvalidInput(f"{path}: an 'annotation' expected, got {root.tag[:40]!r}.")
    wide, high = (_number(root, f"size/{key}", path) for key in ("width", "height"))
    if wide < 1 or high < 1:
        raise InvalidInput(f"{path}: size: a width and a height of 1 px and more expected, got {wide:g} x {high:g}.")
    file = _text(root, "filename", path)
    boxes = []
    for index, item in enumerate(root.findall("object")):
        where = f"{path}: object[{index}]"
        left, top, right, bottom = (_number(item, f"bndbox/{key}", where) for key in ("xmin", "ymin", "xmax", "ymax"))
        box = box_at((left - 1) / wide, (top - 1) / high, (right - left + 1) / wide, (bottom - top + 1) / high, where)
        boxes.append((tag_name(_text(item, "name", where), f"{where}: name"), box))
    return ExchangedImage(member(members, file, path, f"{path}: filename"), file, tuple(boxes), nothing=not boxes)


def _text(element: ElementTree.Element, key: str, where: str) -> str:
    found = (element.findtext(key) or "").strip()
    if not found:
        raise InvalidInput(f"{where}: {key}: text expected, there is none.")
    return found


def _number(element: ElementTree.Element, key: str, where: str) -> float:
    text = _text(element, key, where)
    try:
        return number(float(text), f"{where}: {key}")
    except ValueError as error:
        raise InvalidInput(f"{where}: {key}: a number expected, got {text[:40]!r}.") from error
