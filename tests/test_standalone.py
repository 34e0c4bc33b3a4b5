"""The whole program as it is started on one machine."""

import http.client
import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.errors import ConfigError, Conflict
from edge_common.hub import LocalHub
from edge_common.network import PIN_FILE, network_addresses
from edge_common.own_cameras import PLACE, OwnCameras
from standalone import PORTS_TRIED, camera_url, choose_camera, free_port, only_one, port_number, tell_the_network
from tests.program import MODULES, Program, any_port


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One that runs, for the tests that leave it running."""
    started = Program(tmp_path_factory.mktemp("standalone") / "data").ready()
    yield started
    started.stop()


def test_the_page_answers_once_it_says_ready(program: Program) -> None:
    connection = http.client.HTTPConnection("localhost", program.port(), timeout=5)
    connection.request("GET", "/live")

    answer = connection.getresponse()

    assert answer.status == 200
    assert b"<title>Live" in answer.read()
    connection.close()


def test_it_says_that_the_page_is_for_this_machine_until_there_is_a_pin(program: Program) -> None:
    assert "it answers on this machine only; set a PIN" in program.log()


def test_with_a_pin_it_says_where_phones_find_the_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / PIN_FILE).parent.mkdir()
    (tmp_path / PIN_FILE).write_text("{}")

    with caplog.at_level("INFO"):
        tell_the_network(tmp_path, 8080)

    expected = [f"in the network: http://{address}:8080" for address in network_addresses()]
    assert [record.getMessage() for record in caplog.records] == expected


def test_lines_of_the_log_name_their_module(program: Program) -> None:
    program.wait_for(lambda: all(f" {name}: " in program.log() for name in ("standalone", "capture")))
    for name in ("standalone", "capture"):
        assert f" {name}: " in (program.data / "logs" / f"{name}.log").read_text()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_is_killed_starts_again(program: Program, module: str) -> None:
    program.wait_for(lambda: len(program.children()) == len(MODULES))
    before = program.children()

    os.kill(before[module], signal.SIGKILL)
    program.wait_for(lambda: program.children().get(module, before[module]) != before[module])

    after = program.children()
    assert {name: number for name, number in after.items() if name != module} == {
        name: number for name, number in before.items() if name != module
    }
    assert f"{module} ended (by signal SIGKILL); it starts again in " in program.log()


def test_a_second_start_on_the_same_data_is_refused(program: Program) -> None:
    second = Program(program.data)

    assert second.process.wait(10) == 1
    assert "running already" in second.log()
    assert len(program.children()) == len(MODULES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_asked_to_stop_it_takes_everything_with_it(data: Path, number: signal.Signals) -> None:
    program = Program(data).ready()
    sockets = program.sockets()

    code = program.stop(number)

    assert code == 0
    assert program.children() == {}
    assert not sockets.exists()
    assert "by force" not in program.log()


def test_its_modules_go_with_it_when_it_is_killed(data: Path) -> None:
    program = Program(data)
    program.wait_for(lambda: len(program.children()) == len(MODULES))
    sockets = program.sockets()

    program.process.kill()
    program.process.wait()

    program.wait_for(lambda: program.children() == {})
    shutil.rmtree(sockets)


def test_a_camera_that_cannot_be_is_refused_at_once_with_the_forms_there_are(data: Path) -> None:
    program = Program(data, CAMERA="webcam")

    assert program.process.wait(10) == 1
    assert "CAMERA: sim:shelf, file:PATH" in program.log()


def test_a_taken_port_is_passed_over_and_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert port < free_port(port) < port + PORTS_TRIED


def test_a_free_port_is_taken_as_wished() -> None:
    port = any_port()

    assert free_port(port) == port


@pytest.mark.parametrize("text", ["", "0", "65536", "80a", "-1", "8080.5"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="PORT"):
        port_number(text)


def test_a_data_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(Conflict, match="running already"), only_one(tmp_path):
        pass

    with only_one(tmp_path):
        pass


@pytest.mark.parametrize(
    "text", ["sim:shelf", "sim:shelf?width=640", "v4l2:0", "rtsp://user:secret@10.0.0.7:554/stream"]
)
def test_a_camera_url_without_a_path_stays_as_it_is(text: str) -> None:
    assert camera_url(text) == text


def test_a_path_in_a_camera_url_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shelf.mp4").write_bytes(b"video")
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)

    assert camera_url("file:shelf.mp4") == f"file:{tmp_path}/shelf.mp4"
    assert camera_url("folder:pictures?every=2") == f"folder:{tmp_path}/pictures?every=2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("webcam", "sim:shelf, file:PATH", id="no kind"),
        pytest.param("http://10.0.0.7/", "sim:shelf, file:PATH", id="another kind"),
        pytest.param("file:", "sim:shelf, file:PATH", id="no path"),
        pytest.param("file:absent.mp4", "there is no file /", id="a file that is not there"),
        pytest.param("folder:absent", "there is no folder /", id="a folder that is not there"),
        pytest.param("v4l2:front", "sim:shelf, file:PATH", id="a camera by name"),
        pytest.param("sim:street", "sim:shelf, file:PATH", id="another scene"),
    ],
)
def test_a_camera_url_that_cannot_be_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        camera_url(text)


def test_a_refused_camera_url_does_not_tell_its_password() -> None:
    with pytest.raises(ConfigError) as refused:
        camera_url("https://user:secret@10.0.0.7/")

    assert "secret" not in str(refused.value)


def desired_urls(folder: Path) -> dict[str, str]:
    cameras = json.loads((folder / "desired.json").read_bytes())["cameras"]
    return {name: camera["url"] for name, camera in cameras.items()}


def test_without_a_wish_the_first_start_gets_the_simulated_shelf_which_the_page_may_delete(tmp_path: Path) -> None:
    own = OwnCameras(tmp_path / PLACE)
    choose_camera(tmp_path, "")
    assert {camera: settings.url for camera, settings in own.read().cameras.items()} == {"camera-1": "sim:shelf"}
    own.remove("camera-1")

    choose_camera(tmp_path, "")

    assert own.read().cameras == {}


def test_without_a_wish_cameras_that_were_set_up_stay(tmp_path: Path) -> None:
    twin = tmp_path / "twins" / "capture"
    LocalHub(twin).desire({"cameras": {"till": {"url": "v4l2:0"}}})

    choose_camera(tmp_path, "")

    assert desired_urls(twin) == {"till": "v4l2:0"}
    assert OwnCameras(tmp_path / PLACE).read().cameras == {}


def test_a_wish_replaces_the_url_of_the_first_camera_alone(tmp_path: Path) -> None:
    twin = tmp_path / "twins" / "capture"
    cameras = {"camera-1": {"url": "v4l2:0", "name": "Aisle"}, "till": {"url": "v4l2:1"}}
    LocalHub(twin).desire({"cameras": cameras})

    choose_camera(tmp_path, "v4l2:7")

    assert desired_urls(twin) == {"camera-1": "v4l2:7", "till": "v4l2:1"}
    assert json.loads((twin / "desired.json").read_bytes())["cameras"]["camera-1"]["name"] == "Aisle"
