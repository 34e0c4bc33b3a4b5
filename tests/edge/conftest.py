"""What the tests of the line to the hub run against."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub, Route

MODULES = ("capture", "inference", "trainer_agent")

SDK_WARNINGS = (
    pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2 is deprecated:DeprecationWarning"),
    # Both leave sockets to the garbage collector: a pair at each connection, one when nobody listens.
    pytest.mark.filterwarnings("ignore:unclosed <s:ResourceWarning"),
)
"""What azure-iot-device and its paho do that our own code must not."""


@pytest.fixture
def device() -> Iterator[EdgeDevice]:
    made = EdgeDevice(MODULES, [Route("capture", "found", "inference", "seen")])
    yield made
    made.close()
    assert not made.hub.unfit, made.hub.unfit


@pytest.fixture
def hub(device: EdgeDevice) -> EdgeHub:
    return device.hub


def wait_for(fits: Callable[[], object], timeout_s: float = 10) -> None:
    """Until it is so; the test fails when time is up."""
    deadline_s = time.monotonic() + timeout_s
    while not fits():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.01)
