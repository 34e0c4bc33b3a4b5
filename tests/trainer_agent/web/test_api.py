import io
import json
import re
import time
from itertools import islice
from pathlib import Path

import cv2
import pytest

from edge_common.geometry import Box
from modules.trainer_agent.live import MOST_VIEWERS
from tests.trainer_agent.conftest import add_image, box_id, noise, tag_images
from tests.waiting import wait_for

STATIC = Path(__file__).parents[3] / "modules" / "trainer_agent" / "web" / "static"


def png(seed=1, width=160, height=120):
    return io.BytesIO(cv2.imencode(".png", noise(seed, width, height))[1].tobytes())


def upload(client, model, data, name):
    return client.post(f"/api/models/{model.id}/images", data={"file": (data, name)})


def test_a_model_is_created_and_its_page_is_named(client, library):
    answer = client.post(
        "/api/models",
        json={"name": "Gaps", "kind": "detection", "objects": '"low stock", "full"', "automatic": True},
    )

    assert answer.status_code == 201
    assert [tag["name"] for tag in answer.json["tags"]] == ["low stock", "full"]
    assert client.get(answer.json["page"]).status_code == 200
    assert library.model(answer.json["id"]).automatic


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        pytest.param("POST", "/api/models", [], 400, "JSON object", id="no object"),
        pytest.param("POST", "/api/models", {"name": 3, "kind": "detection"}, 400, "name: text", id="name no text"),
        pytest.param("POST", "/api/models", {"name": "a", "kind": "magic"}, 400, "Type: one of", id="unknown type"),
        pytest.param(
            "POST",
            "/api/models",
            {"name": "Low stock", "kind": "detection", "objects": "a", "automatic": False},
            409,
            "already",
            id="name taken",
        ),
        pytest.param("POST", "/api/models/{model}/tags", {"objects": " "}, 400, "Type the name", id="no tag"),
        pytest.param("POST", "/api/models/{model}/tags", {"objects": "FULL"}, 409, "already", id="tag twice"),
        pytest.param("PATCH", "/api/models/{model}", {"automatic": 1}, 400, "true or false", id="automatic a number"),
        pytest.param("GET", "/api/models/gone/training", None, 404, "no model 'gone'", id="model gone"),
        pytest.param("POST", "/api/models/{model}/training", {}, 409, "15 more tagged images", id="too few to train"),
        pytest.param("PUT", "/api/images/{image}/boxes/x", {"tag": 1, "box": [0, 0, 1, 1]}, 400, "UUID", id="box id"),
        pytest.param("PUT", "/api/images/{image}/boxes/{box}", {"tag": 1, "box": 7}, 400, "four numbers", id="box"),
        pytest.param("PUT", "/api/images/{image}/boxes/{box}", {"tag": "1"}, 400, "whole number", id="tag a text"),
        pytest.param("PUT", "/api/images/{image}/tags", {"tags": [1]}, 400, "detection model", id="tag of a picture"),
        pytest.param("PUT", "/api/images/99/boxes/{box}", {"tag": 1, "box": [0, 0, 1, 1]}, 404, "no image", id="gone"),
        pytest.param("DELETE", "/api/images/99", None, 404, "no image 99", id="image gone"),
        pytest.param("GET", "/api/nothing", None, 404, "nothing at this address", id="no such address"),
        pytest.param("GET", "/api/models", None, 405, "not allowed", id="no such method"),
        pytest.param("GET", "/models/{model}/library?show=all", None, 400, "tagged, untagged", id="no such tab"),
        pytest.param("GET", "/pictures/abc.jpg", None, 404, "64 hexadecimal", id="picture name"),
        pytest.param("GET", "/thumbnails/" + "0" * 64 + ".jpg", None, 404, "no picture", id="picture gone"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(client, library, model, method, path, body, status, why):
    image = add_image(library, model, 1)
    address = path.format(model=model.id, image=image.id, box=box_id(1))

    answer = client.open(address, method=method, json=body)

    assert answer.status_code == status
    assert why in (answer.json["message"] if path.startswith("/api/") else answer.text)


def test_a_body_that_is_too_large_is_refused(client):
    answer = client.post("/api/models", json={"name": "x" * 70_000})

    assert answer.status_code == 413
    assert "at most" in answer.json["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "shop.example"}, 403, id="foreign name"),
        pytest.param({"Host": "127.0.0.1.shop.example"}, 403, id="name that begins like ours"),
        pytest.param({"Host": "[::1"}, 403, id="malformed name"),
        pytest.param({"Host": "127.0.0.1:8080"}, 409, id="own address"),
        pytest.param({"Host": "[::1]:8080"}, 409, id="own IPv6 address"),
        pytest.param({"Origin": "http://shop.example"}, 403, id="foreign page"),
        pytest.param({"Origin": "http://localhost:9999"}, 403, id="other port"),
        pytest.param({"Origin": "null"}, 403, id="page without origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="same-site"),
        pytest.param({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 409, id="own page"),
    ],
)
def test_only_our_own_page_on_our_own_address_changes_anything(client, model, headers, status):
    answer = client.post(f"/api/models/{model.id}/training", headers=headers)

    assert answer.status_code == status


def test_a_foreign_name_is_refused_for_reading_too(client):
    assert client.get("/models", headers={"Host": "shop.example"}).status_code == 403


def test_every_answer_keeps_the_page_to_itself(client, model):
    for path in ("/models", f"/models/{model.id}", "/api/cameras", "/static/base.css", "/nothing"):
        with client.get(path) as answer:
            headers = answer.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.*")), ids=lambda path: path.name)
def test_pages_ask_nobody_else_for_anything(path):
    assert "//" not in path.read_text().replace("http://www.w3.org/", "").replace("// ", "")


def test_uploads_are_stored_scaled_and_without_the_name_of_a_folder(client, model, library):
    answer = upload(client, model, png(1, 2880, 1440), "..\\holiday/shelf.png")

    assert answer.status_code == 201
    assert (answer.json["width"], answer.json["height"], answer.json["name"]) == (1920, 960, "shelf.png")
    with client.get(answer.json["picture"]) as picture, client.get(answer.json["thumbnail"]) as thumbnail:
        assert picture.data.startswith(b"\xff\xd8\xff")
        assert "immutable" in picture.headers["Cache-Control"]
        assert thumbnail.status_code == 200


@pytest.mark.parametrize(
    ("data", "status", "why"),
    [
        pytest.param(b"GIF89a", 400, "odd.jpg: a JPEG or PNG image expected", id="other format"),
        pytest.param(png(1).getvalue()[:60], 400, "odd.jpg: cannot be decoded", id="cut short"),
        pytest.param(png(7).getvalue(), 409, "odd.jpg: this picture is in the model already, as 'first'", id="twice"),
    ],
)
def test_an_upload_that_cannot_be_taken_says_which_and_why(client, model, data, status, why):
    upload(client, model, png(7), "first")

    answer = upload(client, model, io.BytesIO(data), "odd.jpg")

    assert answer.status_code == status
    assert why in answer.json["message"]


def test_a_repeated_picture_comes_with_the_image_that_it_repeats(client, model):
    first = upload(client, model, png(7), "first.png").json

    answer = upload(client, model, png(7), "again.png")

    assert answer.json["code"] == "repeated"
    assert answer.json["image"] == first


def test_a_photo_of_48_megapixels_turned_by_its_exif_is_stored_upright(client, model):
    pixels = cv2.resize(noise(5), (8000, 6000), interpolation=cv2.INTER_NEAREST)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"

    answer = send(client, model, jpeg[:2] + exif + jpeg[2:])

    assert (answer.json["width"], answer.json["height"]) == (1440, 1920)


def send(client, model, data):
    """Upload many bytes without the temporary file that the test client would make of them."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + data + b"\r\n--x--"
    return client.post(
        f"/api/models/{model.id}/images",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=x",
    )


def test_an_upload_that_is_too_large_says_what_can_be_taken(client, model):
    answer = send(client, model, bytes(50_100_000))

    assert answer.status_code == 413
    assert answer.json["message"] == "What was sent is too large; at most 50 MB can be taken."


def test_a_capture_is_a_frame_taken_after_the_press(build_app, library, model, shop):
    client = build_app(endpoint=shop).test_client()
    wait_for_cameras(client, 2)

    pressed_ns = time.time_ns()
    answer = client.post(f"/api/models/{model.id}/captures", json={"camera": "aisle-4"})

    assert answer.status_code == 201
    assert answer.json["taken_ns"] >= pressed_ns
    assert (answer.json["source"], answer.json["camera"], answer.json["width"]) == ("camera", "aisle-4", 640)


def test_what_a_camera_sees_comes_in_one_stream(build_app, shop):
    client = build_app(endpoint=shop).test_client()
    wait_for_cameras(client, 2)

    with client.get("/api/cameras/aisle-4/stream") as answer:
        parts = list(islice(answer.iter_encoded(), 3))

    pictures = [part for part in parts if b"\xff\xd8\xff" in part]
    assert len(pictures) >= 2
    assert pictures[0] != pictures[1]


def test_a_stream_is_given_to_as_many_as_the_device_can_serve(build_app, shop):
    client = build_app(endpoint=shop).test_client()
    streams = [client.get("/api/cameras/aisle-4/stream") for _ in range(MOST_VIEWERS)]

    answer = client.get("/api/cameras/aisle-4/stream")

    assert answer.status_code == 503
    assert answer.json["code"] == "too_many_viewers"
    for stream in streams:
        stream.close()


def test_a_lost_camera_is_told_with_its_reason(build_app, model, shop):
    client = build_app(endpoint=shop).test_client()
    wait_for_cameras(client, 2)

    answer = client.post(f"/api/models/{model.id}/captures", json={"camera": "till-1"})

    assert answer.status_code == 503
    assert answer.json == {
        "code": "camera_lost",
        "message": "Till 1 gives no picture: the cable is unplugged.",
    }


def wait_for_cameras(client, count):
    wait_for(lambda: len(client.get("/api/cameras").json["cameras"]) >= count)


def test_a_box_is_saved_once_however_often_it_is_sent(client, library, model):
    image = add_image(library, model, 1)
    path = f"/api/images/{image.id}/boxes/{box_id(1)}"
    for _ in range(2):
        assert client.put(path, json={"tag": model.tags[0].id, "box": [0.1, 0.1, 0.5, 1.5]}).json["box"][3] == 1

    assert len(library.boxes(image.id)) == 1
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 204
    assert library.boxes(image.id) == ()


def test_done_on_the_image_that_makes_the_minimum_starts_the_training(client, build_app, library, start_agent):
    model = library.create_model("Gaps", "detection", ["gap"], automatic=True)
    agent = start_agent("0.2", settle_s=60)
    client = build_app(agent).test_client()
    tag_images(library, model, 14)
    image = add_image(library, model, 20)
    client.put(f"/api/images/{image.id}/boxes/{box_id(99)}", json={"tag": model.tags[0].id, "box": [0, 0, 1, 1]})
    assert agent.state(model.id).phase == "none"

    client.post(f"/api/images/{image.id}/done")

    assert agent.wait_for_change(model.id, 0, 5).active


def test_a_training_is_followed_by_events_to_its_end(build_app, library, model, start_agent):
    client = build_app(start_agent("0.2")).test_client()
    tag_images(library, model, 15)
    assert client.post(f"/api/models/{model.id}/training").status_code == 202

    phases = []
    answer = client.get(f"/api/models/{model.id}/training/events", buffered=False)
    for part in answer.response:
        if part.startswith(b"data: "):
            phases.append(json.loads(part[6:])["phase"])
        if phases[-1:] == ["trained"]:
            break
    answer.close()

    assert "running" in phases
    text = client.get(f"/models/{model.id}/training").text
    assert "Successfully trained model" in text
    assert "shelf-0.jpg</strong>: the file is damaged" in text


def test_a_library_of_many_images_comes_in_pages(client, library, model):
    for seed in range(61):
        add_image(library, model, seed)

    first = client.get(f"/models/{model.id}/library?show=untagged").text
    following = re.search(r'data-more="([^"]+)"', first)[1].replace("&amp;", "&")
    last = client.get(following).text

    assert ("shelf-60.jpg" in first, "shelf-0.jpg" in first) == (True, False)
    assert ("shelf-0.jpg" in last, "shelf-1.jpg" in last, "data-more" in last) == (True, False, False)


def test_tagging_leads_to_the_oldest_untagged_image(client, library, model):
    images = [add_image(library, model, seed) for seed in range(3)]
    library.put_box(images[0].id, box_id(1), model.tags[0].id, Box(0, 0, 1, 1))

    answer = client.get(f"/models/{model.id}/tagging")

    assert answer.location.endswith(f"/images/{images[1].id}")


def test_names_of_staff_are_text_and_never_markup(client, library):
    model = library.create_model("<script>1</script>", "detection", ["'><img src=x>"], automatic=False)
    image = add_image(library, model, 1)

    for path in ("/models", f"/models/{model.id}", f"/models/{model.id}/images/{image.id}"):
        text = client.get(path).text
        assert "<script>1" not in text
        assert "<img src=x>" not in text
