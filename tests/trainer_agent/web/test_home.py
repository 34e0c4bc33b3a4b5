"""Home: what needs attention, as text; how it looks is tested with the other pages."""

from edge_common.detections import Detection
from edge_common.geometry import Box
from edge_common.images import decode_image
from tests.trainer_agent.conftest import add_image


def test_a_first_visitor_is_told_the_three_steps(client):
    page = client.get("/").get_data(as_text=True)

    assert "Capture" in page
    assert "/models/new" in page


def test_images_to_check_need_attention_until_they_are_checked(client, library, model):
    image = add_image(library, model, 1)
    seen = [Detection("full", 0.55, Box(0.1, 0.1, 0.5, 0.5))]
    library.checks.add(image.id, "unsure", version="1", seen=seen, kept_ns=1)

    before = client.get("/").get_data(as_text=True)
    library.checks.confirm(image.id)
    after = client.get("/").get_data(as_text=True)

    assert "1 image of &#39;Low stock&#39; to check" in before
    assert f"/models/{model.id}/library?show=check" in before
    assert "to check" not in after


def test_a_camera_shows_what_it_sees_now_or_says_why_not(build_app, shop):
    client = build_app(endpoint=shop).test_client()

    seen, lost = (client.get(f"/api/cameras/{camera}/now") for camera in ("aisle-4", "till-1"))

    assert decode_image(seen.data).shape == (360, 640, 3)
    assert "the cable is unplugged" in lost.json["message"]
