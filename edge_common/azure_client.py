"""One connection to Azure IoT Edge by azure-iot-device, for as long as it lasts; whatever goes wrong ends it for good.

The SDK recovers from little, and by itself goes deaf or dead without a word: docs/adr/0033 lists how. So its own
recovery is off here, nothing of it is used again after a fault, and no call of it is waited for without an end.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import azure.iot.device as sdk

from edge_common.errors import EdgeError
from edge_common.hub import Incoming
from edge_common.outbox import Message

log = logging.getLogger(__name__)

TOKEN_LASTS_S = 3600
_KEEP_ALIVE_S = 20
"""A hub that says nothing is noticed in twice this; the SDK's own 60 s also bound how long TLS may hang."""
_MOST_STUCK = 4
_stuck = threading.Semaphore(_MOST_STUCK)

Result = TypeVar("Result")


class HubLost(EdgeError):
    """The hub cannot be reached, says nothing in time, or has let go of this program."""

    code = "hub_lost"


class HubRefused(EdgeError):
    """The hub answered, and does not take what it was given."""

    code = "hub_refused"


@dataclass(frozen=True)
class Patch:
    """Of desired properties, as it came, in any order."""

    body: object


@dataclass(frozen=True)
class Ended:
    """The connection is of no use any more."""

    reason: str


@dataclass(frozen=True)
class Wake:
    """Nothing from the hub: somebody wants its thread to look around."""


@dataclass(frozen=True)
class Call:
    """A direct method that somebody in the cloud waits for."""

    request_id: str
    name: str
    payload: object


@dataclass(frozen=True)
class Limits:
    """How long each step may take, in seconds."""

    make_s: float = 30.0
    connect_s: float = 30.0
    answer_s: float = 20.0
    send_s: float = 30.0
    close_s: float = 5.0


class AzureClient:
    """`make`, `connect`, then the rest; `close` always. Each raises HubLost. What comes is put into queues only."""

    def __init__(
        self,
        connection: str | None,
        *,
        on_input: Callable[[Incoming], None],
        on_call: Callable[[Call], None],
        limits: Limits | None = None,
    ) -> None:
        """`connection`: a connection string; None: what IoT Edge put into the environment."""
        self._connection = connection
        self._on_input, self._on_call = on_input, on_call
        self._limits = limits or Limits()
        self._client: sdk.IoTHubModuleClient | None = None
        self._given_up = False
        self.events: queue.SimpleQueue[Patch | Ended | Wake] = queue.SimpleQueue()

    def make(self) -> None:
        """Get what the hub is trusted by, and a token; nothing is connected yet."""
        try:
            self._client = bounded("asking IoT Edge for a token", self._made, self._limits.make_s)
        except HubLost:
            self._given_up = True
            raise

    def connect(self) -> None:
        """Connect and subscribe. The full twin has to be asked for after this, so that no patch falls between."""
        client = self._open()
        # For each connection anew, whatever the hub remembers: it may have lost what was subscribed to before.
        client.on_background_exception = self._failed
        client.on_connection_state_change = lambda: self.events.put(Wake())
        bounded("connecting", client.connect, self._limits.connect_s)
        bounded("subscribing", self._subscribe, self._limits.connect_s)

    def connected(self) -> bool:
        return self._client is not None and bool(self._client.connected)

    def twin(self) -> dict[str, dict[str, Any]]:
        """The full twin: `desired` and `reported`."""
        found = bounded("asking for the twin", self._open().get_twin, self._limits.answer_s)
        if not (isinstance(found, dict) and all(isinstance(found.get(one), dict) for one in ("desired", "reported"))):
            raise HubLost("asking for the twin: an object with desired and reported expected")
        return found

    def report(self, patch: Mapping[str, Any]) -> None:
        """Also raises HubRefused."""
        client = self._open()
        bounded("reporting", lambda: client.patch_twin_reported_properties(dict(patch)), self._limits.answer_s)

    def send(self, message: Message) -> None:
        """Back when the hub has taken it. One whose sending failed may yet arrive; its id tells that it is the same."""
        made: Any = sdk.Message
        sent = made(message.body, message.message_id, "utf-8", "application/json")
        client = self._open()
        bounded("sending", lambda: client.send_message_to_output(sent, message.output), self._limits.send_s)

    def answer(self, call: Call, status: int, payload: object) -> None:
        made: Any = sdk.MethodResponse
        client, response = self._open(), made(call.request_id, status, payload)
        bounded("answering a method", lambda: client.send_method_response(response), self._limits.answer_s)

    def next_event(self, timeout_s: float) -> Patch | Ended | Wake:
        """What came first, Wake when time is up."""
        try:
            return self.events.get(timeout=timeout_s)
        except queue.Empty:
            return Wake()

    def end(self, reason: str) -> None:
        """Tell whoever reads `events` that the connection is of no use."""
        self.events.put(Ended(reason))

    def close(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            bounded("letting go of the hub", client.shutdown, self._limits.close_s)
        except EdgeError as error:
            log.warning("%s; it is left behind", error)

    def _made(self) -> sdk.IoTHubModuleClient:
        # What the SDK logs at every step, and twice for each fault, is told here once.
        for name in ("azure", "paho"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        options = {
            "keep_alive": _KEEP_ALIVE_S,
            "sastoken_ttl": TOKEN_LASTS_S,
            "auto_connect": False,
            "connection_retry": False,
            "ensure_desired_properties": False,
        }
        if self._connection is None:
            client = sdk.IoTHubModuleClient.create_from_edge_environment(**options)
        else:
            client = sdk.IoTHubModuleClient.create_from_connection_string(self._connection, **options)
        if self._given_up:
            client.shutdown()
        return client

    def _subscribe(self) -> None:
        client = self._open()
        client.on_twin_desired_properties_patch_received = lambda patch: self.events.put(Patch(patch))
        client.on_message_received = self._took_input
        client.on_method_request_received = lambda call: self._on_call(Call(call.request_id, call.name, call.payload))

    def _took_input(self, message: Any) -> None:  # noqa: ANN401 (of the SDK)
        body = message.data if isinstance(message.data, bytes) else str(message.data).encode()
        properties = {str(name): str(value) for name, value in message.custom_properties.items()}
        self._on_input(Incoming(str(message.input_name), body, properties))

    def _failed(self, error: Exception) -> None:
        """Whatever fails on a thread of the SDK: only a token that was not renewed makes the connection useless."""
        log.warning("azure-iot-device: %s", _told(error))
        if type(error).__name__ == "SasTokenError":
            self.end(f"the token was not renewed: {_told(error)}")

    def _open(self) -> Any:  # noqa: ANN401 (the SDK states types that it does not keep to)
        if self._client is None:
            raise HubLost("the line to the hub is closed")
        return self._client


def bounded(what: str, call: Callable[[], Result], timeout_s: float) -> Result:
    """What a call of the SDK gives; raises HubLost when it fails or takes longer, HubRefused when the hub declines.

    A call that takes longer goes on in a thread that nobody waits for; while there are four of these, no more is tried.
    """
    if not _stuck.acquire(timeout=timeout_s):
        raise HubLost(f"{what}: {_MOST_STUCK} calls of azure-iot-device have not come back")
    outcome: queue.SimpleQueue[tuple[Result | None, Exception | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((call(), None))
        except Exception as error:  # the SDK lets through whatever its HTTP and MQTT libraries raise
            outcome.put((None, error))
        finally:
            _stuck.release()

    threading.Thread(target=run, name=what, daemon=True).start()
    try:
        result, error = outcome.get(timeout=timeout_s)
    except queue.Empty:
        raise HubLost(f"{what} did not end within {timeout_s:g} s") from None
    if error is not None:
        kind = HubRefused if type(error.__cause__).__name__ == "ServiceError" else HubLost
        raise kind(f"{what} failed: {_told(error)}") from error
    return result  # type: ignore[return-value]


def _told(error: BaseException) -> str:
    """The error and what lies below it, in one line without what a URL may hold."""
    parts: list[str] = []
    below: BaseException | None = error
    while below is not None and len(parts) < 4:
        parts.append(f"{type(below).__name__}: {str(below).splitlines()[0][:120] if str(below) else '-'}")
        below = below.__cause__
    return " < ".join(parts)
