"""Skills in the module as a process: a camera, real models, the twin, alerts, a server that hangs, a power cut."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.results import ResultSubscriber, result_key
from edge_common.skill_feed import PICTURES_PLACE, SkillFeed, Told
from edge_common.skills.told import SkillEvent
from tests.inference.skills.test_crops import COLOURS
from tests.inference.tiny_models import GREEN_SHELF, publish_model
from tests.messages import json_lines

ROOT = Path(__file__).parents[3]
GREEN, DARK = (0, 255, 0), (0, 90, 0)


class Shop:
    """Inference as a process on a folder, with a camera in front of it."""

    def __init__(self, data: Path, sockets: Path) -> None:
        self.data = data
        self._places = [f"ipc://{sockets}/{name}" for name in ("frames", "results")]
        self._camera = FramePublisher(self._places[0])
        self.reader = ResultSubscriber(self._places[1])
        self.feed = SkillFeed(self._places[1])
        self.operator = LocalHub(data / "twins" / "inference")
        self.told: list[Told] = []
        self._sequence = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        where = ["--data", str(self.data), "--frames", self._places[0], "--results", self._places[1]]
        self._process = subprocess.Popen([sys.executable, "-m", "modules.inference", *where], cwd=ROOT, env=os.environ)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        self.kill()
        self.feed.close()
        self.reader.close()
        self._camera.close()

    def show_until(self, colour: tuple[int, int, int], fits: Callable[[], object], within_s: float = 10) -> None:
        """Pictures of this colour, twenty a second, until it is so."""
        deadline_s = time.monotonic() + within_s
        while not fits():
            assert time.monotonic() < deadline_s, f"it did not come about in {within_s:g} s"
            self._sequence += 1
            pixels = np.full((96, 96, 3), colour, dtype=np.uint8)
            self._camera.publish_state(CameraState("shelf", "live", "", 10.0, 96, 96))
            self._camera.publish(Frame("shelf", self._sequence, time.time_ns(), pixels))
            time.sleep(0.05)
            while (told := self.feed.next(0)) is not None:
                self.told.append(told)

    def events(self) -> list[SkillEvent]:
        return [told for told in self.told if isinstance(told, SkillEvent)]

    def alerts(self) -> list[dict[str, Any]]:
        path = self.data / "twins" / "inference" / "messages.jsonl"
        return [line["body"] for line in json_lines(path) if line["output"] == "alerts"]

    def reported(self) -> dict[str, Any]:
        path = self.data / "twins" / "inference" / "reported.json"
        found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return found.get("skills", {}) or {}


@pytest.fixture
def shop(tmp_path: Path, sockets: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, sockets)
    yield made
    made.close()


def test_from_a_camera_through_two_models_to_an_alert_and_over_a_power_cut(shop: Shop) -> None:
    store = PackageStore(shop.data / "models")
    publish_model(store, "1")
    with closing(socket.create_server(("127.0.0.1", 0))) as hanging:
        host = f"127.0.0.1:{hanging.getsockname()[1]}"
        full = {
            "name": "All full",
            "cameras": ["shelf"],
            "steps": [
                {"id": "places", "do": "model", "model": "shelf"},
                {"id": "green", "do": "keep", "of": "places", "tags": [GREEN_SHELF]},
                {"id": "looked-at", "do": "crop", "of": "green", "model": "colours"},
                {"id": "bright", "do": "keep", "of": "looked-at", "tags": ["green"], "minimum_confidence": 0.9},
                {"id": "how-many", "do": "count", "of": "bright"},
                {"id": "all", "do": "compare", "of": "how-many", "how": "at_least", "than": 4},
                {"id": "full", "do": "hold", "of": "all", "for_s": 0.3},
            ],
            "actions": [
                {"do": "alert", "when": "full", "severity": "info"},
                {"do": "post", "when": "full", "url": f"http://{host}/"},
                {"do": "picture", "when": "full"},
            ],
        }
        shop.operator.desire({"backend": "onnx", "actions": {"hosts": [host]}, "skills": {"full": full}})
        shop.start()
        missing = ["steps.2.model: a model of this device expected, got 'colours'"]
        shop.show_until(DARK, lambda: shop.reported().get("full", {}).get("problems") == missing)
        assert shop.reported()["full"]["state"] == "waiting"
        publish_model(store, "1", model_id="colours", kind="classification", **COLOURS)
        shop.show_until(DARK, lambda: shop.reported()["full"]["state"] == "live")
        assert shop.alerts() == []
        shop.show_until(GREEN, shop.alerts)
        shop.show_until(GREEN, lambda: shop.reported()["full"]["cameras"]["shelf"]["phase"] == "raised")
        # A server that takes a POST and never answers slows no camera down.
        key, before = result_key("shelf", "shelf"), time.monotonic()
        seen = shop.reader.results.after(key, 0, 0)
        assert seen is not None
        shop.show_until(GREEN, lambda: time.monotonic() - before > 0.5)
        after = shop.reader.results.after(key, seen[0], 0)
        assert after is not None
        assert after[1].taken_ns > time.time_ns() - 300_000_000
        shop.show_until(GREEN, shop.events)
        (event,) = shop.events()
        assert (shop.data / PICTURES_PLACE / event.picture).stat().st_size > 100
        shop.kill()
        shop.told.clear()
        shop.start()
        # It goes on without raising again.
        shop.show_until(GREEN, lambda: shop.told)
        assert shop.events() == []
        shop.show_until(DARK, lambda: shop.events() and len(shop.alerts()) == 2)

    raised, cleared = shop.alerts()
    assert (raised["phase"], cleared["phase"]) == ("raised", "cleared")
    assert raised["alert_id"] == cleared["alert_id"]
    assert raised["numbers"] == {"how-many": 4.0}
    assert [(one.id, one.phase) for one in shop.events()] == [(event.id, "cleared")]
    assert event.id == raised["alert_id"]
