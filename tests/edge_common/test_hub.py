import json
import threading
from pathlib import Path
from typing import Any

import pytest

from edge_common.hub import Incoming, LocalHub, SettingsKeeper
from edge_common.settings import InferenceSettings
from tests.messages import numbered, sent


@pytest.fixture
def hub(tmp_path: Path) -> LocalHub:
    return LocalHub(tmp_path / "twin")


def reported(tmp_path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((tmp_path / "twin" / "reported.json").read_bytes())
    return values


def test_the_first_look_gives_the_desired_section_even_if_it_is_empty(hub: LocalHub) -> None:
    desired = hub.next_desired(0)

    assert desired is not None
    assert (desired.version, desired.values) == (1, {})


def test_a_section_is_given_once_and_again_when_it_changes(hub: LocalHub) -> None:
    hub.desire({"threads": 1})
    seen = [hub.next_desired(0), hub.next_desired(0)]
    hub.desire({"threads": 2})

    again = hub.next_desired(0)

    assert seen[0].values == {"threads": 1}
    assert seen[1] is None
    assert (again.version, again.values) == (2, {"threads": 2})


def test_waiting_ends_when_the_section_changes(hub: LocalHub) -> None:
    hub.next_desired(0)
    threading.Timer(0.1, hub.desire, [{"threads": 2}]).start()

    assert hub.next_desired(5).values == {"threads": 2}


@pytest.mark.parametrize("content", ["{", "[]", "5", ""])
def test_a_damaged_section_is_left_aside_and_a_good_one_is_taken_later(
    hub: LocalHub, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "twin" / "desired.json").write_text(content)

    assert hub.next_desired(0) is None
    assert "a JSON object expected" in caplog.text
    hub.desire({"threads": 2})

    assert hub.next_desired(0).values == {"threads": 2}


def test_reports_are_laid_over_one_another(hub: LocalHub, tmp_path: Path) -> None:
    hub.report({"a": {"b": 1, "c": 2}})
    hub.report({"a": {"b": None}, "d": "ü"})

    assert reported(tmp_path) == {"a": {"c": 2}, "d": "ü"}


def test_reports_from_many_threads_are_all_kept(hub: LocalHub, tmp_path: Path) -> None:
    threads = [threading.Thread(target=hub.report, args=({str(number): number},)) for number in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reported(tmp_path) == {str(number): number for number in range(20)}


def test_messages_are_lines_and_the_file_is_turned_over_when_it_is_long(hub: LocalHub, tmp_path: Path) -> None:
    folder = tmp_path / "twin"
    hub.send(numbered(1))
    first = (folder / "messages.jsonl").read_text()
    (folder / "messages.jsonl").write_text("x" * 1_000_001)

    hub.send(numbered(2))

    assert (json.loads(first)["output"], json.loads(first)["body"]["reason"]) == ("events", "1")
    assert [body["reason"] for body in sent(folder)] == ["2"]
    assert (folder / "messages.old.jsonl").stat().st_size == 1_000_001


def test_a_disk_that_takes_nothing_is_logged_and_endured(
    hub: LocalHub, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "twin").rmdir()
    (tmp_path / "twin").write_text("a file where the folder was")

    hub.send(numbered(1))

    assert "a message is lost" in caplog.text


def keeper(hub: LocalHub, tmp_path: Path) -> SettingsKeeper[InferenceSettings]:
    return SettingsKeeper(hub, InferenceSettings, tmp_path / "settings.json")


def test_good_settings_are_taken_acknowledged_and_known_after_a_restart(hub: LocalHub, tmp_path: Path) -> None:
    hub.desire({"threads": 3})
    kept = keeper(hub, tmp_path)

    assert kept.wait(0)

    assert kept.settings.threads == 3
    assert reported(tmp_path)["settings"]["threads"] == {"value": 3, "ac": 200, "av": 1, "ad": ""}
    assert keeper(LocalHub(tmp_path / "other"), tmp_path).settings.threads == 3


def test_bad_settings_are_refused_whole_and_reported(hub: LocalHub, tmp_path: Path) -> None:
    hub.desire({"threads": 3})
    kept = keeper(hub, tmp_path)
    kept.wait(0)
    hub.desire({"threads": 5, "overlap": 7})

    assert not kept.wait(0)

    assert kept.settings.threads == 3
    told = reported(tmp_path)["settings"]["threads"]
    assert (told["value"], told["ac"], told["av"]) == (3, 400, 2)
    assert "overlap" in told["ad"]


def test_the_same_settings_again_are_no_change(hub: LocalHub, tmp_path: Path) -> None:
    kept = keeper(hub, tmp_path)

    assert not kept.wait(0)
    assert not kept.wait(0)


@pytest.mark.parametrize("content", ["{", "[]", '{"threads": 0}', '{"colour": "red"}'])
def test_last_good_settings_that_are_damaged_give_way_to_defaults(
    hub: LocalHub, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "settings.json").write_text(content)

    assert keeper(hub, tmp_path).settings == InferenceSettings()
    assert "cannot be used, defaults serve" in caplog.text


def feed(tmp_path: Path, *lines: str) -> None:
    with (tmp_path / "twin" / "incoming.jsonl").open("a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def test_messages_come_in_once_and_in_their_order(hub: LocalHub, tmp_path: Path) -> None:
    feed(
        tmp_path,
        '{"input": "azureeye", "body": "{\\"broken", "properties": {"$.mid": "MSG_ID"}}',
        '{"input": "other", "body": {"NEURAL_NETWORK": []}}',
    )

    found = [hub.next_message(0) for _ in range(3)]

    assert found == [
        Incoming("azureeye", b'{"broken', {"$.mid": "MSG_ID"}),
        Incoming("other", b'{"NEURAL_NETWORK": []}', {}),
        None,
    ]


def test_messages_of_before_the_start_are_not_read_again(hub: LocalHub, tmp_path: Path) -> None:
    feed(tmp_path, '{"input": "azureeye", "body": "old"}')

    again = LocalHub(tmp_path / "twin")
    feed(tmp_path, '{"input": "azureeye", "body": "new"}')

    assert again.next_message(0).body == b"new"
    assert again.next_message(0) is None


def test_waiting_ends_when_a_message_comes(hub: LocalHub, tmp_path: Path) -> None:
    threading.Timer(0.1, feed, [tmp_path, '{"input": "azureeye", "body": "x"}']).start()

    assert hub.next_message(5).body == b"x"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "a JSON object expected"),
        ("[]", "an object with a body expected"),
        ('{"input": "azureeye"}', "an object with a body expected"),
        ('{"body": "x"}', "input: the name of an input expected"),
        ('{"input": "a", "body": "x", "properties": {"n": 1}}', "properties: an object of texts expected"),
    ],
)
def test_a_line_that_is_no_message_is_left_aside_and_the_next_is_taken(
    hub: LocalHub, tmp_path: Path, line: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed(tmp_path, line, '{"input": "azureeye", "body": "x"}')

    assert hub.next_message(0).body == b"x"
    assert told in caplog.text
