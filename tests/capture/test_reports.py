import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_common.frames import CameraPhase, CameraState
from edge_common.hub import Desired, SettingsKeeper
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CaptureSettings
from edge_common.telemetry import Body
from modules.capture.reports import Reports
from tests.waiting import wait_for


class HubOnAFullDisk:
    """Takes nothing while `full` is true."""

    def __init__(self) -> None:
        self.full = False
        self.tried = 0
        self.taken: list[Mapping[str, Any]] = []

    def next_desired(self, timeout_s: float) -> Desired | None:
        time.sleep(timeout_s)
        return None

    def report(self, patch: Mapping[str, Any]) -> None:
        self._take(patch)

    def send(self, body: Body) -> None:
        self._take(body.model_dump())

    def _take(self, body: Mapping[str, Any]) -> None:
        self.tried += 1
        if self.full:
            raise OSError(28, "No space left on device")
        self.taken.append(body)


@pytest.fixture
def hub() -> HubOnAFullDisk:
    return HubOnAFullDisk()


@pytest.fixture
def reports(hub: HubOnAFullDisk, tmp_path: Path) -> Iterator[Reports]:
    keeper = SettingsKeeper(hub, CaptureSettings, tmp_path / "last_good.json")
    made = Reports(hub, keeper, OwnCameras(tmp_path / PLACE))
    yield made
    made.close()


def state(phase: CameraPhase) -> CameraState:
    return CameraState("till", phase, "", 0.0, 0, 0)


def test_reports_that_a_full_disk_held_up_go_out_later_in_order(
    reports: Reports, hub: HubOnAFullDisk, caplog: pytest.LogCaptureFixture
) -> None:
    wait_for(lambda: hub.tried == 1)
    hub.full = True
    reports.tell(state("lost"))
    wait_for(lambda: hub.tried > 2)

    hub.full = False

    wait_for(lambda: len(hub.taken) == 3)
    assert hub.taken[0] == {"cameras": None}
    assert hub.taken[1]["cameras"]["till"]["phase"] == "lost"
    assert hub.taken[2]["event"] == "camera lost"
    assert caplog.text.count("No space left on device") == 1


def test_a_camera_that_starts_well_is_no_event(reports: Reports, hub: HubOnAFullDisk) -> None:
    reports.tell(state("starting"))
    reports.tell(state("live"))

    wait_for(lambda: len(hub.taken) == 3)
    assert not [body for body in hub.taken if "event" in body]


def test_a_camera_that_was_removed_while_lost_does_not_come_back(reports: Reports, hub: HubOnAFullDisk) -> None:
    reports.tell(state("lost"))
    reports.forget("till")
    reports.tell(state("live"))

    wait_for(lambda: len(hub.taken) == 5)
    assert [body["event"] for body in hub.taken if "event" in body] == ["camera lost"]
