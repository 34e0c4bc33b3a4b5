"""Samples of what models see go out at their pace, whatever the pace of the results."""

from pathlib import Path

import pytest

from edge_common.detections import Detection, Result
from edge_common.geometry import Box
from edge_common.hub import LocalHub
from edge_common.latest import LatestByKey
from edge_common.results import result_key
from edge_common.settings import TelemetrySettings
from edge_common.telemetry import MOST_SHOWN
from modules.inference.detections_output import DetectionsOutput
from tests.messages import sent

EVERY_MINUTE = TelemetrySettings()


class Sampled:
    """A slot that results are put into, and what comes out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest: LatestByKey[Result] = LatestByKey()
        self.output = DetectionsOutput(LocalHub(folder), self.newest)

    def see(self, camera: str = "till", model: str = "shelf", frame: int = 1, confidences: tuple[float, ...] = ()):
        found = tuple(Detection("low", one, Box(0.1, 0.2, 0.3, 0.4)) for one in confidences)
        result = Result(camera, f"frame-{frame}", frame * 1_000_000_000, model, "3", "detection", found, 12.345)
        self.newest.put(result_key(camera, model), result)

    def told(self) -> list[tuple[str, str, str]]:
        return [(body["camera"], body["model_id"], body["frame_id"]) for body in sent(self.folder)]


@pytest.fixture
def sampled(tmp_path: Path) -> Sampled:
    return Sampled(tmp_path / "twin")


def test_of_each_camera_and_model_the_newest_goes_out_once_in_an_interval(sampled: Sampled) -> None:
    for second in range(180):
        sampled.see(frame=second + 1)
        sampled.see(camera="door", model="people", frame=second + 1)
        sampled.output.look(EVERY_MINUTE, 1000.0 + second)

    frames = ["frame-1", "frame-61", "frame-121"]
    assert sorted(sampled.told()) == [
        *(("door", "people", frame) for frame in sorted(frames)),
        *(("till", "shelf", frame) for frame in sorted(frames)),
    ]


def test_a_frame_that_was_told_is_not_told_again_when_no_other_comes(sampled: Sampled) -> None:
    sampled.see()

    for minute in range(5):
        sampled.output.look(EVERY_MINUTE, 60.0 * minute)

    assert len(sampled.told()) == 1


def test_nothing_goes_out_when_it_is_switched_off_and_the_newest_does_when_it_is_on_again(sampled: Sampled) -> None:
    sampled.see(frame=1)
    sampled.output.look(TelemetrySettings(interval_s=0), 0.0)
    sampled.see(frame=2)
    sampled.output.look(TelemetrySettings(interval_s=0), 1000.0)
    assert sampled.told() == []

    sampled.output.look(EVERY_MINUTE, 1001.0)

    assert sampled.told() == [("till", "shelf", "frame-2")]


def test_a_shorter_interval_is_in_force_at_once(sampled: Sampled) -> None:
    for second in range(4):
        sampled.see(frame=second)
        sampled.output.look(EVERY_MINUTE if second == 0 else TelemetrySettings(interval_s=2), float(second))

    assert [frame for _, _, frame in sampled.told()] == ["frame-0", "frame-2"]


def test_what_is_less_sure_than_wanted_is_neither_counted_nor_listed(sampled: Sampled) -> None:
    sampled.see(confidences=(0.9, 0.7, 0.5))

    sampled.output.look(TelemetrySettings(minimum_confidence=0.7), 0.0)

    (body,) = sent(sampled.folder)
    assert body["counts"] == {"low": 2}
    assert [found["confidence"] for found in body["detections"]] == [0.9, 0.7]


def test_a_full_shelf_is_counted_whole_and_listed_in_part(sampled: Sampled) -> None:
    sampled.see(confidences=(0.9,) * 100)

    sampled.output.look(EVERY_MINUTE, 0.0)

    (body,) = sent(sampled.folder)
    assert body["counts"] == {"low": 100}
    assert (len(body["detections"]), body["detections_left_out"]) == (MOST_SHOWN, 100 - MOST_SHOWN)
    assert body["taken"] == "1970-01-01T00:00:01.000Z"
    # In one block, so that it costs what a sample of an empty shelf does.
    assert (sampled.folder / "messages.jsonl").stat().st_size < 3500


def test_nothing_seen_is_told_too(sampled: Sampled) -> None:
    sampled.see(confidences=())

    sampled.output.look(EVERY_MINUTE, 0.0)

    (body,) = sent(sampled.folder)
    assert (body["counts"], body["detections"]) == ({}, [])
