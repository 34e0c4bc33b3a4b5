"""What images and cameras are called: by the camera's present name."""

from datetime import datetime

import pytest

from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CameraSettings
from modules.trainer_agent.web.names import image_caption
from tests.trainer_agent.conftest import noise

TAKEN_NS = int(datetime(2026, 3, 5, 7, 8, 9).timestamp() * 1e9)
NAMED = CameraSettings(url="rtsp://192.0.2.7/main", name="Back room")


@pytest.fixture
def captured(library, model):
    return library.add_image(model.id, noise(1), "stored name", "camera", camera="till-1", taken_ns=TAKEN_NS)


@pytest.fixture
def own(workshop):
    """The cameras that were added on the page."""
    return OwnCameras(workshop.folder / PLACE)


@pytest.fixture
def caption(client):
    """The caption of an image as a page that is asked for now shows it."""

    def of(image):
        with client.application.test_request_context():
            return image_caption(image)

    return of


def test_an_image_of_a_camera_without_a_name_is_called_by_its_id_and_local_time(captured, caption):
    assert caption(captured) == "Till 1, 5 Mar 2026, 07:08:09"


def test_an_image_is_called_by_the_name_that_its_camera_has_now(captured, caption, own):
    own.add("till-1", NAMED)
    assert caption(captured) == "Back room, 5 Mar 2026, 07:08:09"

    own.change("till-1", NAMED.model_copy(update={"name": "Till at the door"}))
    assert caption(captured) == "Till at the door, 5 Mar 2026, 07:08:09"

    own.remove("till-1")
    assert caption(captured) == "Till at the door, 5 Mar 2026, 07:08:09"


def test_a_damaged_list_of_cameras_leaves_images_their_ids(captured, caption, own, workshop):
    own.add("till-1", NAMED)
    (workshop.folder / PLACE).write_bytes(b"{")

    assert caption(captured) == "Till 1, 5 Mar 2026, 07:08:09"


def test_an_uploaded_image_is_called_by_its_file(library, model, caption):
    image = library.add_image(model.id, noise(1), "shelf.jpg", "upload", camera=None, taken_ns=1)

    assert caption(image) == "shelf.jpg"


def test_the_library_shows_and_filters_by_present_names(client, model, captured, own):
    own.add("till-1", NAMED)

    text = client.get(f"/models/{model.id}/library?show=untagged").text

    assert 'alt="Back room, 5 Mar 2026, 07:08:09"' in text
    assert ">Back room</option>" in text
