"""Jobs for the cloud over a library of their own, with a real storage on this machine."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.settings import TrainerSettings
from modules.trainer_agent.cloud import exporting, importing
from modules.trainer_agent.cloud.elsewhere import LearningElsewhere
from modules.trainer_agent.cloud.exporting import DatasetExport
from modules.trainer_agent.cloud.importing import VersionImport
from modules.trainer_agent.cloud.jobs import CloudJobs, Work
from modules.trainer_agent.cloud.methods import CloudMethods
from modules.trainer_agent.cloud.patience import Patience
from modules.trainer_agent.library import Library
from tests.azurite import server
from tests.azurite.server import Azurite, Line
from tests.messages import json_lines
from tests.requirements_here import skip_or_fail
from tests.waiting import wait_for

QUICK = Patience(first_s=0.05, longest_s=0.2, give_up_after_s=10.0)


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    if not server.at_hand():
        skip_or_fail(server.MISSING)
    started = Azurite()
    yield started
    started.close()


@pytest.fixture
def container(azurite: Azurite, request: pytest.FixtureRequest) -> str:
    """The name of a container of the test's own."""
    name = f"c{abs(hash(request.node.nodeid)):x}-{time.monotonic_ns()}"
    azurite.service.create_container(name)
    return name


@pytest.fixture
def line(azurite: Azurite) -> Iterator[Line]:
    opened = Line(azurite.port)
    yield opened
    opened.close()


class Cloud:
    """What trainer_agent does for the cloud, and what the cloud hears of it."""

    def __init__(self, library: Library, folder: Path, settings: Callable[[], TrainerSettings], **jobs: Any) -> None:
        self.packages = PackageStore(folder / "models")
        self.hub = LocalHub(folder / "cloud-twin")
        self.folder = folder
        self.pruned: list[str] = []
        export = DatasetExport(library, self.packages, lambda: settings().handoff)
        taking_in = VersionImport(library, self.packages, self.pruned.append, folder / "cloud")
        self.elsewhere = LearningElsewhere(library, settings, folder / "cloud" / "sent.json")
        works = {
            exporting.METHOD: Work(self.elsewhere.noting(export.work), "dataset not exported"),
            importing.METHOD: Work(taking_in.work, "model not imported"),
        }
        self.jobs = CloudJobs(
            folder / "cloud" / "jobs", self.hub, works, lambda model_id: {"aisle": "4"}, **{"patience": QUICK} | jobs
        )
        self.methods = CloudMethods(self.jobs, export, taking_in).methods

    def told(self, method: str, key: str) -> dict[str, Any]:
        path = self.hub_folder / "reported.json"
        reported = json.loads(path.read_bytes()) if path.is_file() else {}
        found = reported.get("methods", {}).get(method, {}).get(key, {})
        assert isinstance(found, dict)
        return found

    @property
    def hub_folder(self) -> Path:
        return self.folder / "cloud-twin"

    def events(self) -> list[dict[str, Any]]:
        return [line["body"] for line in json_lines(self.hub_folder / "messages.jsonl")]

    def ended(self, method: str, key: str) -> dict[str, Any]:
        """What is told of a job once it has ended."""
        wait_for(lambda: not self.jobs.active(method, key))
        return self.told(method, key)


@pytest.fixture
def start_cloud(library: Library, tmp_path: Path) -> Iterator[Callable[..., Cloud]]:
    started: list[Cloud] = []

    def start(settings: Callable[[], TrainerSettings] = TrainerSettings, *, run: bool = True, **jobs: Any) -> Cloud:
        made = Cloud(library, tmp_path, settings, **jobs)
        if run:
            made.jobs.start()
        started.append(made)
        return made

    yield start
    for one in started:
        one.jobs.close()
