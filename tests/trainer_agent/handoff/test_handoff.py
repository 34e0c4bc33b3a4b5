"""Live models become model zips: checked, and told in the twin and by an event."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_common.handed_off import HandoffFolder
from edge_common.images import digest_of
from edge_common.setting_groups import parse_settings
from edge_common.settings import HandoffSettings, TrainerSettings
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.handoff.model_zip import make_zip
from modules.trainer_agent.library import Library
from tests.trainer_agent.conftest import Workshop
from tests.trainer_agent.handoff.desk import TO_EYE, Desk
from tests.trainer_agent.handoff.made import LABELS, detector, put_live
from tests.waiting import wait_for


@pytest.fixture
def open_desk(workshop: Workshop, library: Library) -> Callable[..., Desk]:
    return lambda compiler=None: Desk(workshop, library, compiler or BlobCompiler(None))


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    return open_desk()


def test_a_live_version_is_told_with_address_and_checksum_in_twin_and_event(desk: Desk, workshop: Workshop) -> None:
    put_live(workshop.packages, "v1")

    desk.handoff.look()

    sha256 = digest_of(make_zip(detector(), LABELS))
    told = desk.told()
    assert told is not None
    assert (told["state"], told["version"], told["sha256"], told["blob"]) == ("ready", "v1", sha256, False)
    assert told["url"] == f"http://trainer_agent:8080/handoff/{sha256}.zip"
    (event,) = desk.events()
    assert (event["event"], event["model_id"], event["model_version"]) == ("model zip ready", "shelf", "v1")
    assert (event["url"], event["sha256"], event["attributes"]) == (told["url"], sha256, {"aisle": "4"})
    assert desk.handoff.zip_path(sha256).read_bytes() == make_zip(detector(), LABELS)


def test_nothing_is_told_twice_also_after_a_restart(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    put_live(desk.workshop.packages, "v1")
    for _ in range(3):
        desk.handoff.look()
    before = desk.told()
    again = open_desk()

    again.handoff.look()

    assert len(again.events()) == 1
    assert again.told() == before


def test_a_new_version_has_another_address_and_the_one_in_use_stays_to_be_fetched(desk: Desk) -> None:
    packages = desk.workshop.packages
    put_live(packages, "v1")
    desk.handoff.look()
    first = str(desk.told()["sha256"])
    desk.handoff.fetched(first)
    for number in range(2, 9):
        put_live(packages, f"v{number}", detector(times=1 - number / 100))
        desk.handoff.look()

    newest = str(desk.told()["sha256"])

    assert newest != first
    assert f"{first}.zip" in desk.files()
    assert f"{newest}.zip" in desk.files()
    assert len(desk.files()) == 5
    assert HandoffFolder(desk.workshop.folder).read("shelf").in_use.version == "v1"


def test_that_it_was_fetched_is_told_in_the_twin(desk: Desk) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()
    assert desk.told()["fetched"] == ""

    desk.handoff.fetched(str(desk.told()["sha256"]))
    desk.handoff.look()

    assert desk.told()["fetched"].startswith("20")


@pytest.mark.parametrize(
    ("model", "changes", "why"),
    [
        pytest.param(detector(background_last=True), {}, "the background expected first", id="refused by the check"),
        pytest.param(b"no model", {}, "an ONNX model expected", id="no model"),
        pytest.param(
            detector(), {"kind": "classification"}, "'Shelf' is a classification; azureeyemodule gets", id="kind"
        ),
    ],
)
def test_what_fails_the_check_is_told_with_the_reason_and_no_address(
    desk: Desk, model: bytes, changes: dict[str, Any], why: str
) -> None:
    desk.settings = TO_EYE.model_copy(update={"models": ("shelf",)})
    put_live(desk.workshop.packages, "v1", model, **changes)

    for _ in range(3):
        desk.handoff.look()

    told = desk.told()
    assert (told["state"], told["version"]) == ("refused", "v1")
    assert why in told["why"]
    assert "url" not in told
    (event,) = desk.events()
    assert event["event"] == "model zip refused"
    assert why in event["message"]
    assert desk.files() == []


def test_a_damaged_package_is_refused(desk: Desk) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.workshop.packages.model_file("shelf", "v1").write_bytes(b"altered")

    desk.handoff.look()

    assert "model.onnx has sha256" in desk.told()["why"]


def test_without_names_every_detection_model_goes_and_no_classification(desk: Desk) -> None:
    put_live(desk.workshop.packages, "v1")
    put_live(desk.workshop.packages, "v1", model_id="till")
    put_live(desk.workshop.packages, "v1", model_id="kinds", kind="classification")

    desk.handoff.look()

    assert [desk.told(name) is not None for name in ("shelf", "till", "kinds")] == [True, True, False]


def test_a_named_model_without_a_live_version_says_so(desk: Desk) -> None:
    desk.settings = TO_EYE.model_copy(update={"models": ("till",)})

    desk.handoff.look()

    assert "model till has no live version" in desk.told("till")["why"]


def test_a_model_that_is_no_longer_handed_off_leaves_the_twin_and_switching_off_deletes_the_files(desk: Desk) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()
    sha256 = str(desk.told()["sha256"])

    desk.settings = HandoffSettings()
    desk.handoff.look()

    assert desk.told() is None
    assert desk.files() == []
    with pytest.raises(LookupError):
        desk.handoff.zip_path(sha256)


def test_the_files_of_a_model_that_is_named_no_more_are_deleted(desk: Desk) -> None:
    for model_id in ("shelf", "till"):
        put_live(desk.workshop.packages, "v1", detector(times=1 - len(model_id) / 100), model_id=model_id)
    desk.handoff.look()
    kept = f"{desk.told('till')['sha256']}.zip"

    desk.settings = TO_EYE.model_copy(update={"models": ("till",)})
    desk.handoff.look()

    assert desk.files() == [kept]


def test_what_was_refused_is_tried_again_after_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put_live(desk.workshop.packages, "v1")
    file = desk.workshop.packages.model_file("shelf", "v1")
    whole = file.read_bytes()
    file.write_bytes(b"altered")
    desk.handoff.look()
    file.write_bytes(whole)
    desk.handoff.look()
    assert desk.told()["state"] == "refused"

    later_s = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    desk.handoff.look()

    assert desk.told()["state"] == "ready"
    assert [event["event"] for event in desk.events()] == ["model zip refused", "model zip ready"]


def test_a_zip_that_was_damaged_on_the_disk_is_made_again(desk: Desk, open_desk: Callable[..., Desk]) -> None:
    put_live(desk.workshop.packages, "v1")
    desk.handoff.look()
    sha256 = str(desk.told()["sha256"])
    desk.handoff.zip_path(sha256).write_bytes(b"damaged")

    open_desk().handoff.look()

    assert digest_of(desk.handoff.zip_path(sha256).read_bytes()) == sha256


def a_compiler(folder: Path, *lines: str) -> BlobCompiler:
    """Stands in for the VPU's Python: a program that does as the script does, or fails as it fails."""
    script = folder / "compile.py"
    script.write_text("\n".join(["import pathlib, sys, time", *lines]))
    return BlobCompiler(sys.executable, script)


def test_where_a_compiler_is_at_hand_the_zip_carries_the_compiled_model(
    open_desk: Callable[..., Desk], tmp_path: Path
) -> None:
    compiler = a_compiler(
        tmp_path, "pathlib.Path(sys.argv[2]).write_bytes(b'of ' + pathlib.Path(sys.argv[1]).read_bytes()[:4])"
    )
    desk = open_desk(compiler)
    put_live(desk.workshop.packages, "v1")

    desk.handoff.look()

    assert desk.told()["blob"] is True
    assert desk.told()["sha256"] == digest_of(make_zip(detector(), LABELS, b"of " + detector()[:4]))
    desk.settings = TO_EYE.model_copy(update={"blob": False})
    desk.handoff.look()
    assert desk.told()["blob"] is False


def test_a_compiler_that_fails_is_told_and_the_zip_goes_without(open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    desk = open_desk(a_compiler(tmp_path, "sys.exit('no such layer')"))
    put_live(desk.workshop.packages, "v1")

    desk.handoff.look()

    assert (desk.told()["state"], desk.told()["blob"]) == ("ready", False)
    assert desk.told()["why"] == "the model was not compiled: no such layer"


def test_closing_ends_what_is_being_compiled(open_desk: Callable[..., Desk], tmp_path: Path) -> None:
    started = tmp_path / "started"
    desk = open_desk(a_compiler(tmp_path, f"pathlib.Path({str(started)!r}).touch()", "time.sleep(60)"))
    put_live(desk.workshop.packages, "v1")
    desk.handoff.start()
    wait_for(started.exists)

    began_s = time.monotonic()
    desk.handoff.close()

    assert time.monotonic() - began_s < 5
    assert (desk.told(), desk.events(), desk.files()) == (None, [], [])


def test_the_script_says_which_python_lacks_the_package(tmp_path: Path) -> None:
    put = tmp_path / "model.onnx"
    put.write_bytes(detector())

    with pytest.raises(Exception, match="has no package azure-percept"):
        BlobCompiler(sys.executable).compile(put)


@pytest.mark.parametrize(
    ("desired", "told"),
    [
        ({"to": "azureeyemodule"}, "base_url expected"),
        ({"to": "azureeyemodule", "base_url": "ftp://device"}, "base_url"),
        ({"to": "azureeyemodule", "base_url": 'http://device"; reboot; "'}, "base_url"),
        ({"to": "azureeyemodule", "base_url": "http://$(id)"}, "base_url"),
        ({"to": "azureeyemodule", "base_url": "http://device/`id`"}, "base_url"),
        ({"to": "azureeyemodule", "base_url": "http://device:8080/"}, "base_url"),
        ({"to": "azureeyemodule", "base_url": "http://device\n"}, "base_url"),
        ({"to": "cloud"}, "to"),
        ({"models": ["../x"]}, "models"),
    ],
)
def test_settings_that_would_reach_a_shell_or_lead_nowhere_are_refused(desired: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=f"handoff.*{told}"):
        parse_settings(TrainerSettings, {"handoff": desired})
