"""The test hub is what it says: the SDK of Azure, as it is installed, finds edgeHub there."""

import gc
import json
from collections.abc import Callable, Iterator

import pytest
from azure.iot.device import IoTHubModuleClient, Message, MethodResponse
from azure.iot.device.exceptions import ClientError, CredentialError

from tests.edge.conftest import SDK_WARNINGS
from tests.edge.device import EdgeDevice
from tests.edge.edge_hub import EdgeHub
from tests.waiting import wait_for

pytestmark = list(SDK_WARNINGS)

Open = Callable[[str], IoTHubModuleClient]


@pytest.fixture
def open_client(hub: EdgeHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    opened = []

    def open_one(module: str) -> IoTHubModuleClient:
        for name, value in hub.environment(module).items():
            monkeypatch.setenv(name, value)
        opened.append(IoTHubModuleClient.create_from_edge_environment(connection_retry_interval=1))
        opened[-1].connect()
        return opened[-1]

    yield open_one
    for client in opened:
        client.shutdown()
    opened.clear()
    gc.collect()


def test_each_module_has_a_twin_of_its_own(hub: EdgeHub, open_client: Open) -> None:
    hub.desire("capture", {"a": {"b": 1}})
    clients = {module: open_client(module) for module in ("capture", "inference")}

    clients["capture"].patch_twin_reported_properties({"state": "looking"})

    assert clients["capture"].get_twin() == {
        "desired": {"a": {"b": 1}, "$version": 2},
        "reported": {"state": "looking", "$version": 2},
    }
    assert clients["inference"].get_twin() == {"desired": {"$version": 1}, "reported": {"$version": 1}}
    assert hub.reported("capture") == {"state": "looking"}


def test_patches_and_methods_reach_the_module_that_they_are_for(hub: EdgeHub, open_client: Open) -> None:
    patches: dict[str, list[object]] = {"capture": [], "inference": []}
    for module, client in [(module, open_client(module)) for module in patches]:
        client.get_twin()
        client.on_twin_desired_properties_patch_received = patches[module].append
        client.on_method_request_received = lambda call, client=client, module=module: client.send_method_response(
            MethodResponse.create_from_method_request(call, 200, [module, call.name, call.payload])
        )

    hub.desire("capture", {"a": 1})

    assert hub.invoke("inference", "status/x y", {"p": "ü"}) == (200, ["inference", "status/x y", {"p": "ü"}])
    wait_for(lambda: patches["capture"])
    assert patches == {"capture": [{"a": 1, "$version": 2}], "inference": []}
    assert hub.invoke("trainer_agent", "train") == (404, None)


def test_outputs_arrive_with_their_properties_and_go_on_by_routes(hub: EdgeHub, open_client: Open) -> None:
    got = []
    open_client("inference").on_message_received = got.append
    message = Message(b'{"a": 1}', message_id="m1", content_encoding="utf-8", content_type="application/json")
    message.custom_properties["k&"] = "v=/ü"

    open_client("capture").send_message_to_output(message, "found")

    (sent,) = hub.sent("capture", "found")
    assert (sent.body, sent.properties, sent.again) == (b'{"a": 1}', {"k&": "v=/ü"}, False)
    assert (sent.system["$.mid"], sent.system["$.ct"]) == ("m1", "application/json")
    wait_for(lambda: got)
    assert (got[0].input_name, got[0].data, got[0].custom_properties) == ("seen", b'{"a": 1}', {"k&": "v=/ü"})


def test_inputs_of_a_module_that_is_away_come_when_it_is_back(hub: EdgeHub, open_client: Open) -> None:
    got = []
    client = open_client("inference")
    client.on_message_received = lambda message: got.append(json.loads(message.data))
    client.disconnect()
    wait_for(lambda: not hub.connected("inference"))

    for number in range(20):
        hub.put("inference", "seen", str(number).encode())
    client.connect()

    wait_for(lambda: len(got) == 20)
    assert sorted(got) == list(range(20))


def test_what_was_not_confirmed_is_sent_again(hub: EdgeHub, open_client: Open) -> None:
    got = []
    client = open_client("inference")
    client.on_message_received = lambda message: got.append(message.data)
    hub.lose("devices/", 1)
    hub.put("inference", "seen", b"1")

    hub.cut("inference")

    wait_for(lambda: got)
    assert got == [b"1"]


def test_a_report_beyond_the_limits_is_refused_with_a_status(hub: EdgeHub, open_client: Open) -> None:
    with pytest.raises(ClientError) as refused:
        open_client("capture").patch_twin_reported_properties({"a": "x" * 5000})

    assert "status 400" in str(refused.value.__cause__)
    assert hub.reported("capture") == {}


@pytest.mark.parametrize("fault", ["another key", "over"])
def test_a_token_that_is_signed_with_another_key_or_over_is_refused(
    device: EdgeDevice, hub: EdgeHub, open_client: Open, fault: str
) -> None:
    if fault == "over":
        hub.clock_ahead_s = 4000
    else:
        device.workload.keys["capture"] = bytes(32)

    with pytest.raises(CredentialError):
        open_client("capture")

    assert "capture: refused" in hub.log


def test_a_connection_ends_with_its_token(hub: EdgeHub, open_client: Open) -> None:
    hub.clock_ahead_s = 3599
    open_client("capture")

    wait_for(lambda: "capture: its token has ended" in hub.log)


def test_a_client_of_no_module_is_refused(hub: EdgeHub, open_client: Open) -> None:
    with pytest.raises(ValueError, match="SasToken"):
        open_client("stranger")
