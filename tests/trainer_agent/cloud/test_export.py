"""exportDataset, by the real SDK to Azurite: a cut line, a killed process, a SAS that is over, a large set."""

import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zipfile
from datetime import timedelta

import pytest

from edge_common.methods import MethodDesk
from edge_common.settings import TrainerSettings
from modules.trainer_agent.cloud import upload
from modules.trainer_agent.cloud.patience import Patience
from modules.trainer_agent.exchange.exporting import export_model
from modules.trainer_agent.exchange.formats import read_model_file
from modules.trainer_agent.exchange.zip_reading import ZipReader
from modules.trainer_agent.learning.dataset import Dataset, TaggedBox, TaggedImage
from tests.azurite.server import ACCOUNT, Azurite
from tests.trainer_agent.conftest import REPOSITORY, gone, tag_images
from tests.waiting import wait_for

MEGABYTE = 1_000_000


def blob(azurite: Azurite, container: str) -> bytes:
    """The content of the only blob."""
    client = azurite.service.get_container_client(container)
    (name,) = [found.name for found in client.list_blobs()]
    return client.download_blob(name).readall()


def as_trained(found):
    """What a training learns from."""
    images = tuple(
        TaggedImage(one.path, one.digest, one.name, tuple(TaggedBox(tag, box) for tag, box in one.boxes), one.tags)
        for one in found.images
    )
    return Dataset(found.model.kind, tuple(tag.name for tag in found.model.tags), images)


def large_images(library, model, count, size=MEGABYTE):
    """Tagged images of so many bytes; nobody decodes them on their way out."""
    made = random.Random(1)
    with library.database.writing() as rows:
        for number in range(count):
            data = made.randbytes(size)
            digest = hashlib.sha256(data).hexdigest()
            library.pictures.path(digest).write_bytes(data)
            rows.execute(
                "INSERT INTO images (model_id, digest, name, width, height, source, camera, taken_ns, reviewed)"
                " VALUES (?, ?, ?, 1920, 1080, 'upload', NULL, ?, 1)",
                (model.id, digest, f"{number}.jpg", number),
            )


def test_what_is_tagged_arrives_as_coco_and_twin_and_event_tell_of_it(
    library, model, azurite, container, start_cloud, tmp_path
):
    tag_images(library, model, 6)
    cloud = start_cloud()

    answer = MethodDesk(cloud.methods).answer(
        "exportDataset", {"modelId": model.id, "url": azurite.container_url(container), "requestId": "1"}
    )

    place = f"methods.exportDataset.{model.id}"
    assert (answer.status, answer.payload["progress"]) == (202, f"reported property {place}")
    told = cloud.ended("exportDataset", model.id)
    data = blob(azurite, container)
    assert data == b"".join(export_model(library, cloud.packages, model.id, "coco").pieces)
    assert (told["phase"], told["fraction"], told["bytes"], told["images"]) == ("done", 1.0, len(data), 6)
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert told["dataset_sha256"] == as_trained(library.training_set(model.id)).digest()
    (event,) = cloud.events()
    assert (event["event"], event["model_id"], event["attributes"]) == ("dataset exported", model.id, {"aisle": "4"})
    assert (event["sha256"], event["reason"]) == (told["sha256"], "asked")
    assert event["blob"].startswith(f"http://127.0.0.1:{azurite.port}/{ACCOUNT}/{container}/{model.id}-")
    (tmp_path / "back.zip").write_bytes(data)
    with ZipReader(tmp_path / "back.zip") as opened:
        assert len(read_model_file(opened, "back").images) == 6


def test_the_blob_that_is_named_gets_it_and_a_classification_goes_out_whole(library, azurite, container, start_cloud):
    doors = library.create_model("Doors", "classification", ["open", "shut"], automatic=False)
    url = azurite.blob_url(container, "sets/doors.zip")
    cloud = start_cloud()
    desk = MethodDesk(cloud.methods)

    refused = desk.answer("exportDataset", {"modelId": doors.id, "url": url, "format": "coco"})
    answer = desk.answer("exportDataset", {"modelId": doors.id, "url": url})

    assert (refused.status, answer.status) == (400, 202)
    told = cloud.ended("exportDataset", doors.id)
    assert (told["phase"], told["format"]) == ("done", "model")
    assert told["blob"].endswith(f"{container}/sets/doors.zip")
    assert hashlib.sha256(blob(azurite, container)).hexdigest() == told["sha256"]


def test_a_line_that_is_cut_in_the_middle_is_told_and_gone_on_with(
    library, model, azurite, container, line, start_cloud
):
    large_images(library, model, 9)
    line.cut_after = 5 * MEGABYTE
    cloud = start_cloud()
    desk = MethodDesk(cloud.methods)
    request = {"modelId": model.id, "url": azurite.container_url(container, port=line.port)}
    desk.answer("exportDataset", request)
    wait_for(line.gone)
    wait_for(lambda: "cannot be reached" in cloud.told("exportDataset", model.id).get("why", ""))
    again = desk.answer("exportDataset", request)

    line.mend()

    told = cloud.ended("exportDataset", model.id)
    assert again.status == 409
    assert (told["phase"], told["why"]) == ("done", "")
    assert blob(azurite, container) == b"".join(export_model(library, cloud.packages, model.id, "coco").pieces)
    # Only the block that was under way was sent twice.
    assert line.sent < told["bytes"] + 1.5 * upload.BLOCK_BYTES


def test_a_server_that_says_nothing_keeps_the_program_from_ending_for_a_moment_only(
    library, model, azurite, container, start_cloud
):
    tag_images(library, model, 2)
    cloud = start_cloud()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = azurite.container_url(container, port=silent.getsockname()[1])
        MethodDesk(cloud.methods).answer("exportDataset", {"modelId": model.id, "url": url})
        taken, _ = silent.accept()
        began_s = time.monotonic()

        cloud.jobs.close()

        assert time.monotonic() - began_s < 5
        assert cloud.jobs.active("exportDataset", model.id)
        taken.close()
    # With the line cut its thread comes to its end, too.
    cloud.jobs.close()


def test_a_line_that_stays_away_is_given_up_in_the_end(library, model, azurite, container, line, start_cloud):
    tag_images(library, model, 2)
    line.cut_after = 0
    cloud = start_cloud(patience=Patience(first_s=0.02, longest_s=0.05, give_up_after_s=0.3))

    MethodDesk(cloud.methods).answer(
        "exportDataset", {"modelId": model.id, "url": azurite.container_url(container, port=line.port)}
    )

    told = cloud.ended("exportDataset", model.id)
    assert told["phase"] == "failed"
    assert "cannot be reached" in told["why"]
    assert cloud.events()[-1]["event"] == "dataset not exported"


def test_a_process_that_is_killed_goes_on_where_it_was_and_takes_little_memory(
    library, model, azurite, container, line, start_cloud, tmp_path
):
    large_images(library, model, 40)
    cloud = start_cloud(run=False)
    url = azurite.container_url(container, port=line.port)
    MethodDesk(cloud.methods).answer("exportDataset", {"modelId": model.id, "url": url})
    (noted,) = (tmp_path / "cloud" / "jobs").iterdir()
    assert noted.stat().st_mode & 0o077 == 0
    line.pause_s = 0.003
    command = [sys.executable, "-m", "tests.trainer_agent.cloud.exporting_process", str(tmp_path)]
    killed = subprocess.Popen(command, cwd=REPOSITORY)
    wait_for(lambda: line.sent > 12 * MEGABYTE)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert gone(killed.pid)
    sent_before, line.pause_s = line.sent, 0.0

    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)

    whole = blob(azurite, container)
    assert hashlib.sha256(whole).hexdigest() == whole_digest(library, cloud, model)
    assert line.sent - sent_before < len(whole) - 8 * MEGABYTE
    assert cloud.told("exportDataset", model.id)["phase"] == "done"
    assert int(done.stdout) < 30, "megabytes, for 40 MB of images in blocks of two"


def whole_digest(library, cloud, model):
    digest = hashlib.sha256()
    for piece in export_model(library, cloud.packages, model.id, "coco").pieces:
        digest.update(piece)
    return digest.hexdigest()


def test_a_set_that_changed_while_the_program_was_away_arrives_as_it_is_then(
    library, model, azurite, container, line, start_cloud
):
    large_images(library, model, 9)
    line.cut_after = 7 * MEGABYTE
    cloud = start_cloud()
    url = azurite.blob_url(container, "set.zip").replace(str(azurite.port), str(line.port))
    MethodDesk(cloud.methods).answer("exportDataset", {"modelId": model.id, "url": url})
    wait_for(line.gone)
    cloud.jobs.close()
    tag_images(library, model, 2)
    line.mend()

    again = start_cloud()

    told = again.ended("exportDataset", model.id)
    assert (told["phase"], told["images"]) == ("done", 11)
    assert line.sent < told["bytes"] + 1.5 * upload.BLOCK_BYTES
    with zipfile.ZipFile(io.BytesIO(blob(azurite, container))) as archive:
        assert archive.testzip() is None
        assert len(json.loads(archive.read("annotations.json"))["images"]) == 11


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"lasts": timedelta(seconds=-60)}, "the SAS was good until", id="a SAS that is over"),
        pytest.param({"rights": "rl"}, "a SAS that allows to write expected", id="a SAS that allows too little"),
        pytest.param({"name": "nowhere"}, "there is no container 'nowhere'", id="no such container"),
    ],
)
def test_what_the_storage_refuses_is_told_in_words_that_hold_no_secret(
    library, model, azurite, container, start_cloud, caplog, change, words
):
    tag_images(library, model, 2)
    caplog.set_level("DEBUG")
    url = azurite.container_url(change.pop("name", container), **change)
    cloud = start_cloud()

    answer = MethodDesk(cloud.methods).answer("exportDataset", {"modelId": model.id, "url": url})
    if answer.status == 202:
        cloud.ended("exportDataset", model.id)

    said = json.dumps([answer.payload, cloud.told("exportDataset", model.id), cloud.events()]) + caplog.text
    assert words in said
    assert url.partition("sig=")[2][:12] not in said
    assert not list((cloud.folder / "cloud" / "jobs").glob("*"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("nothing", "https://HOST/CONTAINER", id="no address"),
        pytest.param("https://a.example/c?sr=c&secret", "there is no sig=", id="no signature"),
        pytest.param("https://u:secret@a.example/c?sr=c&sig=secret", "https://HOST/CONTAINER", id="a user"),
        pytest.param("https://a.example/c/b?sr=c&sig=secret", "address of a container expected", id="a blob for c"),
        pytest.param("https://a.example/c?sr=b&sig=secret", "address of a blob expected", id="a container for b"),
        pytest.param("https://a.example/c?sr=c&sp=r&sig=secret", "allows to write", id="too few rights"),
        pytest.param("https://a.example/?ss=b&srt=o&sig=secret", "there is no sr=", id="a SAS of the account"),
    ],
)
def test_what_is_no_sas_url_is_refused_at_once_without_telling_it(library, model, start_cloud, url, words):
    answer = MethodDesk(start_cloud().methods).answer("exportDataset", {"modelId": model.id, "url": url})

    assert answer.status == 400
    assert words in str(answer.payload)
    assert "secret" not in str(answer.payload)


def settings_for(learning, url):
    return TrainerSettings.model_validate(
        {"handoff": {"learning": learning, "container_url": url}, "training": {"checked_images": 3}}
    )


def test_with_learning_in_the_cloud_enough_tagged_images_are_sent_in_place_of_a_training(
    library, model, azurite, container, start_cloud, start_agent
):
    library.set_automatic(model.id, True)
    tag_images(library, model, 14)
    settings = settings_for("cloud", azurite.container_url(container))
    cloud = start_cloud(lambda: settings)
    agent = start_agent(here=lambda model_id: cloud.elsewhere.here(model_id, cloud.jobs), settle_s=0.0)
    time.sleep(0.2)
    assert cloud.events() == []

    tag_images(library, model, 1, first=14)
    agent.tags_changed(model.id, image_done=True)
    wait_for(cloud.events)
    tag_images(library, model, 2, first=15)
    agent.tags_changed(model.id, image_done=True)
    time.sleep(0.2)
    tag_images(library, model, 1, first=17)
    agent.tags_changed(model.id, image_done=True)
    wait_for(lambda: len(cloud.events()) == 2)

    told = [(event["event"], event["images"], event["reason"]) for event in cloud.events()]
    assert told == [("dataset exported", count, "enough tagged images") for count in (15, 18)]
    assert agent.state(model.id).phase == "none"
    assert len(list(azurite.service.get_container_client(container).list_blobs())) == 2


def test_with_learning_in_both_places_it_trains_here_too(library, model, azurite, container, start_cloud, start_agent):
    library.set_automatic(model.id, True)
    tag_images(library, model, 15)
    settings = settings_for("both", azurite.container_url(container))
    cloud = start_cloud(lambda: settings)

    agent = start_agent(here=lambda model_id: cloud.elsewhere.here(model_id, cloud.jobs), settle_s=0.0)

    wait_for(lambda: cloud.events() and agent.state(model.id).phase == "trained")


def test_what_goes_out_by_itself_takes_a_new_sas_once_the_settings_have_one(
    library, model, azurite, container, start_cloud, tmp_path
):
    tag_images(library, model, 15)
    settings = settings_for("cloud", azurite.container_url(container, lasts=timedelta(seconds=-60)))
    cloud = start_cloud(lambda: settings, try_again_s=0.1)
    assert not cloud.elsewhere.here(model.id, cloud.jobs)
    wait_for(lambda: cloud.told("exportDataset", model.id).get("phase") == "failed")
    assert "sig=" not in next((tmp_path / "cloud" / "jobs").iterdir()).read_text()

    time.sleep(0.4)
    assert [event["event"] for event in cloud.events()] == ["dataset not exported"]

    settings = settings_for("cloud", azurite.container_url(container))

    assert cloud.ended("exportDataset", model.id)["phase"] == "done"
    assert not cloud.elsewhere.here(model.id, cloud.jobs)
    assert not cloud.jobs.active("exportDataset", model.id)
