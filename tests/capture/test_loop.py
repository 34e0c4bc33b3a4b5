import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.errors import EdgeError
from edge_common.frames import FramePublisher, FrameSubscriber
from edge_common.hub import LocalHub, SettingsKeeper
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CameraSettings, CaptureSettings
from modules.capture.cameras import Camera
from modules.capture.loop import Capture
from modules.capture.reports import Reports
from modules.capture.watch import Patience
from tests.capture.bench import CameraBench
from tests.messages import sent
from tests.waiting import wait_for


class Station:
    """Capture in a thread, its hub in files, and one reader."""

    def __init__(self, folder: Path, endpoint: str, bench: CameraBench) -> None:
        self.hub = LocalHub(folder / "twin")
        self.own = OwnCameras(folder / PLACE)
        self.endpoint = endpoint
        self.fault: EdgeError | None = None
        self._folder = folder
        self._bench = bench
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def reported(self, section: str) -> dict[str, Any]:
        path = self._folder / "twin" / "reported.json"
        found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return dict(found.get(section, {}))

    def reported_phases(self) -> dict[str, str]:
        return {camera: report.get("phase", "") for camera, report in self.reported("cameras").items()}

    def called(self, camera: str) -> tuple[str | None, str | None, str]:
        """Name, location and phase as the twin tells them."""
        report = self.reported("cameras").get(camera, {})
        return report.get("name"), report.get("location"), report.get("phase", "")

    def events(self) -> list[tuple[str, str]]:
        return [(body["event"], body["camera"]) for body in sent(self._folder / "twin")]

    def _run(self) -> None:
        publisher = FramePublisher(self.endpoint)
        keeper = SettingsKeeper(self.hub, CaptureSettings, self._folder / "last_good.json")
        reports = Reports(self.hub, keeper, self.own)
        patience = Patience(first_s=0.05, longest_s=0.1)
        try:
            self.capture = Capture(reports, publisher, open_camera=self._bench.open, patience=patience)
            self.capture.run(self._stop)
        except EdgeError as error:
            self.fault = error
        reports.close()
        publisher.close()


@pytest.fixture
def station(tmp_path: Path, endpoint: str, bench: CameraBench) -> Iterator[Station]:
    made = Station(tmp_path, endpoint, bench)
    made.hub.desire({"cameras": {"till": {"url": "a", "frames_per_s": 50}}})
    made.start()
    yield made
    bench.over.set()
    made.stop()


@pytest.fixture
def subscribe(endpoint: str) -> Iterator[Callable[[], FrameSubscriber]]:
    made: list[FrameSubscriber] = []

    def subscribed() -> FrameSubscriber:
        made.append(FrameSubscriber(endpoint, everything=True))
        return made[-1]

    yield subscribed
    for reader in made:
        reader.close()


def phase(reader: FrameSubscriber, camera: str) -> str:
    state = reader.states().get(camera)
    return state.phase if state else ""


def test_one_camera_serves_several_readers_with_one_connection(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    readers = [subscribe() for _ in range(3)]

    found = [reader.frames.take(3) for reader in readers]

    assert all(item is not None and item[0] == "till" for item in found)
    assert bench.opened == ["a"]


def test_adding_and_removing_cameras_leaves_the_others_alone(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    reader = subscribe()
    wait_for(lambda: phase(reader, "till") == "live")

    station.hub.desire({"cameras": {"door": {"url": "b"}}})
    wait_for(lambda: phase(reader, "door") == "live")
    station.hub.desire({"cameras": {"door": None}})

    wait_for(lambda: phase(reader, "door") == "off")
    wait_for(lambda: bench.closed == ["b"])
    wait_for(lambda: list(station.reported_phases()) == ["till"])
    assert bench.opened == ["a", "b"]


def test_cameras_of_the_page_come_beside_those_of_the_twin_which_wins(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    reader = subscribe()
    station.own.add("door", CameraSettings(url="sim:shelf?seed=2", name="Front door", location="Entrance"))
    wait_for(lambda: phase(reader, "door") == "live" and phase(reader, "till") == "live")
    assert reader.states()["door"].own
    assert (reader.states()["door"].name, reader.states()["door"].source) == ("Front door", "sim:shelf?seed=2")
    assert not reader.states()["till"].own
    wait_for(lambda: station.called("door") == ("Front door", "Entrance", "live"))
    station.own.change("door", CameraSettings(url="sim:shelf?seed=2", name="Side door"))
    wait_for(lambda: station.called("door") == ("Side door", None, "live"))

    station.hub.desire({"cameras": {"door": {"url": "file:b", "name": "Back door"}}})

    wait_for(lambda: reader.states()["door"].name == "Back door")
    assert not reader.states()["door"].own
    wait_for(lambda: station.called("door")[:2] == (None, None))
    wait_for(lambda: bench.opened == ["a", "sim:shelf?seed=2", "file:b"])


def test_a_camera_that_the_page_removes_is_closed(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    reader = subscribe()
    station.own.add("door", CameraSettings(url="file:b"))
    wait_for(lambda: phase(reader, "door") == "live")

    station.own.remove("door")

    wait_for(lambda: bench.closed == ["file:b"])
    wait_for(lambda: phase(reader, "door") == "off")


def test_a_damaged_list_of_the_page_leaves_its_cameras_as_they_were(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber], tmp_path: Path
) -> None:
    reader = subscribe()
    station.own.add("door", CameraSettings(url="file:b"))
    wait_for(lambda: phase(reader, "door") == "live")

    (tmp_path / PLACE).write_text("{")
    time.sleep(1)

    assert phase(reader, "door") == "live"
    assert bench.closed == []


def test_a_lost_camera_is_in_the_twin_and_an_event_tells_when_it_is_back(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    reader = subscribe()
    wait_for(lambda: phase(reader, "till") == "live")
    assert station.events() == []

    bench.unplugged.add("a")
    wait_for(lambda: phase(reader, "till") == "lost")
    wait_for(lambda: station.reported_phases() == {"till": "lost"})
    assert station.reported("cameras")["till"]["reason"] == "a: pulled out"
    wait_for(lambda: station.events() == [("camera lost", "till")])
    bench.unplugged.remove("a")

    wait_for(lambda: phase(reader, "till") == "live")
    wait_for(lambda: station.events() == [("camera lost", "till"), ("camera back", "till")])
    wait_for(lambda: station.reported_phases() == {"till": "live"})


def test_a_camera_that_hangs_does_not_hold_up_another_one_nor_the_end(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    bench.hanging.add("b")
    station.hub.desire({"cameras": {"door": {"url": "b"}}})
    wait_for(lambda: "b" in bench.opened)
    reader = subscribe()
    found = [reader.frames.take(2) for _ in range(10)]
    begun_s = time.monotonic()

    station.stop()

    assert all(item is not None and item[0] == "till" for item in found)
    assert time.monotonic() - begun_s < 1.5


def test_bad_settings_are_refused_whole_and_the_cameras_stay(
    station: Station, bench: CameraBench, subscribe: Callable[[], FrameSubscriber]
) -> None:
    reader = subscribe()
    wait_for(lambda: phase(reader, "till") == "live")

    station.hub.desire({"cameras": {"till": {"frames_per_s": -1}, "door": {"url": "b"}}})

    wait_for(lambda: station.reported("settings").get("cameras", {}).get("ac") == 400)
    assert "cameras.till.frames_per_s" in station.reported("settings")["cameras"]["ad"]
    assert phase(reader, "till") == "live"
    assert bench.opened == ["a"]


def test_what_an_earlier_run_reported_about_cameras_is_forgotten(
    tmp_path: Path, endpoint: str, bench: CameraBench
) -> None:
    station = Station(tmp_path, endpoint, bench)
    station.hub.report({"cameras": {"gone": {"phase": "live"}}})
    station.hub.desire({"cameras": {"till": {"url": "a"}}})

    station.start()

    wait_for(lambda: list(station.reported_phases()) == ["till"])
    station.stop()


def test_the_last_good_settings_serve_without_a_hub(tmp_path: Path, endpoint: str, bench: CameraBench) -> None:
    (tmp_path / "last_good.json").write_text('{"cameras": {"till": {"url": "a"}}}')
    station = Station(tmp_path, endpoint, bench)
    (tmp_path / "twin" / "desired.json").write_text("not JSON")

    station.start()

    wait_for(lambda: bench.opened == ["a"])
    station.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_a_fault_ends_the_module(tmp_path: Path, endpoint: str) -> None:
    class Broken(CameraBench):
        def open(self, url: str) -> Camera:
            raise ZeroDivisionError(url)

    station = Station(tmp_path, endpoint, Broken())
    station.hub.desire({"cameras": {"till": {"url": "a"}}})

    station.start()

    wait_for(lambda: station.fault is not None)
    assert str(station.fault) == "ended by a fault in the program: camera till"
    station.stop()
