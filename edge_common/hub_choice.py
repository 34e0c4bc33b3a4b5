"""Which line to its operator a module has: Azure IoT Edge where this is one of its modules, files otherwise."""

import logging
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge_common.hub import LocalHub
from edge_common.telemetry import Source

if TYPE_CHECKING:
    from edge_common.azure_hub import AzureHub

log = logging.getLogger(__name__)


def open_hub(data: Path, module: str, environment: Mapping[str, str]) -> "LocalHub | AzureHub":
    """The line of `module`, kept in `data`/twins/`module`; close it before the program ends.

    Azure with IOTEDGE_WORKLOADURI (set by edgeAgent), EdgeHubConnectionString (set by development tools), or
    FIFTEEN_CONNECTION_CAPTURE and the like: a module's connection string, for development without IoT Edge.
    """
    folder = data / "twins" / module
    connection = environment.get(f"FIFTEEN_CONNECTION_{module.upper()}")
    if connection or "IOTEDGE_WORKLOADURI" in environment or "EdgeHubConnectionString" in environment:
        # Loaded here only: without a hub its 11 MB are not needed.
        from edge_common.azure_hub import AzureHub

        log.info("settings, reports and messages go by %s", "a connection string" if connection else "Azure IoT Edge")
        return AzureHub(folder, connection or None, source=source_of(environment, connection, module))
    return LocalHub(folder)


def source_of(environment: Mapping[str, str], connection: str | None, module: str) -> Source:
    """Device and module as IoT Hub names them, from what there is: a connection string or what edgeAgent sets."""
    text = connection or environment.get("EdgeHubConnectionString", "")
    named = dict(part.partition("=")[::2] for part in text.split(";"))
    return Source(
        named.get("DeviceId") or environment.get("IOTEDGE_DEVICEID") or socket.gethostname(),
        named.get("ModuleId") or environment.get("IOTEDGE_MODULEID") or module,
    )
