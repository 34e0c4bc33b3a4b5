"""A skill on a recorded video, through the page's API: sent in pieces, run, followed, looked at."""

import json
from pathlib import Path

from flask.testing import FlaskClient

from tests.inference.tiny_models import publish_model
from tests.trainer_agent.rehearsal.test_rehearsals import BLACK, GREEN, green_for, video_of


def document(**changes: object) -> dict[str, object]:
    return green_for(0.5).model_dump(mode="json") | changes


def sent(client: FlaskClient, video: Path) -> str:
    data = video.read_bytes()
    begun = client.post("/api/rehearsals", json={"name": "shop\\v.avi", "size": len(data)})
    assert begun.status_code == 201
    path = f"/api/rehearsals/{begun.get_json()['id']}"
    assert client.put(f"{path}?start=0", data=data).json["received"] == len(data)
    return path


def test_a_video_is_sent_tried_followed_and_its_pictures_are_seen(client: FlaskClient, tmp_path: Path) -> None:
    publish_model(client.application.extensions["services"].packages, "1")
    path = sent(client, video_of(tmp_path / "v.avi", [BLACK, GREEN, BLACK]))

    started = client.post(f"{path}/run", json={"skill": document(), "camera": "till"})

    assert (started.status_code, started.get_json()["phase"]) == (202, "running")
    with client.get(f"{path}/events") as events:
        for line in events.response:
            text = line.decode() if isinstance(line, bytes) else line
            if text.startswith("data: ") and json.loads(text[6:])["phase"] != "running":
                break
    state = client.get(path).get_json()
    assert (state["phase"], state["name"]) == ("done", "v.avi")
    assert [change["phase"] for change in state["changes"]] == ["raised", "cleared"]
    assert len(state["seconds"]) == 3
    with client.get(state["changes"][0]["picture"]) as picture:
        assert (picture.mimetype, picture.data[:2]) == ("image/jpeg", b"\xff\xd8")


def test_what_cannot_be_tried_is_refused_with_its_place(client: FlaskClient, tmp_path: Path) -> None:
    path = sent(client, video_of(tmp_path / "v.avi", [GREEN]))

    wrong = client.post(f"{path}/run", json={"skill": document(cameras=[]), "camera": "till"})
    elsewhere = client.post(f"{path}/run", json={"skill": document(), "camera": "door"})

    assert (wrong.status_code, "cameras" in wrong.get_json()["message"]) == (400, True)
    assert elsewhere.get_json()["message"] == "camera: one of the skill's expected (till), got 'door'"
    assert client.get(f"{path}/pictures/1.jpg").status_code == 404
    assert client.post("/api/rehearsals/none/run", json={"skill": document(), "camera": "till"}).status_code == 404
