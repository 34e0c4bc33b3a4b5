from pathlib import Path

import pytest

from edge_common.errors import InvalidInput
from edge_common.handed_off import MOST_KEPT, HandedOff, HandoffFolder, ModelZip


def zipped(number: int, fetched: str = "") -> ModelZip:
    return ModelZip(
        version=f"v{number}",
        sha256=f"{number:064x}",
        size=1,
        labels=("full",),
        blob=False,
        url=f"http://device/handoff/{number:064x}.zip",
        reported="2026-11-26T10:00:00+00:00",
        fetched=fetched,
    )


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    folder, handed = HandoffFolder(tmp_path), HandedOff(zips=(zipped(2), zipped(1, "2026-11-26T11:00:00+00:00")))

    folder.write("shelf", handed)

    assert folder.read("shelf") == handed
    assert folder.models() == ["shelf"]


def test_the_version_in_use_is_the_last_that_was_fetched_else_the_newest() -> None:
    handed = HandedOff(zips=(zipped(3), zipped(2), zipped(1)))

    assert HandedOff().in_use is None
    assert handed.in_use == zipped(3)
    once = handed.with_fetched(zipped(1).sha256, "2026-11-26T11:00:00+00:00")
    assert once.in_use.version == "v1"
    assert once.with_fetched(zipped(3).sha256, "2026-11-26T12:00:00+00:00").in_use.version == "v3"


def test_the_oldest_go_but_never_the_one_in_use() -> None:
    handed = HandedOff(zips=(zipped(0, "2026-11-26T11:00:00+00:00"),))

    for number in range(1, 10):
        handed = handed.with_newest(zipped(number))

    assert [one.version for one in handed.zips] == ["v9", "v8", "v7", "v6", "v0"]
    assert len(handed.zips) == MOST_KEPT + 1
    assert handed.of("v8") == zipped(8)
    assert handed.of("v5") is None


def test_a_damaged_record_counts_as_none_and_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = HandoffFolder(tmp_path)
    folder.write("shelf", HandedOff())
    (folder.root / "shelf.json").write_text("{")

    assert folder.read("shelf") == HandedOff()
    assert "cannot be used" in caplog.text


@pytest.mark.parametrize("model_id", ["", "../shelf", "a/b", ".hidden"])
def test_a_model_id_that_leads_elsewhere_is_refused(tmp_path: Path, model_id: str) -> None:
    with pytest.raises(InvalidInput, match="model id"):
        HandoffFolder(tmp_path).read(model_id)


@pytest.mark.parametrize("sha256", ["", "1", "../" + "0" * 61, "G" * 64, "0" * 65])
def test_a_file_is_named_by_a_checksum_only(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(InvalidInput, match="sha256"):
        HandoffFolder(tmp_path).zip_path(sha256)
