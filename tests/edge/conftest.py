"""What the tests of the line to the hub run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub, Route
from tests.program import Program
from tests.zoo_here import zoo_folder

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


def environment_of_modules(hub: EdgeHub) -> dict[str, str]:
    """What edgeAgent gives to all of them; each has an id of its own beside."""
    return {name: value for name, value in hub.environment("").items() if name != "IOTEDGE_MODULEID"}


@pytest.fixture
def program(hub: EdgeHub, tmp_path: Path) -> Iterator[Program]:
    """The whole product, its modules started as those of IoT Edge."""
    started = Program(tmp_path / "data", **environment_of_modules(hub), ZOO_DIR=str(zoo_folder()))
    yield started
    started.process.kill()
    started.process.wait()
