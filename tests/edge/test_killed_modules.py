"""Modules of IoT Edge that are killed two hundred times while staff work and messages go out: `make soak`."""

import http.client
import itertools
import json
import math
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import cv2
import pytest

from tests.e2e.shelf import SCENE
from tests.e2e.staff import Staff
from tests.e2e.test_killed_processes import ENOUGH_IMAGES, assert_live_with, assert_nothing_lost, train_to_the_end
from tests.edge.conftest import MODULES
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.program import Program
from tests.waiting import wait_for

KILLS = 200
LONGEST_LIFE_S = 12.0
PATIENCE_S = 300
"""Of staff: a module that dies young again and again is away for a while."""
OUTAGE_EACH = 40
OUTAGE_S = 15


class Marks:
    """Whoever changes a model's attributes has an event sent by that; each is told once it was acknowledged."""

    def __init__(self, port: int, model_id: str) -> None:
        self.acknowledged: list[str] = []
        self._port, self._path = port, f"/api/models/{model_id}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="marks")
        self._thread.start()

    def _run(self) -> None:
        for number in itertools.count():
            if self._over.wait(0.1):
                return
            # The device may be down: then it was not acknowledged, and the next one is tried.
            with suppress(OSError, http.client.HTTPException):
                if self._patch(str(number)) == 200:
                    self.acknowledged.append(str(number))

    def _patch(self, mark: str) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            body = json.dumps({"attributes": {"mark": mark}})
            connection.request("PATCH", self._path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status

    def end(self) -> None:
        self._over.set()
        self._thread.join()


class FlappingCamera:
    """A camera whose folder comes and goes, so that capture has something to tell all the time."""

    def __init__(self, hub: EdgeHub, folder: Path) -> None:
        self._folder, self._over = folder, threading.Event()
        self._aside = folder.with_name("aside")
        hub.desire("capture", {"cameras": {"flapping": {"url": f"folder:{folder}?every=0.2"}}})
        self._thread = threading.Thread(target=self._run, name="flapping")
        self._thread.start()

    def _run(self) -> None:
        there = True
        while not self._over.wait(3):
            there = not there
            self._aside.rename(self._folder) if there else self._folder.rename(self._aside)

    def end(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "shelf.jpg"), SCENE.draw(0))
    return tmp_path / "pictures"


def killings(program: Program, chance: random.Random) -> Iterator[str]:
    """Kill each module at a moment of the first seconds of each of its lives; the names of those killed."""
    due_s: dict[int, float] = {}
    while True:
        for module, pid in program.children().items():
            if pid not in due_s:
                due_s[pid] = time.monotonic() + chance.uniform(0, LONGEST_LIFE_S)
            if time.monotonic() >= due_s[pid]:
                # A process that was killed is seen for another moment.
                due_s[pid] = math.inf
                os.kill(pid, signal.SIGKILL)
                yield module
        time.sleep(0.02)


def outbox(program: Program, module: str) -> tuple[int, int, int]:
    """Of a module's outbox: how many messages it has ever taken, how many wait, how many were given up."""
    path = program.data / "twins" / module / "outbox.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        taken = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
        waiting = database.execute("SELECT count(*) FROM messages").fetchone()
        given_up = database.execute("SELECT coalesce(sum(messages), 0) FROM dropped").fetchone()
    return (taken[0] if taken else 0), waiting[0], given_up[0]


def sequences(hub: EdgeHub, module: str) -> set[int]:
    """By what a module has counted its messages, of those that came."""
    return {json.loads(message.body)["sequence"] for message in hub.messages if message.module == module}


@pytest.fixture
def _at_the_end_nothing_is_damaged(program: Program) -> Iterator[None]:
    yield
    assert list(program.data.rglob("*.damaged")) == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("_at_the_end_nothing_is_damaged")
def test_two_hundred_kills_under_load_lose_nothing(
    device: EdgeDevice, hub: EdgeHub, program: Program, pictures: Path
) -> None:
    program.ready()
    chance = random.Random(200)
    hub.desire("trainer_agent", {"training": {"minimum_images": ENOUGH_IMAGES}})
    staff = Staff(program.port(), 200, PATIENCE_S)
    marks, camera = Marks(program.port(), staff.model_id), FlappingCamera(hub, pictures)
    staff.start()
    killed: list[str] = []
    began_s = time.monotonic()
    try:
        for module in killings(program, chance):
            killed.append(module)
            if len(killed) % OUTAGE_EACH == 0:
                hub.kill()
                threading.Timer(OUTAGE_S, device.start_hub).start()
            if len(killed) == KILLS:
                break
        took_s = time.monotonic() - began_s
    finally:
        camera.end()
        marks.end()
    staff.rest()

    version = train_to_the_end(program, staff)
    assert_live_with(program, staff, version)
    assert_nothing_lost(program, staff)
    wait_for(lambda: all(outbox(program, module)[1] == 0 for module in MODULES), 120)
    events = [json.loads(message.body) for message in hub.sent("trainer_agent", "events")]
    told = {event["attributes"].get("mark") for event in events if event["event"] == "attributes changed"}
    assert set(marks.acknowledged) - told == set()
    counted = {module: outbox(program, module)[0] for module in MODULES}
    for module, taken in counted.items():
        assert outbox(program, module)[2] == 0
        assert sequences(hub, module) == set(range(1, taken + 1))
    with closing(sqlite3.connect(program.data / "library" / "library.sqlite")) as library:
        assert library.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(
        f"\n{KILLS} kills in {took_s:.0f} s, {Counter(killed)}; messages by module {counted}; "
        f"{len(marks.acknowledged)} changes acknowledged, {len(staff.acknowledged)} boxes, lost 0"
    )
