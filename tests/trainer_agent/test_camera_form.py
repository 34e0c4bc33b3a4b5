from dataclasses import replace

import pytest

from edge_common.camera_urls import parse_camera_url
from edge_common.errors import InvalidInput
from edge_common.settings import CameraSettings
from modules.trainer_agent.camera_form import CameraForm, address_of, camera_id, checked_kind, settings_of, url_of

NETWORK = CameraForm("Till", "rtsp", "rtsp://192.0.2.7/main", "admin", "p@ss")
KEPT = CameraSettings(url="rtsp://admin:p%40ss@192.0.2.7/main", name="Till", longest_side_px=640)


def test_a_new_network_camera_has_user_and_password_in_its_url():
    assert settings_of(NETWORK, None).url == "rtsp://admin:p%40ss@192.0.2.7/main"


@pytest.mark.parametrize(
    ("kind", "address", "url"),
    [
        ("rtsp", "192.0.2.7/main", "rtsp://192.0.2.7/main"),
        ("rtsp", "RTSP://192.0.2.7:8554/main ", "rtsp://192.0.2.7:8554/main"),
        ("rtsp", "rtsp://a:b@192.0.2.7/main", "rtsp://a:b@192.0.2.7/main"),
        ("v4l2", "0", "v4l2:0"),
        ("v4l2", "v4l2:1?width=640", "v4l2:1?width=640"),
        ("file", "/videos/shelf one.mp4", "file:/videos/shelf one.mp4"),
        ("folder", "/photos?every=5", "folder:/photos?every=5"),
        ("sim", "shelf?seed=2", "sim:shelf?seed=2"),
    ],
)
def test_what_is_typed_becomes_a_url(kind, address, url):
    assert url_of(CameraForm("x", kind, address), None) == url


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"name": " "}, "Name: say what", id="no name"),
        pytest.param({"name": "x" * 41}, "at most 40 letters expected, got 41", id="long name"),
        pytest.param({"address": " "}, "Address: for example rtsp://", id="no address"),
        pytest.param({"address": "http://192.0.2.7/"}, "Address: for example rtsp://", id="web address"),
        pytest.param({"address": "rtsp://:99/x"}, "Address: for example rtsp://", id="no host"),
        pytest.param({"address": "x" * 1001}, "at most 1000", id="long address"),
        pytest.param({"password": "x" * 129}, "at most 1000, 128 and 128", id="long password"),
        pytest.param({"kind": "v4l2"}, "the number of the camera", id="USB without number"),
        pytest.param({"kind": "v4l2", "address": "256"}, "the number of the camera", id="USB beyond the last"),
        pytest.param({"kind": "file", "address": "shelf.mp4"}, "beginning with /", id="place that depends"),
        pytest.param({"kind": "folder", "address": "photos"}, "beginning with /", id="folder that depends"),
        pytest.param({"kind": "sim", "address": "sea"}, "shelf, or", id="unknown scene"),
        pytest.param({"frames_per_s": 0}, "from 0.1 to 30 expected, got 0", id="no pictures"),
        pytest.param({"frames_per_s": float("nan")}, "from 0.1 to 30", id="no number"),
    ],
)
def test_what_cannot_be_a_camera_is_refused_in_words(change, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        settings_of(replace(NETWORK, **change), None)

    assert "p@ss" not in str(refused.value)


def test_user_and_password_are_kept_when_nothing_else_is_typed():
    changed = settings_of(CameraForm("Door", "rtsp", "rtsp://192.0.2.7/second", frames_per_s=2, enabled=False), KEPT)

    assert changed.url == "rtsp://admin:p%40ss@192.0.2.7/second"
    assert (changed.name, changed.frames_per_s, changed.enabled, changed.longest_side_px) == ("Door", 2, False, 640)


@pytest.mark.parametrize(
    "address", ["rtsp://192.0.2.8/main", "rtsp://192.0.2.7:8554/main", "rtsp://192.0.2.7.test/main"]
)
def test_another_host_never_gets_the_kept_password(address):
    assert url_of(CameraForm("Till", "rtsp", address), KEPT) == address
    assert url_of(CameraForm("Till", "rtsp", address, user="admin"), KEPT) == address.replace("//", "//admin@")


def test_the_same_user_keeps_the_password_and_another_does_not():
    assert "p%40ss" in url_of(CameraForm("Till", "rtsp", "192.0.2.7/main", user="admin"), KEPT)
    assert "p%40ss" not in url_of(CameraForm("Till", "rtsp", "192.0.2.7/main", user="guest"), KEPT)


def test_user_and_password_can_be_forgotten():
    assert url_of(CameraForm("Till", "rtsp", "192.0.2.7/main", forget=True), KEPT) == "rtsp://192.0.2.7/main"


def test_an_address_with_a_password_that_was_hidden_stays_what_it_was():
    before = CameraSettings(url="rtsp://192.0.2.7/user=a&password=hush&channel=1")
    shown = address_of(parse_camera_url(before.url))

    assert "hush" not in shown
    assert url_of(CameraForm("Till", "rtsp", shown), before) == before.url


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        pytest.param("Till by the door", [], "till-by-the-door", id="plain"),
        pytest.param("Käse & Öl", [], "kase-ol", id="accents"),
        pytest.param("Till", ["till", "till-2"], "till-3", id="taken"),
        pytest.param("棚", [], "camera-1", id="no plain letter"),
        pytest.param("棚", ["camera-1"], "camera-2", id="no plain letter again"),
        pytest.param("x" * 40, [], "x" * 32, id="long"),
        pytest.param("x" * 40, ["x" * 32], "x" * 28 + "-2", id="long and taken"),
    ],
)
def test_an_id_is_made_of_the_name(name, taken, expected):
    assert camera_id(name, taken) == expected


def test_a_kind_that_is_none_is_refused():
    assert checked_kind("rtsp") == "rtsp"
    with pytest.raises(InvalidInput, match="one of rtsp, v4l2"):
        checked_kind("http")
