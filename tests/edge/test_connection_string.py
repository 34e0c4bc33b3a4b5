"""A module that no edgeAgent started: by the connection string of a developer, with the real SDK."""

import base64
import os
from contextlib import closing

import pytest

from edge_common.azure_hub import AzureHub
from edge_common.hub_choice import open_hub
from tests.edge.conftest import SDK_WARNINGS
from tests.edge.test_azure_hub import MODULE, works
from tests.waiting import wait_for

pytestmark = list(SDK_WARNINGS)


@pytest.mark.parametrize(
    ("connection", "trusted"),
    [
        pytest.param(f"FIFTEEN_CONNECTION_{MODULE.upper()}", "SSL_CERT_FILE", id="ours"),
        pytest.param("EdgeHubConnectionString", "EdgeModuleCACertificateFile", id="of development tools"),
    ],
)
def test_a_connection_string_leads_to_the_hub(connection, trusted, device, monkeypatch, tmp_path):
    authority = tmp_path / "authority.pem"
    authority.write_text(device.authority.pem())
    key = base64.b64encode(device.hub.keys[MODULE]).decode()
    parts = {
        "HostName": device.hub.name,
        "DeviceId": device.hub.device,
        "ModuleId": MODULE,
        "SharedAccessKey": key,
        "GatewayHostName": device.hub.address,
    }
    monkeypatch.setenv(connection, ";".join(f"{name}={value}" for name, value in parts.items()))
    monkeypatch.setenv(trusted, str(authority))

    with closing(open_hub(tmp_path, MODULE, os.environ)) as line:
        assert isinstance(line, AzureHub)
        assert works(line, device.hub)


def test_a_key_that_the_hub_does_not_know_is_told_and_tried_again(device, monkeypatch, tmp_path, caplog):
    authority = tmp_path / "authority.pem"
    authority.write_text(device.authority.pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    wrong = base64.b64encode(b"x" * 32).decode()
    connection = (
        f"HostName={device.hub.name};DeviceId={device.hub.device};ModuleId={MODULE};SharedAccessKey={wrong};"
        f"GatewayHostName={device.hub.address}"
    )

    with closing(open_hub(tmp_path, MODULE, {f"FIFTEEN_CONNECTION_{MODULE.upper()}": connection})):
        wait_for(lambda: "connecting failed" in caplog.text, 20)

    assert wrong not in caplog.text
