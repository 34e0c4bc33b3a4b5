"""The device's own clock is set, or is wrong, while modules talk to the hub: `make soak`."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.conftest import MODULES, environment_of_modules
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.edge.shifted_clock import ShiftedClock
from tests.program import ROOT, Program
from tests.waiting import wait_for

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

MODULE = "inference"
DAY_S = 86_400
BACK_WITHIN_S = 65
JUMPS = pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S], ids=["a day ahead", "a day back"])


@pytest.fixture
def clock(device: EdgeDevice) -> ShiftedClock:
    return ShiftedClock(device.folder)


class Talking:
    """The talking module as a process."""

    def __init__(self, hub: EdgeHub, clock: ShiftedClock, folder: Path) -> None:
        self._hub = hub
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.edge.talking_module", str(folder)],
            cwd=ROOT,
            env=os.environ | hub.environment(MODULE) | clock.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_for(self.alerts, 30)

    def alerts(self) -> list[int]:
        """Numbers of those that came, in the order in which each came first."""
        came = [json.loads(message.body)["text"] for message in self._hub.sent(MODULE, "alerts")]
        return list(dict.fromkeys(map(int, came)))

    def ahead_s(self) -> float:
        """By how much its clock is ahead of this one's, as its answer to a call tells; it may have to come back."""
        answers: list[float] = []

        def asked() -> bool:
            status, answer = self._hub.invoke(MODULE, "now", {}, timeout_s=2)
            answers.append(answer)
            return status == 200

        wait_for(asked, BACK_WITHIN_S)
        return answers[-1] - time.time()

    def end(self) -> int:
        """How many alerts it has sent."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        with self.process:
            pass

    def assert_all_arrived(self, sent: int) -> None:
        wait_for(lambda: len(self.alerts()) == sent, 60)
        assert self.alerts() == list(range(sent))
        wait_for(lambda: self._hub.reported(MODULE).get("sent") == sent)


@pytest.fixture
def talking(hub: EdgeHub, clock: ShiftedClock, tmp_path: Path) -> Iterator[Talking]:
    started = Talking(hub, clock, tmp_path)
    yield started
    started.close()


@JUMPS
def test_a_clock_that_jumps_costs_no_message(hub: EdgeHub, clock: ShiftedClock, talking: Talking, jump_s: int) -> None:
    connections = hub.connects(MODULE)
    began_s = time.monotonic()

    # The hub is on the same device.
    hub.clock_ahead_s = jump_s
    clock.set(jump_s)
    time.sleep(20)
    by_itself = hub.connects(MODULE) - connections
    # What its token says is looked at once in a while.
    cut_s = time.monotonic()
    hub.cut(MODULE)
    assert talking.ahead_s() == pytest.approx(jump_s, abs=5)
    back_s = time.monotonic() - cut_s
    time.sleep(10)

    sent = talking.end()
    talking.assert_all_arrived(sent)
    assert [entry for entry in hub.log if "refused" in entry] == []
    print(
        f"\nclock set by {jump_s:+} s: back {back_s:.1f} s after a cut, {by_itself} new connections before that; "
        f"{sent} alerts in {time.monotonic() - began_s:.0f} s, lost 0"
    )


def test_a_clock_nearly_an_hour_behind_has_tokens_that_last_for_a_minute(
    hub: EdgeHub, clock: ShiftedClock, tmp_path: Path
) -> None:
    hub.clock_ahead_s = 3600 - 55
    talking = Talking(hub, clock, tmp_path)
    try:
        time.sleep(180)
        sent = talking.end()
        talking.assert_all_arrived(sent)
    finally:
        talking.close()

    ended = hub.log.count(f"{MODULE}: its token has ended")
    assert ended >= 2
    print(f"\ntoken over {ended} times in 180 s: {sent} alerts, lost 0")


@pytest.fixture
def program(hub: EdgeHub, clock: ShiftedClock, tmp_path: Path) -> Iterator[Program]:
    started = Program(tmp_path / "data", **environment_of_modules(hub), **clock.environment()).ready()
    yield started
    started.process.kill()
    started.process.wait()


@JUMPS
def test_the_whole_product_goes_on_when_the_clock_jumps(
    hub: EdgeHub, clock: ShiftedClock, program: Program, jump_s: int
) -> None:
    wait_for(lambda: all(hub.reported(module).get("settings") for module in MODULES), 60)
    before = program.children()

    hub.clock_ahead_s = jump_s
    clock.set(jump_s)
    for module in MODULES:
        hub.cut(module)
    began_s = time.monotonic()
    version = hub.desire("inference", {"threads": 1})

    def taken() -> bool:
        told = hub.reported("inference")["settings"]["threads"]
        return (told["value"], told["ac"], told["av"]) == (1, 200, version)

    wait_for(taken, BACK_WITHIN_S)
    wait_for(lambda: all(map(hub.connected, MODULES)), BACK_WITHIN_S)
    back_s = time.monotonic() - began_s
    wait_for(lambda: hub.invoke("inference", "status")[0] == 200)
    assert hub.invoke("trainer_agent", "listModels") == (200, [])
    connection = http.client.HTTPConnection("localhost", program.port(), timeout=10)
    connection.request("GET", "/live")
    assert connection.getresponse().status == 200
    connection.close()
    time.sleep(20)
    assert program.children() == before
    assert "Traceback" not in program.log()
    print(f"\nclock set by {jump_s:+} s: all three modules back after {back_s:.1f} s")
