import pytest

from edge_common.camera_urls import CameraUrl, parse_camera_url
from edge_common.errors import ConfigError


@pytest.mark.parametrize(
    "text",
    [
        "sim:shelf?seed=3",
        "file:/videos/a b.mp4",
        "folder:/photos",
        "v4l2:0?width=640",
        "rtsp://192.0.2.7:554/main?channel=1",
        "rtsp://admin:p%40ss%2Fword%3A1@192.0.2.7/main",
        "rtsp://admin@[2001:db8::7]:8554/main",
    ],
)
def test_a_url_survives_being_taken_apart(text: str) -> None:
    assert parse_camera_url(text).text == text


def test_user_and_password_are_parts_of_their_own_and_not_shown() -> None:
    url = parse_camera_url("rtsp://admin:p%40ss@192.0.2.7/main")

    assert (url.user, url.password) == ("admin", "p@ss")
    assert url.shown == "rtsp://192.0.2.7/main"


def test_a_password_typed_with_its_signs_is_written_so_that_it_is_read_again() -> None:
    url = parse_camera_url("rtsp://192.0.2.7/main").signed_in("shop:1", "a/b@c?d#e%41")

    assert parse_camera_url(url.text) == url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://192.0.2.7/user=a&password=secret&channel=1", "rtsp://192.0.2.7/user=a&password=•••&channel=1"),
        ("rtsp://192.0.2.7/user=a_password=se_cret", "rtsp://192.0.2.7/user=a_password=•••"),
        ("rtsp://192.0.2.7/cam?pwd=secret", "rtsp://192.0.2.7/cam?pwd=•••"),
    ],
)
def test_a_password_elsewhere_in_the_address_is_not_shown(text: str, shown: str) -> None:
    assert parse_camera_url(text).shown == shown


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("rtsp://a:b@192.0.2.7/main", "rtsp://192.0.2.7:554/main", True, id="other user, default port"),
        pytest.param("rtsp://SHOP/main", "rtsp://shop/main", True, id="host in capitals"),
        pytest.param("rtsp://192.0.2.7/main", "rtsp://192.0.2.7/second", False, id="another channel"),
        pytest.param("v4l2:0?width=640", "v4l2:00", True, id="another size"),
        pytest.param("v4l2:0", "v4l2:1", False, id="another device"),
    ],
)
def test_urls_of_one_device_are_told(one: str, other: str, same: bool) -> None:
    assert (parse_camera_url(one).device == parse_camera_url(other).device) is same


def test_what_can_be_opened_any_number_of_times_is_no_device() -> None:
    assert parse_camera_url("sim:shelf").device == parse_camera_url("file:a.mp4").device == ""


@pytest.mark.parametrize(
    "text", ["", "webcam", "http://admin:hush@x/", "rtsp:", "rtsp://", "rtsp:///main", "rtsp://hush@", "rtsp://h:0/x",
             "rtsp://h:hush/x", "rtsp://h:99999/x", "rtsp://[::1/x", "rtsp:h/x", "file:", "file:a\nb"],
)  # fmt: skip
def test_what_is_no_camera_url_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_camera_url(text)

    assert str(refused.value).startswith("camera: ")
    assert "hush" not in str(refused.value)


def test_a_url_without_its_parts_is_what_it_was() -> None:
    assert CameraUrl("sim", "shelf").text == "sim:shelf"
