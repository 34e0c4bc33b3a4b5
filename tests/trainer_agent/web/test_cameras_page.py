"""Cameras on the page: in a browser over a capture that really answers, and through the client."""

import json
import re
import stat
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from edge_common.camera_questions import Answer, QuestionServer, VideoDevice
from edge_common.frames import CameraState, FramePublisher
from edge_common.images import encode_jpeg
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CameraSettings
from modules.trainer_agent.web.cameras import changes
from modules.trainer_agent.web.wording import plain_reason
from tests.files_chosen import choose_files
from tests.trainer_agent.conftest import noise
from tests.trainer_agent.web.conftest import Site
from tests.waiting import wait_for

JPEG = encode_jpeg(noise(1), 80)
FORM = {
    "name": "Back room",
    "location": "",
    "kind": "rtsp",
    "address": "rtsp://192.0.2.7/main",
    "user": "admin",
    "password": "hush",
    "forget": False,
    "frames_per_s": 10,
    "enabled": True,
}


class Station:
    """Capture as the page knows it: tells states of the twin's camera and the page's, and answers questions."""

    def __init__(self, folder: Path) -> None:
        self.own = OwnCameras(folder / PLACE)
        self.asked = []
        self.endpoint = f"ipc://{folder}/frames"
        self._publisher = FramePublisher(self.endpoint)
        self._questions = QuestionServer(f"ipc://{folder}/questions", self._answer)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _answer(self, question):
        self.asked.append((question.kind, question.about))
        if question.kind == "find":
            return Answer(devices=(VideoDevice("v4l2:0", "HD Webcam", ""), VideoDevice("v4l2:2", "Old one", "no way")))
        if "192.0.2.7" in question.about or question.about == "back-room":
            return Answer(reason="rtsp://192.0.2.7:554/main: nothing answers there")
        return Answer(jpeg=JPEG, width=640, height=360, taken_ns=time.time_ns())

    def _run(self):
        while not self._stop.wait(0.1):
            state = CameraState("twin-1", "live", "", 9.8, 640, 360, "Entrance", "rtsp://192.0.2.9/main", 1, False)
            self._publisher.publish_state(state)
            for camera, settings in self.own.read().cameras.items():
                why = "rtsp://192.0.2.7:554/main: nothing answers there"
                where = "rtsp://192.0.2.7/main" if settings.url.startswith("rtsp") else settings.url
                since_ns = 1_790_000_000_000_000_000
                known = (settings.name, where, since_ns, True, settings.location)
                state = CameraState(camera, "lost", why, 0, 0, 0, *known)
                self._publisher.publish_state(state)

    def close(self):
        self._stop.set()
        self._thread.join()
        self._publisher.close()
        self._questions.close()


@pytest.fixture
def station(tmp_path) -> Iterator[Station]:
    opened = Station(tmp_path)
    yield opened
    opened.close()


def test_a_camera_is_tested_added_edited_deleted_and_put_back(phone, build_app, station):
    phone.on("dialog", lambda dialog: dialog.accept())
    phone.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras")
    phone.get_by_role("link", name="Add camera").first.click()
    phone.get_by_label("Name", exact=True).fill("Back room")
    phone.get_by_label("Place").fill("Beside the  door")
    phone.get_by_label("Address").fill("192.0.2.7/main")
    phone.get_by_label("User name", exact=True).fill("admin")
    phone.get_by_label("Password", exact=True).fill("hush")
    phone.get_by_role("button", name="Test").click()
    phone.get_by_text("No picture. Nothing answers there").wait_for()
    assert station.asked[-1] == ("try", "rtsp://admin:hush@192.0.2.7/main")

    phone.get_by_role("button", name="Save").click()
    card = phone.locator("[data-camera=back-room]")
    card.get_by_text("Nothing answers there").wait_for()
    card.get_by_text("Beside the door").wait_for()
    card.get_by_text("Since 21 Sep").wait_for()
    assert "hush" not in phone.content()

    card.get_by_role("link", name="Edit").click()
    assert "hush" not in phone.content()
    assert phone.get_by_label("Password", exact=True).input_value() == ""
    phone.get_by_label("Name", exact=True).fill("Cold room")
    phone.get_by_role("button", name="Save").click()
    phone.get_by_role("heading", name="Cold room").wait_for()
    assert station.own.read().cameras["back-room"].url == "rtsp://admin:hush@192.0.2.7/main"

    phone.get_by_role("button", name="Delete Cold room").click()
    phone.get_by_text("Cold room is deleted.").wait_for()
    assert station.own.read().cameras == {}
    phone.get_by_role("button", name="Put back Cold room").click()
    phone.get_by_text("Cold room is back.").wait_for()
    assert station.own.read().cameras["back-room"].name == "Cold room"


def test_a_camera_that_is_not_deleted_after_all_stays(page, build_app, station):
    station.own.add("till", CameraSettings(url="v4l2:5", name="Till"))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras")

    page.get_by_role("button", name="Delete Till").click()

    assert "till" in station.own.read().cameras


def test_a_plugged_in_camera_is_added_by_a_press_and_shows_its_picture_when_tested(page, build_app, station):
    page.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras")
    page.get_by_text("cannot be used: no way").wait_for()
    page.get_by_role("link", name="Add HD Webcam").click()

    page.get_by_role("button", name="Test").click()
    page.locator("#trial-picture").wait_for(state="visible")
    page.get_by_role("button", name="Save").click()

    page.get_by_role("heading", name="HD Webcam").wait_for()
    assert station.own.read().cameras["hd-webcam"].url == "v4l2:0"
    page.get_by_text("in use as HD Webcam").wait_for()


def test_a_video_of_a_phone_becomes_a_camera(phone, build_app, station, tmp_path):
    video = tmp_path / "Milk shelf.mp4"
    video.write_bytes(bytes(range(256)) * 20_000)
    phone.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras/new")
    phone.get_by_label("Kind of camera").select_option("Video")

    choose_files(phone, "#video-file", video)

    phone.get_by_text("It works: a picture of 640").wait_for()
    address = phone.get_by_label("Address").input_value()
    assert Path(address).read_bytes() == video.read_bytes()
    assert station.asked[-1] == ("try", f"file:{address}")
    phone.get_by_role("button", name="Save").tap()
    phone.get_by_role("heading", name="Milk shelf").wait_for()
    assert station.own.read().cameras["milk-shelf"].url == f"file:{address}"
    where = phone.locator("[data-camera=milk-shelf] .quiet.where").inner_text()
    assert re.fullmatch(r"Video milk-shelf-[0-9a-f]+\.mp4", where)


def test_a_camera_of_the_twin_is_shown_and_tested_but_not_changed(page, build_app, station):
    page.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras")
    card = page.locator("[data-camera=twin-1]")
    card.get_by_text("10 pictures a second · 640 \N{MULTIPLICATION SIGN} 360").wait_for()
    card.locator("img").wait_for(state="visible")

    card.get_by_role("button", name="Test").click()

    card.get_by_text("It works: a picture of 640 \N{MULTIPLICATION SIGN} 360 came.").wait_for()
    assert ("again", "twin-1") in station.asked
    assert card.get_by_role("link", name="Edit").count() == card.get_by_role("button", name="Delete").count() == 0


def test_the_page_follows_what_changes(page, build_app, station):
    page.goto(f"{Site(build_app(endpoint=station.endpoint)).address}/cameras")
    page.locator("[data-camera=twin-1]").wait_for()

    station.own.add("till", CameraSettings(url="v4l2:5", name="Till"))

    page.get_by_role("heading", name="Till").wait_for()


@pytest.fixture
def at(build_app, station):
    client = build_app(endpoint=station.endpoint).test_client()
    wait_for(lambda: client.get("/api/cameras").json["cameras"])
    return client


def test_no_answer_of_the_page_holds_a_password(at, station):
    camera = at.post("/api/cameras", json=FORM).json["id"]

    pages = [at.get(path).text for path in ("/cameras", f"/cameras/{camera}/edit", "/api/cameras")]

    assert "hush" not in "".join(pages)
    assert "admin" not in "".join(pages)
    assert "hush" in station.own.read().cameras[camera].url


def test_a_test_of_the_form_uses_the_password_that_is_kept(at, station):
    camera = at.post("/api/cameras", json=FORM).json["id"]

    at.post("/api/cameras/test", json=FORM | {"user": "", "password": "", "camera": camera})

    assert station.asked[-1] == ("try", "rtsp://admin:hush@192.0.2.7/main")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        pytest.param("POST", "/api/cameras", FORM | {"name": ""}, 400, "Name: say what", id="no name"),
        pytest.param("POST", "/api/cameras", FORM | {"kind": "http"}, 400, "Kind of camera", id="kind"),
        pytest.param("POST", "/api/cameras", FORM | {"frames_per_s": None}, 400, "a number expected", id="rate"),
        pytest.param("POST", "/api/cameras", FORM | {"forget": 1}, 400, "forget: true or false", id="no flag"),
        pytest.param(
            "POST",
            "/api/cameras",
            FORM | {"address": "192.0.2.9:554/main"},
            409,
            "'Entrance' is this camera already",
            id="twice",
        ),
        pytest.param("PUT", "/api/cameras/gone", FORM, 404, "no camera 'gone'", id="change what is gone"),
        pytest.param("PUT", "/api/cameras/twin-1", FORM, 404, "can be changed here", id="change the twin's"),
        pytest.param("DELETE", "/api/cameras/twin-1", None, 404, "added on this page", id="delete the twin's"),
        pytest.param("POST", "/api/cameras/gone/put-back", None, 404, "no camera 'gone'", id="put back"),
        pytest.param("GET", "/cameras/gone/edit", None, 404, "no camera", id="edit what is gone"),
        pytest.param("GET", "/cameras/new?kind=magic", None, 400, "one of rtsp", id="form of no kind"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(at, method, path, body, status, why):
    answer = at.open(path, method=method, json=body)

    assert answer.status_code == status
    assert why in (answer.json["message"] if path.startswith("/api/") else answer.text.replace("&#39;", "'"))


def test_without_capture_the_page_says_so(client, monkeypatch):
    monkeypatch.setattr("modules.trainer_agent.cameras._FIND_S", 0.1)

    answer = client.get("/api/cameras/found")

    assert answer.status_code == 503
    assert "does not answer" in answer.json["message"]


def test_a_damaged_list_is_told_and_left_alone(client, tmp_path):
    (tmp_path / PLACE).write_text("{")

    answer = client.post("/api/cameras", json=FORM)

    assert answer.status_code == 400
    assert "mend the file or delete it" in answer.json["message"]
    assert (tmp_path / PLACE).read_text() == "{"


def test_the_list_is_for_this_device_alone(at, tmp_path):
    at.post("/api/cameras", json=FORM)

    assert stat.S_IMODE((tmp_path / PLACE).parent.stat().st_mode) == 0o700


def test_events_come_now_and_at_each_change():
    looks = iter([[{"id": "a"}], [{"id": "a"}], [{"id": "b"}]])
    next_state = changes(lambda: next(looks), pause=lambda _: None)

    assert next_state(1) == {"cameras": [{"id": "a"}]}
    assert next_state(1) is None
    assert next_state(1) == {"cameras": [{"id": "b"}]}


def test_cameras_are_followed_by_events(at):
    with at.get("/api/cameras/events") as answer:
        lines = "".join(part.decode() for part in islice(answer.iter_encoded(), 2))

    assert answer.mimetype == "text/event-stream"
    (data,) = [line for line in lines.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["cameras"][0]["name"] == "Entrance"


@pytest.mark.parametrize(
    ("reason", "plain"),
    [
        ("rtsp://192.0.2.7:554/main: nothing answers", "Nothing answers"),
        ("v4l2:0: there is no /dev/video0", "There is no /dev/video0"),
        ("file: there is no file /a", "There is no file /a"),
        ("it is switched off", "It is switched off"),
        ("", ""),
    ],
)
def test_a_reason_is_a_sentence_without_the_address(reason, plain):
    assert plain_reason(reason) == plain
