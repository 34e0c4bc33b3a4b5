"""Messages of azureeyemodule as its C++ puts them together, taken or refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.detections import Detection
from edge_common.errors import CodecError
from edge_common.geometry import Box
from modules.inference.azureeye import MOST_BYTES, ForeignLabel, Sighting, parse_message

LABELS = ("full", "low stock")
STAMP = 1_612_345_678_901_234_567


def written(*items: tuple[object, ...], timestamp: object = STAMP) -> bytes:
    """A message of (label, confidence[, corners]) as objectdetector.cpp and classification.cpp write it."""
    parts = []
    for label, confidence, *boxes in items:
        box = "".join(
            f'"bbox": [{", ".join(f"{corner:.3f}" if isinstance(corner, float) else str(corner) for corner in one)}],'
            for one in boxes
        )
        sure = f"{confidence:.6f}" if isinstance(confidence, float) else confidence
        parts.append(f'{{{box}"label": "{label}", "confidence": "{sure}", "timestamp": "{timestamp}"}}')
    return f'{{"NEURAL_NETWORK": [{", ".join(parts)}]}}'.encode()


def test_a_message_says_what_was_seen_the_surest_first() -> None:
    body = written(("low stock", 0.61, (0.5, 0.25, 0.75, 0.5)), ("full", 0.874512, (0.1, 0.2, 0.3, 0.4)))

    sighting = parse_message(body, LABELS)

    full = Detection("full", 0.874512, Box(0.1, 0.2, 0.3, 0.4))
    low = Detection("low stock", 0.61, Box(0.5, 0.25, 0.75, 0.5))
    assert sighting == Sighting("detection", STAMP, (full, low))


def test_an_empty_list_says_that_nothing_was_seen_and_not_when() -> None:
    assert parse_message(b'{"NEURAL_NETWORK": []}', LABELS) == Sighting(None, None, ())


def test_a_classification_has_no_boxes() -> None:
    sighting = parse_message(written(("full", 0.25), ("low stock", 0.75)), LABELS)

    assert sighting.kind == "classification"
    assert [(one.label, one.box) for one in sighting.detections] == [("low stock", None), ("full", None)]


def test_a_box_beyond_the_edge_is_cut_off_and_one_outside_is_left_out() -> None:
    body = written(("full", 0.9, (-0.05, 0.5, 0.25, 1.125)), ("full", 0.8, (1.01, 0.5, 1.25, 0.75)))

    (found,) = parse_message(body, LABELS).detections

    assert found.box == Box(0.0, 0.5, 0.25, 1.0)


def test_rounding_of_16_bits_makes_no_confidence_too_high() -> None:
    assert parse_message(written(("full", "1.000488")), LABELS).detections[0].confidence == 1.0


@pytest.mark.parametrize(
    "label",
    [
        *('24" TV', "50 \\ 50", "C:\\new", '"', "\\", '", "confidence": "0.5', "tab\tbed", "a\\u0041b"),
        *('x"}, {"label": "y', '["', "{}", "Käse", "', '"),
    ],
)
def test_a_label_that_breaks_the_json_or_changes_in_it_is_read_as_it_was_written(label: str) -> None:
    body = written(("full", 0.9, (0.1, 0.2, 0.3, 0.4)), (label, 0.75, (0.5, 0.5, 0.75, 0.75)))

    sighting = parse_message(body, (*LABELS, label))

    assert [one.label for one in sighting.detections] == ["full", label]
    assert sighting.detections[1] == Detection(label, 0.75, Box(0.5, 0.5, 0.75, 0.75))


def test_labels_that_can_be_read_in_two_ways_are_refused() -> None:
    inner = '", "confidence": "0.900000", "timestamp": "1"}, {"label": "'
    body = written((f"a{inner}b", 0.5), timestamp=1)

    with pytest.raises(CodecError, match="in more than one way"):
        parse_message(body, ("a", "b", f"a{inner}b"))


def test_an_escape_that_json_and_the_text_read_differently_is_refused_where_both_are_labels() -> None:
    with pytest.raises(CodecError, match="in more than one way"):
        parse_message(written(("a\\\\b", 0.5)), ("a\\\\b", "a\\b"))


def test_a_label_of_another_model_is_told_from_a_broken_message() -> None:
    body = written(("person", 0.9, (0.1, 0.2, 0.3, 0.4)))

    with pytest.raises(ForeignLabel, match=r"NEURAL_NETWORK\[0\].label: one of 'full', 'low stock' expected, got 'per"):
        parse_message(body, LABELS)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(b"", "JSON expected", id="nothing"),
        pytest.param(b"\xff", "UTF-8 expected", id="no text"),
        pytest.param(b"[]", "an object with NEURAL_NETWORK alone", id="no object"),
        pytest.param(b'{"NEURAL_NETWORK": [], "more": 1}', "NEURAL_NETWORK alone", id="another key"),
        pytest.param(b'{"NEURAL_NETWORK": 5}', "a list expected", id="no list"),
        pytest.param(b'{"NEURAL_NETWORK": {"Poses": []}}', "OpenPose", id="OpenPose"),
        pytest.param(b'{"NEURAL_NETWORK": {"Texts": ["a"]}}', "OCR", id="OCR"),
        pytest.param(b'{"NEURAL_NETWORK": [{"occupied": 0.25}]}', "UNet", id="UNet"),
        pytest.param(b'{"NEURAL_NETWORK": [1]}', r"\[0\]: an object expected", id="no item"),
        pytest.param(b'{"NEURAL_NETWORK": [', "JSON expected", id="cut short"),
        pytest.param(b"[" * 100_000, "JSON expected", id="nested too deep"),
        pytest.param(b" " * (MOST_BYTES + 1), "bytes at most", id="too long"),
        pytest.param(written(("full", "nan")), r"\[0\].confidence: a number", id="confidence that is none"),
        pytest.param(written(("full", "-0.1")), r"\[0\].confidence", id="confidence below 0"),
        pytest.param(written(("full", "1.01")), r"\[0\].confidence", id="confidence above 1"),
        pytest.param(written(("full", "1e-3")), r"\[0\].confidence", id="confidence in another form"),
        pytest.param(written(("full", 0.5), timestamp=""), r"\[0\].timestamp", id="no timestamp"),
        pytest.param(written(("full", 0.5), timestamp=-1), r"\[0\].timestamp", id="timestamp below 0"),
        pytest.param(written(("full", 0.5), timestamp=2**63), r"\[0\].timestamp", id="timestamp too large"),
        pytest.param(written(("full", 0.5, (0.5, 0.1, 0.25, 0.2))), r"\[0\].bbox: box: x0 <= x1", id="corners swapped"),
        pytest.param(written(("full", 0.5, (81.0, 61.0, 160.0, 120.0))), r"\[0\].bbox: fractions", id="pixels"),
        pytest.param(written(("full", 0.5, ("nan", 0.1, 0.5, 0.5))), "JSON expected", id="corner that is no number"),
        pytest.param(written(("full", 0.5, ("NaN", 0.1, 0.5, 0.5))), "NaN is no number", id="the same for Python"),
        pytest.param(written(("full", 0.5, ("1e999", 0.1, 0.5, 0.5))), r"\[0\].bbox", id="corner without end"),
        pytest.param(written(("full", 0.5, (0.1, 0.2, 0.3))), r"\[0\].bbox: box: four numbers", id="three corners"),
        pytest.param(written(("full", 0.5, (0.1, 0.2, 0.3, 0.4)), ("full", 0.5)), "a bbox in all", id="a box missing"),
        pytest.param(b'{"NEURAL_NETWORK": [{"label": "full"}]}', r"\[0\].confidence", id="a key missing"),
        pytest.param(
            b'{"NEURAL_NETWORK": [{"label": "full", "confidence": 0.5, "timestamp": "1"}]}',
            r"\[0\].confidence: a number from 0 to 1 as text expected, got 0.5",
            id="confidence as a number",
        ),
        pytest.param(
            b'{"NEURAL_NETWORK": [{"label": 7, "confidence": "0.5", "timestamp": "1"}]}',
            r"\[0\].label: text expected, got 7",
            id="label as a number",
        ),
        pytest.param(
            b'{"NEURAL_NETWORK": [{"label": "full", "confidence": "0.5", "timestamp": "1", "id": 1}]}',
            r"\[0\]: bbox, label, confidence and timestamp expected, got \['id'\], too",
            id="a key too many",
        ),
        pytest.param(
            b'{"NEURAL_NETWORK": [{"label": "full", "confidence": "0.5", "timestamp": "1"}, '
            b'{"label": "full", "confidence": "0.5", "timestamp": "2"}]}',
            "the same timestamp",
            id="two moments",
        ),
        pytest.param(written(("fu\\ll", 0.5)), "no text with this model's labels", id="broken by an unknown label"),
        pytest.param(written(*[("full", 0.5)] * 1001), "1000 items at most", id="too many items"),
    ],
)
def test_what_is_no_such_message_is_refused_with_its_place(body: bytes, told: str) -> None:
    with pytest.raises(CodecError, match=told):
        parse_message(body, LABELS)


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\r"), min_size=1, max_size=12)
CORNERS = st.lists(st.integers(0, 1000), min_size=2, max_size=2).map(sorted)


@st.composite
def sightings(draw: st.DrawFn) -> tuple[tuple[str, ...], list[tuple[str, float, tuple[float, ...]]]]:
    """Labels of any signs that can stand in a line, and what was seen of them."""
    labels = tuple(draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True)))
    items = []
    for _ in range(draw(st.integers(1, 5))):
        (x0, x1), (y0, y1) = draw(CORNERS), draw(CORNERS)
        confidence = draw(st.integers(500_000, 1_000_000)) / 1e6
        items.append((draw(st.sampled_from(labels)), confidence, (x0 / 1000, y0 / 1000, x1 / 1000, y1 / 1000)))
    return labels, items


@given(sightings())
def test_whatever_the_labels_are_a_message_is_read_as_it_was_meant_or_refused_as_ambiguous(made) -> None:
    labels, items = made
    sighting, refused = None, ""

    try:
        sighting = parse_message(written(*items), labels)
    except CodecError as error:
        refused = str(error)

    if sighting is None:
        assert "more than one way" in refused
        return
    meant = [Detection(label, confidence, Box(*box)) for label, confidence, box in items]
    key = lambda one: (one.label, one.confidence, one.box.to_list())  # noqa: E731
    assert sorted(sighting.detections, key=key) == sorted((one for one in meant if one.box.area > 0), key=key)


@given(st.binary(max_size=300))
def test_no_bytes_lead_to_anything_but_a_sighting_or_a_refusal(body: bytes) -> None:
    with pytest.raises(CodecError):
        parse_message(body, LABELS)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.sampled_from(["full", "0.5", "1", "nan"]) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["bbox", "label", "confidence", "timestamp", "Poses"]) | TEXTS, inner, max_size=5
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_json_leads_to_anything_but_finite_boxes_in_the_picture_or_a_refusal(value: object) -> None:
    try:
        sighting = parse_message(json.dumps({"NEURAL_NETWORK": value}).encode(), LABELS)
    except CodecError:
        return

    for found in sighting.detections:
        assert found.label in LABELS
        assert 0 <= found.confidence <= 1
        assert found.box is None or all(0 <= corner <= 1 and math.isfinite(corner) for corner in found.box.to_list())
