"""Messages to the cloud fit the schemas that are published, whatever is in them."""

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.scores import Comparison, Int8, Rate, Score, WrongImage
from edge_common.skills.told import MOST_BOXES, Shown
from edge_common.telemetry import MOST_LETTERS, MOST_SHOWN, Body, Output, Severity, Source, alert
from edge_common.telemetry_events import (
    CameraEvent,
    Event,
    ModelEvent,
    ModelZipReady,
    ModelZipRefused,
    Trained,
    TrainingFailed,
    VersionEvent,
    first_named,
)
from edge_common.telemetry_schemas import text_of
from modules.inference.detections_output import sample
from tests.messages import SCHEMAS, numbered, problems, skill_event, validator

SOURCE = Source("device-1", "inference")
MESSAGE_ID = "0" * 32
RATE = Rate(value=0.5, low=0.1, high=0.9)
SHOWN = (
    Shown(label="low", confidence=0.9, box=(0.1, 0.2, 0.3, 0.4), thing=7),
    Shown(label="low", confidence=0.8, box=None),
)
SCORE = Score(
    name="ap50",
    value=0.9,
    interval=(0.7, 1.0),
    precision=RATE,
    label_recall={"low": RATE},
    wrong=(WrongImage(digest="a", missed=1, false=0),),
    per_label={"low": 0.9},
    protocol="leave one out",
)
COMPARISON = Comparison(live_version="1", images=15, value=0.9, live_value=0.8, difference=(-0.1, 0.2))
INT8 = Int8(kept=True, why="faster", value=0.9, interval=(0.7, 1.0), difference=(0.0, 0.0), ms=1.0, float_ms=2.0)


def result(things: int = 2, *, kind: str = "detection") -> Result:
    box = Box(0.123456, 0.2, 0.3, 0.4) if kind == "detection" else None
    found = tuple(Detection("low", 0.9, box) for _ in range(things))
    return Result("till", "17-1", 1_700_000_000_123_456_789, "shelf", "3", kind, found, 12.345)


def an_alert(*, severity: Severity = "warning", models: dict[str, str] | None = None, **changes: Any) -> Body:
    return alert(skill_event(**changes), severity=severity, text="", models=models or {})


def trained(**changes: Any) -> Trained:
    given = {"kept_back": "", "score": SCORE, "comparison": COMPARISON, "int8": INT8, "images": 15, "boxes": 40}
    more = {"left_out": {"a.jpg": "damaged"}, "left_out_images": 1, "seconds": 4.2}
    return Trained(model_id="shelf", model_version="3", **given | more | changes)


BODIES = [
    an_alert(),
    an_alert(phase="cleared", severity="critical", models={"shelf": "3"}, boxes=SHOWN, frame_id=""),
    sample(result(), 0.0),
    sample(result(0), 0.0),
    sample(result(1, kind="classification"), 0.0),
    CameraEvent(event="camera lost", camera="till", reason="no answer"),
    ModelEvent(event="model live", model_id="shelf", model_version="3", message="", attributes={"aisle": "4"}),
    ModelEvent(event="model gone", model_id="shelf", message=""),
    VersionEvent(event="put live", model_id="shelf", model_version="3"),
    trained(),
    trained(score=None, comparison=None, int8=None),
    TrainingFailed(model_id="shelf", code="learning_failed", message="all alike"),
    ModelZipReady(
        model_id="shelf", model_version="3", url="http://x/y.zip", sha256="f" * 64, size=1, blob=False, message=""
    ),
    ModelZipRefused(model_id="shelf", model_version="3", message="no detection model"),
]


def message_of(body: Body) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(SOURCE.sealed(body, MESSAGE_ID, 7))
    return message


@pytest.mark.parametrize("output", get_args(Output))
def test_the_published_schemas_are_what_the_models_say(output: Output) -> None:
    assert (SCHEMAS / f"{output}.schema.json").read_text(encoding="utf-8") == text_of(output), "run `make docs`"


@pytest.mark.parametrize("body", BODIES, ids=lambda body: getattr(body, "event", body.output))
def test_a_message_fits_the_schema_of_its_output(body: Body) -> None:
    message = message_of(body)

    assert problems(body.output, message) == []
    assert (message["device"], message["module"], message["sequence"]) == ("device-1", "inference", 7)
    assert message["message_id"] == MESSAGE_ID


def test_every_kind_of_event_is_among_those_tried() -> None:
    assert {type(body) for body in BODIES} >= set(get_args(get_args(Event)[0]))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda one: one.pop("device"), "device"),
        (lambda one: one.update(time="yesterday"), "time"),
        (lambda one: one.update(sequence=0), "sequence"),
        (lambda one: one.update(schema_version=2), "schema_version"),
        (lambda one: one.update(message_id="7"), "message_id"),
        (lambda one: one.update(more=1), "more"),
        (lambda one: one["detections"][0].update(confidence="0.9"), "detections[0].confidence"),
        (lambda one: one["detections"].extend(one["detections"] * MOST_SHOWN), "detections"),
    ],
)
def test_a_message_that_does_not_fit_is_told_with_the_place(change: Callable[[Any], object], place: str) -> None:
    message = message_of(an_alert(boxes=SHOWN))

    change(message)

    assert any(place in problem for problem in problems("alerts", message)), problems("alerts", message)


def test_an_event_of_no_known_kind_does_not_fit() -> None:
    message = message_of(numbered(1))

    assert problems("events", message | {"event": "camera sleepy"})
    assert problems("events", message | {"reason": None})


def test_an_alert_tells_of_the_skills_event_and_names_the_model_that_saw_it() -> None:
    event = skill_event(boxes=SHOWN)

    message = message_of(alert(event, severity="critical", text="Fill it up", models={"shelf": "3", "brand": "1"}))

    assert (message["alert_id"], message["skill_id"], message["since"]) == (event.id, event.skill, event.since)
    assert (message["model_id"], message["model_version"], message["frame_id"]) == ("shelf", "3", "17-1")
    assert (message["severity"], message["text"], message["numbers"]) == ("critical", "Fill it up", {"bottles": 2.0})
    assert message["detections"] == [
        {"label": "low", "confidence": 0.9, "box": [0.1, 0.2, 0.3, 0.4]},
        {"label": "low", "confidence": 0.8, "box": None},
    ]


def test_as_many_boxes_as_a_skill_tells_fit_an_alert() -> None:
    assert MOST_BOXES <= MOST_SHOWN


def test_what_could_be_long_is_cut_and_counted() -> None:
    left_out = {f"{number}.jpg": "x" * 5000 for number in range(100)}

    message = message_of(trained(left_out=first_named(left_out), left_out_images=len(left_out)))

    assert (len(message["left_out"]), message["left_out_images"]) == (20, 100)
    assert {len(why) for why in message["left_out"].values()} == {MOST_LETTERS}
    assert problems("events", message) == []


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=2 * MOST_LETTERS), st.dictionaries(st.text(max_size=20), st.floats(-1e9, 1e9), max_size=5))
def test_whatever_people_write_and_skills_count_fits(text: str, numbers: dict[str, float]) -> None:
    message = message_of(an_alert(text=text, numbers=numbers))

    assert validator("alerts").is_valid(message)
    assert message["text"] == text or len(message["text"]) == MOST_LETTERS


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        an_alert(numbers={"bottles": value})
