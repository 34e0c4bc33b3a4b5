"""The line to the hub, by the real SDK to the test hub, through everything by which the SDK goes deaf or dead."""

import datetime
import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_common.azure_client import Limits
from edge_common.azure_hub import AzureHub, Timing
from edge_common.hub import Desired, SettingsKeeper
from edge_common.methods import Method, Request
from edge_common.settings import InferenceSettings
from edge_common.telemetry import Source
from edge_common.telemetry_events import CameraEvent
from tests.edge.certificates import make_authority
from tests.edge.conftest import SDK_WARNINGS
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.messages import numbered, numbered_alert
from tests.waiting import wait_for

pytestmark = list(SDK_WARNINGS)

QUICK = Timing(
    first_pause_s=0.1,
    longest_pause_s=0.4,
    settle_s=0.1,
    report_gap_s=0.05,
    refused_pause_s=0.3,
    limits=Limits(make_s=2, connect_s=2, answer_s=1, send_s=1, close_s=2),
)
MODULE = "inference"
Open = Callable[..., AzureHub]


class Echo(Request):
    text: str


@pytest.fixture
def open_line(hub: EdgeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Open]:
    for name, value in hub.environment(MODULE).items():
        monkeypatch.setenv(name, value)
    opened = []

    def open_one(timing: Timing = QUICK) -> AzureHub:
        opened.append(AzureHub(tmp_path / "line", timing=timing, source=Source(hub.device, MODULE)))
        return opened[-1]

    yield open_one
    hub.hanging = False
    for line in opened:
        line.close()
    opened.clear()
    gc.collect()


def desired_by(line: AzureHub, version: int, timeout_s: float = 10) -> Desired:
    """What the line has come to once it knows of a version."""
    while True:
        desired = line.next_desired(timeout_s)
        assert desired is not None, f"version {version} did not come"
        if desired.version >= version:
            return desired


def bodies(hub: EdgeHub, output: str = "events") -> list[Any]:
    return [json.loads(message.body) for message in hub.sent(MODULE, output)]


def numbers(hub: EdgeHub) -> list[int]:
    """Of the events that came, by `numbered`."""
    return [int(body["reason"]) for body in bodies(hub)]


def works(line: AzureHub, hub: EdgeHub) -> bool:
    """A patch, a report and a message get through, each by a value that nothing else has."""
    mark = hub.twins[MODULE].desired.version
    hub.desire(MODULE, {"mark": mark})
    line.report({"mark": mark})
    line.send(numbered(1_000_000 + mark))
    wait_for(lambda: hub.reported(MODULE).get("mark") == mark)
    wait_for(lambda: 1_000_000 + mark in numbers(hub))
    return desired_by(line, mark + 1).values["mark"] == mark


def test_a_twin_patches_reports_and_messages(hub: EdgeHub, open_line: Open) -> None:
    hub.desire(MODULE, {"a": {"b": 1, "c": 2}})
    line = open_line()
    first = desired_by(line, 2)

    line.report({"state": {"x": 1, "y": 2}})
    line.report({"state": {"x": None}})
    line.send(CameraEvent(event="camera lost", camera="till", reason="ü"))
    hub.desire(MODULE, {"a": {"b": None}, "d": 3})

    assert first.values == {"a": {"b": 1, "c": 2}}
    assert desired_by(line, 3).values == {"a": {"c": 2}, "d": 3}
    wait_for(lambda: hub.reported(MODULE).get("state") == {"y": 2})
    wait_for(lambda: hub.sent(MODULE, "events"))
    (message,) = hub.sent(MODULE, "events")
    body = json.loads(message.body)
    assert (body["reason"], body["device"], body["module"], body["sequence"]) == ("ü", "device-1", MODULE, 1)
    assert body["message_id"] == message.system["$.mid"]
    assert message.system["$.ct"] == "application/json"
    assert message.system["$.ce"] == "utf-8"
    assert len(message.system["$.mid"]) == 32
    assert line.next_desired(0) is None


def test_what_messages_cost_is_in_the_twin_and_goes_on_after_a_restart(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    for number in range(3):
        line.send(numbered(number))
    wait_for(lambda: hub.reported(MODULE).get("telemetry"))
    wait_for(lambda: len(bodies(hub)) == 3)
    line.close()

    again = open_line()
    again.send(numbered_alert(3))

    # Once an hour, so of the first three the twin knows the first.
    wait_for(lambda: hub.reported(MODULE)["telemetry"]["messages"] == 4)
    told = hub.reported(MODULE)["telemetry"]
    assert (told["outputs"]["events"], told["outputs"]["alerts"]) == (
        {"messages": 3, "blocks": 3},
        {"messages": 1, "blocks": 1},
    )
    assert "estimated_blocks" not in told


def test_messages_of_another_module_come_in_with_their_properties(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    wait_for(line.connected)

    hub.put(MODULE, "seen", b'{"n": 1}', {"k": "v"})

    incoming = line.next_message(5)
    assert (incoming.input, incoming.body, dict(incoming.properties)) == ("seen", b'{"n": 1}', {"k": "v"})
    assert line.next_message(0) is None


def test_bad_settings_are_refused_to_the_cloud_and_good_ones_acknowledged(
    hub: EdgeHub, open_line: Open, tmp_path: Path
) -> None:
    keeper = SettingsKeeper(open_line(), InferenceSettings, tmp_path / "settings.json")
    hub.desire(MODULE, {"threads": 3})
    wait_for(lambda: keeper.wait(0.1))
    wait_for(lambda: "settings" in hub.reported(MODULE))

    hub.desire(MODULE, {"overlap": 7, "colour": "red"})

    def refused() -> bool:
        assert not keeper.wait(0.1)
        return hub.reported(MODULE)["settings"]["threads"]["ac"] == 400

    wait_for(refused)
    told = hub.reported(MODULE)["settings"]["threads"]
    assert (told["value"], told["av"]) == (3, 3)
    assert "overlap" in told["ad"]
    assert "colour" in told["ad"]


def test_a_module_that_starts_without_network_uses_its_last_good_settings(
    device: EdgeDevice, hub: EdgeHub, open_line: Open, tmp_path: Path
) -> None:
    hub.desire(MODULE, {"threads": 3})
    line = open_line()
    keeper = SettingsKeeper(line, InferenceSettings, tmp_path / "settings.json")
    wait_for(lambda: keeper.wait(0.1))
    line.close()
    hub.kill()
    hub.desire(MODULE, {"threads": 4})

    again = SettingsKeeper(open_line(), InferenceSettings, tmp_path / "settings.json")
    assert not again.wait(0.5)
    assert again.settings.threads == 3
    device.start_hub()

    wait_for(lambda: again.wait(0.1))
    assert again.settings.threads == 4


# What edge_stack.md 1.4 lists, in its order.


def test_1_a_patch_made_while_the_hub_was_away_is_known_after_each_of_three_outages(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    line = open_line()
    desired_by(line, 1)
    for number in range(3):
        hub.kill()
        wait_for(lambda: not line.connected())
        version = hub.desire(MODULE, {"n": number, "gone": None})
        device.start_hub()
        assert desired_by(line, version).values == {"n": number}
    assert works(line, hub)


def test_1_a_patch_that_falls_between_connecting_and_the_full_twin_is_not_lost(hub: EdgeHub, open_line: Open) -> None:
    hub.hold("$iothub/twin/res")
    line = open_line()
    wait_for(lambda: hub.held())

    hub.desire(MODULE, {"between": 1})
    hub.release()

    assert desired_by(line, 2).values == {"between": 1}


def test_2_a_hub_that_lost_its_sessions_is_subscribed_to_anew(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)

    before = hub.connects(MODULE)
    hub.lose_sessions()
    wait_for(lambda: hub.connects(MODULE) > before)

    wait_for(line.connected)
    assert works(line, hub)


def test_3_a_token_that_is_not_renewed_in_time_is_got_anew(device: EdgeDevice, hub: EdgeHub, open_line: Open) -> None:
    renewing = Timing(**{**vars(QUICK), "renew_after_s": 0.5, "renew_again_s": 0.2, "give_up_after_s": 1.5})
    line = open_line(renewing)
    desired_by(line, 1)
    device.workload.fails = True
    wait_for(lambda: not line.connected())

    device.workload.fails = False

    wait_for(line.connected)
    assert works(line, hub)


def test_3_a_token_is_renewed_without_losing_anything(device: EdgeDevice, hub: EdgeHub, open_line: Open) -> None:
    line = open_line(Timing(**{**vars(QUICK), "renew_after_s": 0.3}))
    desired_by(line, 1)
    signed = device.workload.signed

    for number in range(150):
        line.send(numbered(number))
        threading.Event().wait(0.01)

    wait_for(lambda: len({message.system["$.mid"] for message in hub.sent(MODULE, "events")}) == 150)
    assert device.workload.signed >= signed + 3
    assert list(dict.fromkeys(numbers(hub))) == list(range(150))


def test_4_a_hub_that_refuses_for_a_while_is_found_again(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.accepting = False
    hub.cut(MODULE)
    wait_for(lambda: hub.log.count(f"{MODULE}: refused") >= 3)

    hub.accepting = True

    wait_for(line.connected)
    assert works(line, hub)


def test_5_nothing_is_there_at_the_start_and_comes_piece_by_piece(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    hub.kill()
    device.workload.stop()
    line = open_line()
    line.report({"before": 1})
    line.send(numbered(1))
    assert line.next_desired(0.5) is None
    device.workload.start()
    assert line.next_desired(0.5) is None

    device.start_hub()

    assert works(line, hub)
    assert numbers(hub)[0] == 1
    assert hub.reported(MODULE)["before"] == 1


def test_6_a_slow_workload_api_holds_up_no_message(device: EdgeDevice, hub: EdgeHub, open_line: Open) -> None:
    line = open_line(Timing(**{**vars(QUICK), "renew_after_s": 0.3}))
    desired_by(line, 1)
    device.workload.slow_s = 1.0
    threading.Event().wait(0.5)

    line.send(numbered(1))

    wait_for(lambda: numbers(hub) == [1], 0.5)


def test_6_a_workload_api_that_never_answers_is_waited_for_and_used_when_it_does(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    device.workload.slow_s = 5.0
    line = open_line(Timing(**{**vars(QUICK), "limits": Limits(make_s=0.3)}))
    assert line.next_desired(2) is None

    device.workload.slow_s = 0.0

    assert works(line, hub)


@pytest.mark.parametrize("seed", range(3))
def test_7_patches_in_any_order_come_to_the_same(hub: EdgeHub, open_line: Open, seed: int) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.hold("$iothub/twin/PATCH/properties/desired")
    for number in range(60):
        hub.desire(MODULE, {"n": number, str(number): 1, str(number - 1): None})

    hub.release(shuffle=seed)

    assert desired_by(line, 61).values == {"n": 59, "59": 1}


def test_7_a_patch_that_got_lost_is_made_good_by_the_full_twin(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.lose("$iothub/twin/PATCH/properties/desired", 1)
    hub.desire(MODULE, {"lost": 1})

    hub.desire(MODULE, {"arrived": 1})

    assert desired_by(line, 3).values == {"lost": 1, "arrived": 1}


def test_7_a_module_that_was_made_anew_starts_with_a_lower_version(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    for number in range(5):
        hub.desire(MODULE, {"old": number})
    desired_by(line, 6)
    hub.twins[MODULE].desired.version = 1
    hub.twins[MODULE].desired.values = {}

    hub.desire(MODULE, {"new": 1})

    wait_for(lambda: (found := line.next_desired(1)) and dict(found.values) == {"new": 1})


def test_7_a_storm_of_a_thousand_patches_ends_in_what_the_twin_says(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)

    for number in range(1000):
        hub.desire(MODULE, {"n": number, f"k{number % 7}": number})

    assert desired_by(line, 1001).values == {"n": 999, **{f"k{n % 7}": n for n in range(993, 1000)}}


def test_9_a_method_whose_payload_is_no_json_leaves_the_line_working(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)

    status, _ = hub.invoke(MODULE, "status", b"{", timeout_s=0.5)

    assert status == 504
    assert works(line, hub)


def test_methods_are_answered_and_unknown_ones_refused(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    line.serve({"echo": Method(Echo, lambda asked: asked.text)})
    wait_for(line.connected)

    assert hub.invoke(MODULE, "echo", {"text": "ü"}) == (200, "ü")
    assert hub.invoke(MODULE, "echo")[0] == 400
    status, payload = hub.invoke(MODULE, "shout", {})
    assert (status, payload["error"]["code"]) == (404, "not_found")


def test_methods_are_answered_after_an_outage(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    line.serve({"echo": Method(Echo, lambda asked: asked.text)})
    wait_for(line.connected)

    before = hub.connects(MODULE)
    hub.lose_sessions()
    wait_for(lambda: hub.connects(MODULE) > before)

    wait_for(lambda: hub.invoke(MODULE, "echo", {"text": "x"}) == (200, "x"))


# Hubs that hang, forget, refuse and change.


def test_a_hub_that_hangs_is_let_go_of_and_found_again(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.hang()
    for number in range(5):
        line.send(numbered(number))
    wait_for(lambda: not line.connected())

    hub.go_on()

    assert works(line, hub)
    assert list(dict.fromkeys(numbers(hub)))[:5] == [0, 1, 2, 3, 4]


def test_a_hub_that_takes_connections_and_says_nothing_is_waited_for(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    hub.hang_before_tls()
    line = open_line()
    assert line.next_desired(3) is None
    hub.kill()

    device.start_hub()

    desired_by(line, 1, timeout_s=40)
    assert works(line, hub)


def test_a_hub_whose_certificate_is_over_is_not_trusted_until_it_has_a_new_one(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    hub.kill()
    device.start_hub(certificate_ends=-datetime.timedelta(hours=1))
    line = open_line()
    assert line.next_desired(1) is None
    hub.kill()

    device.start_hub()

    assert works(line, hub)


def test_a_trust_bundle_that_changes_is_fetched_anew(device: EdgeDevice, hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.kill()
    device.authority = device.workload.authority = make_authority()

    device.start_hub()

    assert works(line, hub)


@pytest.mark.parametrize("jump_s", [86_400, -86_400], ids=["a day ahead", "a day back"])
def test_when_the_clock_jumps_the_line_comes_back(hub: EdgeHub, open_line: Open, jump_s: float) -> None:
    line = open_line()
    desired_by(line, 1)

    hub.clock_ahead_s = jump_s
    hub.cut(MODULE)
    threading.Event().wait(0.5)
    # The device's own clock has jumped as well: from the hub's view a token made now is good again.
    hub.clock_ahead_s = 0.0

    assert works(line, hub)


def test_too_much_to_report_is_cut_and_the_rest_gets_through(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()

    line.report({"log": {str(n): "x" * 5000 for n in range(20)}, "state": "looking", "a.b": 1})

    wait_for(lambda: hub.reported(MODULE).get("state") == "looking")
    assert hub.reported(MODULE)["cut"]["count"] > 10
    assert hub.reported(MODULE)["a_b"] == 1
    assert not [line for line in hub.log if "refused" in line]


def test_many_reports_in_a_short_time_are_few_patches(hub: EdgeHub, open_line: Open) -> None:
    line = open_line(Timing(**{**vars(QUICK), "report_gap_s": 0.3}))
    desired_by(line, 1)
    began_s = time.monotonic()

    for number in range(300):
        line.report({"n": number})

    wait_for(lambda: hub.reported(MODULE) == {"n": 299})
    # On a busy machine 300 reports take longer, and each gap of them may have its patch.
    most = 3 + int((time.monotonic() - began_s) / 0.3)
    assert hub.twins[MODULE].reported.version <= most < 100


def test_a_report_that_is_refused_is_not_the_end(hub: EdgeHub, open_line: Open) -> None:
    line = open_line()
    desired_by(line, 1)
    hub.twins[MODULE].reported.values = {"elsewhere": "x" * 32_000}
    line.report({"n": "x" * 1000})
    wait_for(lambda: any("reported properties refused" in entry for entry in hub.log))

    hub.twins[MODULE].reported.values = {}

    wait_for(lambda: "n" in hub.reported(MODULE))
    assert works(line, hub)


def test_what_was_reported_before_a_restart_stays_and_what_the_hub_forgot_is_told_again(
    hub: EdgeHub, open_line: Open
) -> None:
    line = open_line()
    line.report({"kept": 1, "deleted": 1})
    wait_for(lambda: hub.reported(MODULE) == {"kept": 1, "deleted": 1})
    line.close()
    hub.twins[MODULE].reported.values = {"stray": 1, "deleted": 1}

    again = open_line()
    again.report({"deleted": None})

    wait_for(lambda: hub.reported(MODULE) == {"kept": 1})


def test_no_alert_is_lost_and_none_out_of_order_over_outages_and_restarts(
    device: EdgeDevice, hub: EdgeHub, open_line: Open
) -> None:
    line = open_line()
    for number in range(200):
        line.send(numbered_alert(number))
        match number:
            case 20 | 120:
                hub.cut(MODULE)
            case 50:
                hub.kill()
            case 80:
                device.start_hub()
            case 100:
                hub.hang()
            case 110:
                hub.go_on()
            case 150:
                line.close()
                line = open_line()
        threading.Event().wait(0.01)

    wait_for(lambda: len({message.system["$.mid"] for message in hub.sent(MODULE, "alerts")}) == 200, 20)
    came = bodies(hub, "alerts")
    assert list(dict.fromkeys(int(body["text"]) for body in came)) == list(range(200))
    assert list(dict.fromkeys(body["sequence"] for body in came)) == list(range(1, 201))


def test_after_thirty_outages_nothing_is_left_behind(hub: EdgeHub, open_line: Open) -> None:
    line = open_line(Timing(**{**vars(QUICK), "first_pause_s": 0.02, "longest_pause_s": 0.02}))
    desired_by(line, 1)
    threads = []
    for number in range(30):
        hub.cut(MODULE)
        line.send(numbered(number))
        wait_for(lambda number=number: number in numbers(hub))
        wait_for(line.connected)
        threads.append(threading.active_count())

    # Those of a connection end by themselves, but not at once.
    wait_for(lambda: threading.active_count() <= max(threads[:10]) + 2, says=threading.enumerate)
