"""The model zip over HTTP: to whoever knows its address, as azureeyemodule does, and to nobody else."""

import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from edge_common.handed_off import HandoffFolder
from edge_common.images import digest_of
from edge_common.settings import HandoffSettings
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.library import Library
from tests.requirements_here import skip_or_fail
from tests.trainer_agent.conftest import Workshop
from tests.trainer_agent.handoff.desk import TO_EYE, Desk
from tests.trainer_agent.handoff.made import detector, put_live
from tests.trainer_agent.web.conftest import Site


@pytest.fixture
def desk(workshop: Workshop, library: Library) -> Desk:
    return Desk(workshop, library, BlobCompiler(None))


@pytest.fixture
def served(desk: Desk, build_app: Callable[..., Flask]) -> Flask:
    """The page with this desk behind it; there is no PIN, so it answers nothing else to the network."""
    app = build_app()
    app.extensions["services"] = replace(app.extensions["services"], handoff=desk.handoff)
    return app


AZUREEYEMODULE: dict[str, Any] = {
    "environ_base": {"REMOTE_ADDR": "172.17.0.5"},
    "headers": {"Host": "trainer_agent:8080"},
}


def test_azureeyemodule_fetches_it_without_signing_in_by_the_name_that_it_has_for_this_module(
    desk: Desk, served: Flask
) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()
    path = str(desk.told()["url"]).removeprefix("http://trainer_agent:8080")
    client = served.test_client()

    head = client.head(path, **AZUREEYEMODULE)
    asked_only = HandoffFolder(desk.workshop.folder).read("shelf").zips[0].fetched
    answer = client.get(path, **AZUREEYEMODULE)

    assert (head.status_code, head.content_length, asked_only) == (200, answer.content_length, "")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert f"/handoff/{digest_of(answer.data)}.zip" == path
    assert HandoffFolder(desk.workshop.folder).read("shelf").zips[0].fetched != ""


@pytest.mark.parametrize("sha256", ["0" * 64, "..%2f..%2fsettings", "1", "shelf", "x" * 300])
def test_who_does_not_know_a_checksum_gets_nothing_and_learns_nothing(desk: Desk, served: Flask, sha256: str) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()

    answer = served.test_client().get(f"/handoff/{sha256}.zip", **AZUREEYEMODULE)

    assert answer.status_code in (401, 403, 404)
    assert b"shelf" not in answer.data


def test_nothing_is_served_while_models_stay_on_the_device(desk: Desk, served: Flask) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()
    path = str(desk.told()["url"]).removeprefix("http://trainer_agent:8080")

    desk.settings = HandoffSettings()

    assert served.test_client().get(path, **AZUREEYEMODULE).status_code == 404


def test_the_rest_of_the_page_stays_closed_to_it(served: Flask) -> None:
    for path in ("/", "/models", "/handoff/", "/handoff"):
        assert served.test_client().get(path, **AZUREEYEMODULE).status_code in (401, 403)


@pytest.fixture
def wget(desk: Desk, served: Flask, tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[bytes]]:
    """Fetches as `azureeyemodel.cpp` does: by a shell, with the address in double quotes."""
    if shutil.which("wget") is None:
        skip_or_fail("wget, by which azureeyemodule fetches, is missing: apt-get install wget")
    site = Site(served)

    def fetch(url: str) -> subprocess.CompletedProcess[bytes]:
        command = f'wget --no-check-certificate -O {tmp_path}/model.zip "{url}"'
        return subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    desk.settings = TO_EYE.model_copy(update={"base_url": site.address})
    return fetch


def test_wget_gets_the_bytes_of_the_checksum_through_a_shell(
    desk: Desk, wget: Callable[[str], subprocess.CompletedProcess[bytes]], tmp_path: Path
) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()

    done = wget(str(desk.told()["url"]))

    assert done.returncode == 0, done.stderr
    assert digest_of((tmp_path / "model.zip").read_bytes()) == desk.told()["sha256"]


def test_many_fetch_it_while_new_versions_come(desk: Desk, served: Flask) -> None:
    packages = desk.workshop.packages
    put_live(packages, "v1")
    desk.handoff.look()
    path = str(desk.told()["url"]).removeprefix("http://trainer_agent:8080")
    wrong: list[int] = []

    def fetch() -> None:
        for _ in range(10):
            answer = served.test_client().get(path, **AZUREEYEMODULE)
            if f"/handoff/{digest_of(answer.data)}.zip" != path:
                wrong.append(answer.status_code)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(2, 6):
        put_live(packages, f"v{number}", detector(times=1 - number / 100))
        desk.handoff.look()
    for thread in threads:
        thread.join()

    assert wrong == []
