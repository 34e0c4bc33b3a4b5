import socket
from pathlib import Path

import pytest

from edge_common.azure_hub import AzureHub
from edge_common.hub import LocalHub
from edge_common.hub_choice import open_hub, source_of
from edge_common.telemetry import Source


def test_without_azure_the_twin_is_files(tmp_path: Path) -> None:
    hub = open_hub(tmp_path, "capture", {"FIFTEEN_CONNECTION_INFERENCE": "of another module"})

    hub.report({"a": 1})

    assert isinstance(hub, LocalHub)
    assert (tmp_path / "twins" / "capture" / "reported.json").exists()
    hub.close()


CONNECTION = "FIFTEEN_CONNECTION_CAPTURE"


@pytest.mark.parametrize(
    ("environment", "device", "module"),
    [
        pytest.param({"IOTEDGE_DEVICEID": "till-7", "IOTEDGE_MODULEID": "eyes"}, "till-7", "eyes", id="of edgeAgent"),
        pytest.param(
            {CONNECTION: "HostName=h;DeviceId=till-8;ModuleId=eye;SharedAccessKey=a="},
            "till-8",
            "eye",
            id="of a connection string",
        ),
        pytest.param({}, socket.gethostname(), "capture", id="of neither"),
    ],
)
def test_messages_say_whose_they_are_as_the_hub_names_them(
    environment: dict[str, str], device: str, module: str
) -> None:
    assert source_of(environment, environment.get(CONNECTION), "capture") == Source(device, module)


@pytest.mark.parametrize("name", ["IOTEDGE_WORKLOADURI", "EdgeHubConnectionString", "FIFTEEN_CONNECTION_CAPTURE"])
def test_a_module_that_azure_is_set_up_for_has_a_line_to_it(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub = open_hub(tmp_path, "capture", {name: "unix:///nobody/there"})

    assert isinstance(hub, AzureHub)
    hub.report({"a": 1})
    assert hub.next_desired(0.2) is None
    hub.close()
