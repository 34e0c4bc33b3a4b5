"""The whole product as modules of IoT Edge: three real processes, the real SDK, the test hub."""

import os
import signal

from tests.edge.conftest import MODULES
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.program import Program
from tests.waiting import wait_for


def acknowledged(hub: EdgeHub, module: str, key: str) -> dict[str, object]:
    found = hub.reported(module).get("settings", {}).get(key, {})
    assert isinstance(found, dict)
    return found


def test_three_modules_take_settings_and_report_through_outages_and_kills(
    device: EdgeDevice, hub: EdgeHub, program: Program
) -> None:
    wait_for(lambda: all(hub.reported(module).get("settings") for module in MODULES), 60)
    assert acknowledged(hub, "inference", "threads")["ac"] == 200

    assert hub.invoke("inference", "status")[0] == 200
    assert hub.invoke("trainer_agent", "listModels") == (200, [])
    assert hub.invoke("trainer_agent", "train", {"modelId": "none"})[0] == 404
    assert hub.invoke("trainer_agent", "exportDataset", {"modelId": "none"})[0] == 404
    assert hub.invoke("trainer_agent", "importModel", {"modelId": "none"})[0] == 400
    wait_for(lambda: hub.invoke("capture", "snapshot", {"camera": "camera-1"})[0] == 200, 30)

    hub.kill()
    hub.desire("inference", {"threads": 1})
    device.start_hub()
    wait_for(lambda: acknowledged(hub, "inference", "threads").get("value") == 1, 60)
    os.kill(program.children()["inference"], signal.SIGKILL)
    hub.desire("inference", {"threads": 0})
    wait_for(lambda: acknowledged(hub, "inference", "threads").get("ac") == 400, 60)

    assert acknowledged(hub, "inference", "threads")["value"] == 1
    assert "threads: " in str(acknowledged(hub, "inference", "threads")["ad"])
    assert program.stop() == 0
    assert "by force" not in program.log()
