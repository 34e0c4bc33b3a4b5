"""The methods that move data, called through the real SDK and the test hub."""

import base64
import gc
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.azure_hub import AzureHub
from edge_common.images import decode_image
from edge_common.packages import PackageStore
from edge_common.settings import TrainerSettings
from modules.capture.methods import CameraMethods
from modules.trainer_agent.cloud import exporting, importing
from modules.trainer_agent.cloud.exporting import DatasetExport
from modules.trainer_agent.cloud.importing import VersionImport
from modules.trainer_agent.cloud.jobs import CloudJobs, Work
from modules.trainer_agent.cloud.methods import CloudMethods
from modules.trainer_agent.database import Database
from modules.trainer_agent.library import Library
from tests.azurite.server import Azurite
from tests.capture.bench import CameraBench
from tests.capture.conftest import bench, endpoint  # noqa: F401 (fixtures)
from tests.capture.test_loop import Station
from tests.edge.conftest import SDK_WARNINGS
from tests.edge.edge_hub import EdgeHub
from tests.edge.test_azure_hub import QUICK
from tests.trainer_agent.cloud.conftest import azurite, container  # noqa: F401 (fixtures)
from tests.trainer_agent.cloud.test_import import ONNX, Site
from tests.trainer_agent.conftest import tag_images
from tests.trainer_agent.handoff.made import LABELS, detector
from tests.waiting import wait_for

pytestmark = list(SDK_WARNINGS)

Connect = Callable[[str], AzureHub]


@pytest.fixture
def connect(hub: EdgeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Connect]:
    opened = []

    def open_one(module: str) -> AzureHub:
        for name, value in hub.environment(module).items():
            monkeypatch.setenv(name, value)
        opened.append(AzureHub(tmp_path / "line", timing=QUICK))
        return opened[-1]

    yield open_one
    for line in opened:
        line.close()
    opened.clear()
    gc.collect()


def test_a_model_goes_out_and_a_version_comes_in(
    hub: EdgeHub,
    connect: Connect,
    tmp_path: Path,
    azurite: Azurite,  # noqa: F811
    container: str,  # noqa: F811
) -> None:
    database, site, line = Database(tmp_path / "library.sqlite"), Site(), connect("trainer_agent")
    library, packages = Library(database, tmp_path / "library"), PackageStore(tmp_path / "models")
    model = library.create_model("Shelf", "detection", LABELS, automatic=False)
    tag_images(library, model, 3)
    export = DatasetExport(library, packages, lambda: TrainerSettings().handoff)
    taking_in = VersionImport(library, packages, lambda model_id: None, tmp_path / "cloud")
    works = {
        exporting.METHOD: Work(export.work, "dataset not exported"),
        importing.METHOD: Work(taking_in.work, "model not imported"),
    }
    jobs = CloudJobs(tmp_path / "cloud" / "jobs", line, works, lambda model_id: {})
    jobs.start()
    line.serve(CloudMethods(jobs, export, taking_in).methods)
    wait_for(line.connected)

    def told(method: str) -> dict[str, Any]:
        found = hub.reported("trainer_agent").get("methods", {}).get(method, {}).get(model.id, {})
        assert isinstance(found, dict)
        return found

    request = {"modelId": model.id, "url": azurite.container_url(container), "requestId": "out"}
    assert hub.invoke("trainer_agent", "exportDataset", request)[0] == 202
    assert hub.invoke("trainer_agent", "exportDataset", request)[0] == 202
    request = {"modelId": model.id, **site.put("m", detector()), **ONNX}
    assert hub.invoke("trainer_agent", "importModel", request)[0] == 202
    wait_for(lambda: told("importModel").get("phase") == "done")

    (blob,) = azurite.service.get_container_client(container).list_blobs()
    assert told("exportDataset")["blob"].endswith(blob.name)
    assert packages.versions(model.id) == [told("importModel")["model_version"]]
    wait_for(lambda: len(hub.sent("trainer_agent", "events")) == 2)
    jobs.close()
    site.shutdown()
    site.server_close()
    database.close()
    assert hashlib.sha256(detector()).hexdigest() == told("importModel")["sha256"]


def test_a_camera_shows_what_it_sees(
    hub: EdgeHub,
    connect: Connect,
    tmp_path: Path,
    endpoint: str,  # noqa: F811
    bench: CameraBench,  # noqa: F811
) -> None:
    station = Station(tmp_path, endpoint, bench)
    station.hub.desire({"cameras": {"till": {"url": "rtsp://192.0.2.7/main"}}})
    station.start()
    wait_for(lambda: bench.opened != [])
    line = connect("capture")
    line.serve(CameraMethods(station.capture).methods)
    wait_for(line.connected)
    wait_for(lambda: station.capture.newest("till") is not None)

    status, answer = hub.invoke("capture", "snapshot", {"camera": "till"})

    bench.over.set()
    station.stop()
    assert status == 200
    assert decode_image(base64.b64decode(answer["jpeg"])).shape == (480, 640, 3)
