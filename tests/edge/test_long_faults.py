"""Faults in the length that they have in the field, met by the line as it ships, under traffic: `make soak`."""

import datetime
import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_common.azure_hub import AzureHub
from edge_common.methods import Method, Request
from edge_common.telemetry import Source
from tests.edge.certificates import make_authority
from tests.edge.conftest import SDK_WARNINGS
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.edge.traffic import Traffic
from tests.waiting import wait_for

pytestmark = [*SDK_WARNINGS, pytest.mark.soak, pytest.mark.timeout(1200)]

MODULE = "inference"
BACK_WITHIN_S = 65
"""The longest pause between two tries, and what a try takes."""
EMPTY_WITHIN_S = 120
Start = Callable[[], AzureHub]


class Echo(Request):
    text: str


@pytest.fixture
def start_line(hub: EdgeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """The line with the pauses and limits of the product, with a method."""
    for name, value in hub.environment(MODULE).items():
        monkeypatch.setenv(name, value)
    opened = []

    def start() -> AzureHub:
        opened.append(AzureHub(tmp_path / "line", source=Source(hub.device, MODULE)))
        opened[-1].serve({"echo": Method(Echo, lambda asked: asked.text)})
        wait_for(opened[-1].connected)
        return opened[-1]

    yield start
    for line in opened:
        line.close()
    opened.clear()
    gc.collect()


@pytest.fixture
def line(start_line: Start) -> AzureHub:
    return start_line()


@pytest.fixture
def traffic(line: AzureHub, hub: EdgeHub) -> Iterator[Traffic]:
    made = Traffic(line, hub, MODULE)
    time.sleep(3)
    yield made
    made.end()


def back(line: AzureHub, hub: EdgeHub) -> float:
    """After so many seconds the hub can call the module again, and is heard by it."""
    began_s = time.monotonic()
    wait_for(line.connected, BACK_WITHIN_S)
    wait_for(lambda: hub.invoke(MODULE, "echo", {"text": "ü"}, timeout_s=2) == (200, "ü"), BACK_WITHIN_S)
    return time.monotonic() - began_s


def assert_right(what: str, back_s: float, line: AzureHub, hub: EdgeHub, traffic: Traffic) -> None:
    """Nothing is missing or out of order, the twin's both sections agree; the figures are told."""
    traffic.end()
    drained_s = traffic.wait_until_whole(EMPTY_WITHIN_S)
    desired = line.next_desired(1)
    while (newer := line.next_desired(1)) is not None:
        desired = newer
    twin = hub.twins[MODULE].desired
    assert desired is not None
    assert (desired.version, desired.values) == (twin.version, twin.values)
    assert desired.values == {f"k{traffic.patches - 1}": 1}
    print(
        f"\n{what}: back after {back_s:.1f} s, all sent {drained_s:.1f} s later; {2 * traffic.sent} messages, lost 0, "
        f"twice {traffic.twice()}; {traffic.patches} patches, version {desired.version}"
    )


@pytest.mark.parametrize("down_s", [30, 600], ids=["half a minute", "ten minutes"])
def test_a_hub_that_is_down(device: EdgeDevice, hub: EdgeHub, line: AzureHub, traffic: Traffic, down_s: int) -> None:
    hub.kill()
    time.sleep(down_s)

    device.start_hub()

    back_s = back(line, hub)
    time.sleep(3)
    assert_right(f"hub down for {down_s} s", back_s, line, hub, traffic)


@pytest.mark.parametrize("hangs_s", [30, 600], ids=["half a minute", "ten minutes"])
def test_a_hub_that_accepts_and_never_answers(hub: EdgeHub, line: AzureHub, traffic: Traffic, hangs_s: int) -> None:
    hub.hang()
    time.sleep(hangs_s)

    hub.go_on()

    back_s = back(line, hub)
    time.sleep(3)
    assert_right(f"hub silent for {hangs_s} s", back_s, line, hub, traffic)


def test_a_certificate_that_ends_while_connected_and_is_renewed(
    device: EdgeDevice, hub: EdgeHub, start_line: Start
) -> None:
    hub.kill()
    device.start_hub(certificate_ends=datetime.timedelta(seconds=20))
    line = start_line()
    traffic = Traffic(line, hub, MODULE)
    time.sleep(25)
    # A connection outlives the certificate that it was made with, in TLS as in edgeHub.
    assert line.connected()
    assert not traffic.arrived("alerts") or traffic.arrived("alerts")[-1] > traffic.sent - 10
    hub.cut(MODULE)
    wait_for(lambda: not line.connected())
    time.sleep(30)
    assert not line.connected()

    hub.kill()
    device.start_hub()

    back_s = back(line, hub)
    assert_right("certificate over for 30 s", back_s, line, hub, traffic)


def test_a_trust_bundle_that_changes(device: EdgeDevice, hub: EdgeHub, line: AzureHub, traffic: Traffic) -> None:
    hub.kill()
    device.authority = device.workload.authority = make_authority()

    device.start_hub()

    back_s = back(line, hub)
    time.sleep(3)
    assert_right("another authority", back_s, line, hub, traffic)
