"""Why the line does not trust azure-iot-device: what it does by itself. A version that does better is noticed here."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from azure.iot.device import IoTHubModuleClient
from azure.iot.device.exceptions import ConnectionFailedError, OperationCancelled

from tests.edge.conftest import SDK_WARNINGS
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.waiting import wait_for

pytestmark = list(SDK_WARNINGS)
AT_ONCE_S = 121
"""A token that lasts so long is renewed after one second: the SDK does so two minutes before."""

Make = Callable[..., IoTHubModuleClient]


@pytest.fixture
def make(hub: EdgeHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made = []
    for name, value in hub.environment("capture").items():
        monkeypatch.setenv(name, value)

    def make_one(**options: object) -> IoTHubModuleClient:
        made.append(IoTHubModuleClient.create_from_edge_environment(connection_retry_interval=1, **options))
        return made[-1]

    yield make_one
    for client in made:
        client.shutdown()
    made.clear()
    gc.collect()


def comes_back(call: Callable[[], object], within_s: float) -> bool:
    done = threading.Event()

    def run() -> None:
        try:
            call()
        except OperationCancelled:
            return
        done.set()

    threading.Thread(target=run, daemon=True).start()
    return done.wait(within_s)


def test_a_hub_that_lost_its_sessions_leaves_it_deaf_though_connected(hub: EdgeHub, make: Make) -> None:
    client = make()
    client.connect()
    client.get_twin()
    client.on_method_request_received = lambda call: None
    before = hub.connects("capture")
    hub.lose_sessions()
    wait_for(lambda: hub.connects("capture") > before and client.connected)

    assert not comes_back(client.get_twin, 2)
    assert hub.invoke("capture", "status") == (404, None)
    assert client.connected


@pytest.mark.parametrize("first", ["the twin", "the handler"])
def test_only_a_handler_that_is_set_after_the_first_twin_hears_of_what_was_missed(
    hub: EdgeHub, make: Make, first: str
) -> None:
    patches: list[dict[str, int]] = []
    client = make()
    if first == "the handler":
        client.on_twin_desired_properties_patch_received = patches.append
    client.connect()
    client.get_twin()
    client.on_twin_desired_properties_patch_received = patches.append
    hub.hold("$iothub/twin/PATCH")
    hub.desire("capture", {"missed": 1})

    before = hub.connects("capture")
    hub.cut("capture")
    wait_for(lambda: hub.connects("capture") > before)

    threading.Event().wait(1)
    assert [patch for patch in patches if "missed" in patch] == (
        [{"missed": 1, "$version": 2}] if first == "the twin" else []
    )


def test_a_token_that_could_not_be_renewed_once_is_never_renewed(device: EdgeDevice, make: Make) -> None:
    failed: list[Exception] = []
    client = make(sastoken_ttl=AT_ONCE_S)
    client.on_background_exception = failed.append
    client.connect()
    device.workload.fails = True
    wait_for(lambda: failed)

    device.workload.fails = False
    signed = device.workload.signed

    assert type(failed[0]).__name__ == "SasTokenError"
    assert not threading.Event().wait(2)
    assert device.workload.signed == signed


def test_a_hub_that_refuses_once_is_not_tried_again(hub: EdgeHub, make: Make) -> None:
    client = make()
    client.connect()
    hub.accepting = False
    hub.cut("capture")
    wait_for(lambda: "capture: refused" in hub.log)

    hub.accepting = True

    assert not threading.Event().wait(3)
    assert not client.connected


def test_the_first_connection_is_not_tried_again_and_errors_of_libraries_come_through(
    device: EdgeDevice, hub: EdgeHub, make: Make
) -> None:
    client = make()
    hub.kill()
    with pytest.raises(ConnectionFailedError):
        client.connect()
    device.start_hub()
    assert not threading.Event().wait(2)
    assert not client.connected

    device.workload.stop()

    with pytest.raises(requests.ConnectionError):
        make()


def test_a_slow_workload_api_holds_up_a_message(device: EdgeDevice, make: Make) -> None:
    client = make(sastoken_ttl=AT_ONCE_S)
    client.connect()
    device.workload.slow_s = 3.0
    threading.Event().wait(1.5)

    assert not comes_back(lambda: client.send_message_to_output("1", "elsewhere"), 1)
    device.workload.slow_s = 0.0


def test_what_a_handler_raises_is_told_to_nobody(hub: EdgeHub, make: Make) -> None:
    failed: list[Exception] = []
    called = threading.Event()

    def broken(patch: object) -> None:
        called.set()
        raise ValueError(patch)

    client = make()
    client.connect()
    client.get_twin()
    client.on_background_exception = failed.append
    client.on_twin_desired_properties_patch_received = broken

    hub.desire("capture", {"a": 1})

    assert called.wait(5)
    assert not threading.Event().wait(0.5)
    assert failed == []


def test_a_message_to_a_hub_that_hangs_does_not_come_back(hub: EdgeHub, make: Make) -> None:
    client = make()
    client.connect()
    hub.hang()

    assert not comes_back(lambda: client.send_message_to_output("1", "elsewhere"), 3)

    hub.go_on()


def test_patches_are_handed_on_in_another_order_than_they_came(hub: EdgeHub, make: Make) -> None:
    seen: list[int] = []
    client = make()
    client.connect()
    client.get_twin()

    def slow_at_even_ones(patch: dict[str, int]) -> None:
        threading.Event().wait(0.02 if patch["$version"] % 2 == 0 else 0)
        seen.append(patch["$version"])

    client.on_twin_desired_properties_patch_received = slow_at_even_ones
    for number in range(20):
        hub.desire("capture", {"n": number})

    wait_for(lambda: len(seen) == 20)
    assert seen != sorted(seen)
