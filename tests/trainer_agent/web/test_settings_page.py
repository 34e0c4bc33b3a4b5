import io
import json
import re
import zipfile
from dataclasses import replace

import pytest

from edge_common.hub import LocalHub
from edge_common.network import PIN_FILE
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.settings import CameraSettings, ImproveSettings, TrainerSettings
from modules.trainer_agent.diagnostics import masked
from modules.trainer_agent.people import SESSIONS_FILE
from modules.trainer_agent.web.guard import COOKIE
from tests.trainer_agent.conftest import add_image, tag_images, trained
from tests.trainer_agent.web.conftest import Site, with_zoo


def documents(client):
    """The content of the diagnostics file by name."""
    answer = client.get("/settings/diagnostics.zip")
    assert answer.status_code == 200
    assert re.fullmatch(
        r'attachment; filename="fifteen-diagnostics-[-\d]+\.zip"', answer.headers["Content-Disposition"]
    )
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_diagnostics_file_tells_how_the_device_does(build_app, library, model, start_agent, shop, tmp_path):
    agent = start_agent()
    tag_images(library, model, 15)
    state = trained(agent, model)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "inference.log").write_text("an old line\nthe newest line\n")
    client = build_app(agent, endpoint=shop).test_client()

    found = documents(client)

    told = {name.removesuffix(".json"): json.loads(text) for name, text in found.items() if name.endswith(".json")}
    assert told["machine"]["processors"] >= 1
    assert told["machine"]["memory_total_kb"] > told["machine"]["page_memory_kb"] > 0
    assert told["machine"]["machine_up_s"] > 0
    assert told["settings"]["trainer_agent"]["training"]["minimum_images"] == 15
    assert told["settings"]["capture"] == "the defaults"
    [one] = told["models"]
    assert (one["name"], one["images_tagged"], one["live"]) == ("Low stock", 15, state.version)
    assert one["versions"][0]["score"]["value"] == state.score.value
    assert told["trainings"][0]["phase"] == "trained"
    assert told["disk"]["models"][0]["image_count"] == 15
    assert {part["name"] for part in told["packages"]} >= {"Fifteen", "Flask", "numpy", "axe-core"}
    assert found["logs/inference.log"].endswith("the newest line\n")


def test_no_secret_is_in_the_diagnostics_file(build_app, library, model, tmp_path):
    names = ("own", "removed", "twin", "query", "refused", "log", "sas")
    secrets = {name: f"{name}-S3cr,t" for name in names}
    own = OwnCameras(tmp_path / PLACE)
    own.add("door", CameraSettings(url=f"rtsp://admin:{secrets['own']}@192.0.2.7/main"))
    own.add("gone", CameraSettings(url=f"rtsp://admin:{secrets['removed']}@192.0.2.8/main"))
    own.remove("gone")
    settings = {"cameras": {"till": {"url": f"rtsp://u:{secrets['twin']}@192.0.2.9/x?password={secrets['query']}"}}}
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "capture.json").write_text(json.dumps(settings))
    handoff = {"handoff": {"container_url": f"https://a.example/c?sr=c&sig={secrets['sas']}"}}
    (tmp_path / "settings" / "inference.json").write_text(json.dumps(handoff))
    LocalHub(tmp_path / "twins" / "capture").desire({"cameras": {"bad": {"url": f"rtsp:{secrets['refused']}"}}})
    (tmp_path / "logs").mkdir()
    # Those of cameras could stand in any line; a password of one that nobody knows, in its address.
    lines = [f"cannot open rtsp://x:{secrets['log']}@192.0.2.1/main"]
    lines += [f"it said {secrets[name]}." for name in ("own", "removed", "twin", "query")]
    lines += [f"refused: rtsp:{secrets['refused']}"]
    for name in ("capture", "inference", "trainer_agent", "standalone"):
        (tmp_path / "logs" / f"{name}.log").write_text("\n".join(lines))
    image = add_image(library, model, 1)
    picture = library.pictures.image_file(image.digest).read_bytes()

    app = build_app()
    people = app.extensions["services"].people
    secrets["session"] = people.set_first_pin("280614935072", "this machine", known=True, code=None)
    kept = json.loads((tmp_path / PIN_FILE).read_text()) | json.loads((tmp_path / SESSIONS_FILE).read_text())
    secrets |= {"pin": "280614935072", "hash": kept["hash"], "salt": kept["salt"]}
    (secrets["digest"],) = kept["started"]
    client = app.test_client()
    client.set_cookie(COOKIE, secrets["session"])

    answer = client.get("/settings/diagnostics.zip").data

    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        whole = b"\n".join(archive.read(name) for name in archive.namelist())
    assert [name for name, secret in secrets.items() if secret.encode() in whole] == []
    assert b"192.0.2.9" in whole
    assert b"cannot open rtsp://" in whole
    assert b"\xff\xd8\xff" not in whole
    assert picture[:64] not in whole


def test_settings_whose_names_say_that_they_are_secret_are_hidden():
    assert masked({"web": {"pin": "1234", "pin_reset": 1, "keep_versions": 5}, "list": [{"api_key": "x"}]}) == {
        "web": {"pin": "•••", "pin_reset": "•••", "keep_versions": 5},
        "list": [{"api_key": "•••"}],
    }


def test_a_part_that_cannot_be_told_says_why_and_the_rest_is_there(build_app, tmp_path):
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text("no list of cameras")

    found = documents(build_app().test_client())

    assert "mend the file or delete it" in json.loads(found["cameras.json"])["problem"]
    assert json.loads(found["models.json"]) == []


def test_deleted_things_are_told_and_go_for_good_after_a_warning(phone, build_app, library, model):
    image = add_image(library, model, 1)
    library.delete_image(image.id)
    phone.goto(f"{Site(build_app()).address}/settings")
    phone.get_by_text("1 image: gone 15 minutes after").wait_for()
    asked = []
    phone.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))

    phone.get_by_role("button", name="Empty the bin now").click()

    phone.get_by_text("What was deleted is gone for good.").wait_for()
    phone.get_by_text("Nothing that was deleted waits to be gone.").wait_for()
    assert "cannot be brought back" in asked[0]
    assert not library.pictures.path(image.digest).exists()


def test_earlier_versions_are_deleted_and_the_one_in_use_stays(build_app, library, model, start_agent, workshop):
    tag_images(library, model, 15)
    agent = start_agent(promotion="always")
    trained(agent, model)
    live = trained(agent, model).version
    client = build_app(agent).test_client()
    assert "1 earlier version of models" in client.get("/settings/disk").text

    assert client.delete("/api/earlier-versions").status_code == 204

    assert workshop.packages.versions(model.id) == [live]
    assert "No model has earlier versions." in client.get("/settings/disk").text


@pytest.mark.parametrize(
    ("free_mb", "words"), [(0, None), (1, "until less than 1.0 MB is free"), (10**6, "so no pictures are")]
)
def test_it_is_told_when_nothing_is_collected_any_more(build_app, free_mb, words):
    app = build_app()
    settings = TrainerSettings(improve=ImproveSettings(free_disk_mb=free_mb))
    app.extensions["services"] = replace(app.extensions["services"], settings=lambda: settings)

    text = app.test_client().get("/settings/disk").text

    assert words in text if words else "kept by themselves" not in text


def test_parts_with_their_licences_are_found_by_what_is_typed(page, build_app):
    page.goto(f"{Site(with_zoo(build_app())).address}/settings")
    page.get_by_text("All parts").click()

    page.get_by_label("Find a part").fill("objectron apache")

    parts = page.locator(".parts li:visible")
    page.wait_for_function("document.getElementById('found-parts').textContent.startsWith('3 of ')")
    assert parts.count() == 3
    assert all("Apache-2.0" in text for text in parts.all_inner_texts())


def test_every_part_states_a_licence(build_app):
    assert "not stated" not in with_zoo(build_app()).test_client().get("/settings").text
