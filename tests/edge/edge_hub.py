"""A stand-in for edgeHub that azure-iot-device takes for it: a twin, methods, outputs and routes for each module.

It runs on a thread of its own. What a test calls plays the cloud (`desire`, `invoke`, `reported`, `messages`) or breaks
something (`kill`, `hang`, `cut`, `lose`, `hold`, and the attributes). Where it knows more than edgeHub tells, as for a
patch that finds its module away, it does what Azure's documents say: patches are not kept, inputs are.
"""

import asyncio
import json
import random
import socket
import ssl
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from tests.edge.certificates import write_pair
from tests.edge.connection import Connection
from tests.edge.mqtt import Publish
from tests.edge.sessions import Session
from tests.edge.twins import Refused, Twin
from tests.edge.workload import API_VERSION, GENERATION, Workload
from tests.messages import OUTPUTS, problems

PORT = 8883
"""The only one that the SDK knows."""
MOST_MESSAGE_BYTES = 256 * 1024
_REPORTED = "$iothub/twin/PATCH/properties/reported/"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Message:
    """One that a module sent to an output; `properties` without those of the system, which start with `$.`."""

    module: str
    output: str
    body: bytes
    system: dict[str, str]
    properties: dict[str, str]
    again: bool


@dataclass(frozen=True)
class Route:
    """From a module's output to an input of another one."""

    module: str
    output: str
    to_module: str
    to_input: str


@dataclass(frozen=True)
class TwinOperation:
    """What a client asked of its twin, and how many bytes went over."""

    module: str
    kind: Literal["read", "patch"]
    size: int


@dataclass
class _Call:
    answered: threading.Event = field(default_factory=threading.Event)
    status: int = 504
    payload: bytes = b"null"


class EdgeHub:
    """Made stopped; `start` and `kill` as often as wanted."""

    def __init__(self, workload: Workload, address: str, folder: Path, routes: Iterable[Route] = ()) -> None:
        self.workload, self.address, self.routes = workload, address, tuple(routes)
        self.name, self.device = "hub1.azure-devices.net", "device-1"
        self._folder = folder
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="edge hub", daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._silent: socket.socket | None = None
        self.connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.keys = dict(workload.keys)
        self.twins = {module: Twin() for module in self.keys}
        self.messages: list[Message] = []
        self.log: list[str] = []
        self.unfit: list[str] = []
        """What was wrong with messages that the cloud has a schema for."""
        self.twin_operations: list[TwinOperation] = []
        self._calls: dict[str, _Call] = {}
        self._lost: dict[str, int] = {}
        self._held: list[tuple[str, Publish]] | None = None
        self._held_topics = ""
        self.accepting = True
        """False: every client is refused as not authorised."""
        self.hanging = False
        self.delay_s = 0.0
        """Everything goes out so much later."""
        self.throttle_s = 0.0
        """Each client's messages are taken one after the other, each in so much time."""
        self.ignored: tuple[str, ...] = ()
        """What clients publish to topics that start so is neither confirmed nor taken."""
        self.clock_ahead_s = 0.0

    def environment(self, module: str) -> dict[str, str]:
        """What edgeAgent gives to a module's container."""
        return {
            "IOTEDGE_IOTHUBHOSTNAME": self.name,
            "IOTEDGE_DEVICEID": self.device,
            "IOTEDGE_MODULEID": module,
            "IOTEDGE_GATEWAYHOSTNAME": self.address,
            "IOTEDGE_MODULEGENERATIONID": GENERATION,
            "IOTEDGE_WORKLOADURI": self.workload.uri(),
            "IOTEDGE_APIVERSION": API_VERSION,
        }

    def start(self, certificate: str, key: str) -> "EdgeHub":
        """Listen, with a certificate and its key as PEM."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*write_pair(self._folder, certificate, key))

        async def listen() -> None:
            self._server = await self.loop.create_server(lambda: Connection(self), self.address, PORT, ssl=context)

        asyncio.run_coroutine_threadsafe(listen(), self.loop).result(10)
        return self

    def now_s(self) -> float:
        return time.time() + self.clock_ahead_s

    # What breaks.

    def kill(self, *, sessions: bool = True) -> None:
        """Gone at once. `sessions` False: it will not remember those when it starts again."""

        def gone() -> None:
            if self._server is not None:
                self._server.close()
                self._server = None
            self._cut_all()
            if not sessions:
                self.sessions.clear()

        self._do(gone)
        if self._silent is not None:
            self._silent.close()
            self._silent = None

    def lose_sessions(self) -> None:
        """Forget subscriptions and kept messages, and cut all off: a hub that was made anew without its storage."""

        def lose() -> None:
            self.sessions.clear()
            self._cut_all()

        self._do(lose)

    def close(self) -> None:
        self.kill()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    def cut(self, module: str) -> None:
        """Drop a module's connection."""
        self._do(lambda: [one.cut() for one in list(self.connections) if one.module == module])

    def hang(self) -> None:
        """Take what comes, answer nothing, not even pings; new clients get through TLS and no further."""
        self.hanging = True

    def hang_before_tls(self) -> None:
        """Connections are taken by the kernel and nothing is ever said on them."""
        self.kill()
        self._silent = socket.create_server((self.address, PORT))

    def go_on(self) -> None:
        self.hanging = False
        self._do(lambda: [one.go_on() for one in list(self.connections)])

    def lose(self, topics: str, times: int) -> None:
        """The next so many packets to topics that start so go astray, unless they wait for a new connection."""
        self._lost[topics] = times

    def hold(self, topics: str) -> None:
        """Keep back what goes to topics that start so, until `release`."""
        self._held, self._held_topics = [], topics

    def held(self) -> int:
        """How many are kept back."""
        return len(self._held or [])

    def release(self, *, shuffle: int | None = None) -> None:
        """Let go what was held; in another order, by the seed `shuffle`."""

        def let_go() -> None:
            held, self._held = self._held or [], None
            if shuffle is not None:
                random.Random(shuffle).shuffle(held)
            for module, packet in held:
                self._deliver(module, packet, keep=False)

        self._do(let_go)

    # What the cloud does.

    def connects(self, module: str) -> int:
        """How often a module has connected; it may be away too shortly for anybody to see it."""
        return self.log.count(f"{module}: connected")

    def connected(self, module: str) -> bool:
        return any(one.module == module for one in list(self.connections))

    def desire(self, module: str, patch: dict[str, Any]) -> int:
        """Patch the desired section; gives its version."""

        def change() -> int:
            version = self.twins[module].desired.patch(patch)
            body = json.dumps({**patch, "$version": version}).encode()
            topic = f"$iothub/twin/PATCH/properties/desired/?$version={version}"
            self._deliver(module, Publish(topic, body), keep=False)
            return version

        return self._do(change)

    def reported(self, module: str) -> dict[str, Any]:
        return self._do(lambda: dict(self.twins[module].reported.values))

    def invoke(self, module: str, name: str, payload: object = None, timeout_s: float = 10) -> tuple[int, Any]:
        """Status and payload; 404 when the module is not there, 504 when it does not answer in time.

        `payload`: JSON, or bytes that go out as they are.
        """
        call, number = _Call(), uuid.uuid4().hex
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._calls[number] = call
        topic = f"$iothub/methods/POST/{urllib.parse.quote(name, safe='')}/?$rid={number}"
        if not self._do(lambda: self._deliver(module, Publish(topic, data), keep=False)):
            return 404, None
        call.answered.wait(timeout_s)
        del self._calls[number]
        return call.status, json.loads(call.payload or b"null")

    def put(self, module: str, to_input: str, body: bytes, properties: dict[str, str] | None = None) -> None:
        """Send a message to a module's input."""
        tail = urllib.parse.urlencode(properties or {}, quote_via=urllib.parse.quote)
        self._do(lambda: self._to_input(module, to_input, tail, body))

    def sent(self, module: str, output: str) -> list[Message]:
        return self._do(lambda: [one for one in self.messages if (one.module, one.output) == (module, output)])

    # What clients do; on the hub's thread.

    def take(self, module: str, packet: Publish) -> bool:
        """False when a client may not publish there."""
        topic, number = packet.topic, packet.topic.partition("$rid=")[2].partition("&")[0]
        if topic.startswith("$iothub/twin/GET/"):
            document = self.twins[module].document()
            self.twin_operations.append(TwinOperation(module, "read", len(document)))
            self._answer(module, f"$iothub/twin/res/200/?$rid={number}", document)
        elif topic.startswith(_REPORTED):
            self.twin_operations.append(TwinOperation(module, "patch", len(packet.payload)))
            try:
                version = self.twins[module].report(packet.payload)
                self._answer(module, f"$iothub/twin/res/204/?$rid={number}&$version={version}", b"")
            except Refused as error:
                self.log.append(f"{module}: reported properties refused: {error}")
                self._answer(module, f"$iothub/twin/res/{error.status}/?$rid={number}", str(error).encode())
        elif topic.startswith("$iothub/methods/res/"):
            if (call := self._calls.get(number)) is not None:
                call.status, call.payload = int(topic.split("/")[3]), packet.payload
                call.answered.set()
        elif topic.startswith(start := f"devices/{self.device}/modules/{module}/messages/events/"):
            return self._message(module, topic.removeprefix(start), packet)
        else:
            return False
        return True

    def _message(self, module: str, tail: str, packet: Publish) -> bool:
        if len(packet.payload) + len(tail) > MOST_MESSAGE_BYTES:
            return False
        pairs = [one.partition("=")[::2] for one in tail.split("&") if one]
        named = {urllib.parse.unquote(name): urllib.parse.unquote(value) for name, value in pairs}
        system = {name: value for name, value in named.items() if name.startswith("$.")}
        properties = {name: value for name, value in named.items() if not name.startswith("$.")}
        output = system.get("$.on", "")
        if output in OUTPUTS:
            self.unfit += _problems(output, packet.payload, system)
        self.messages.append(Message(module, output, packet.payload, system, properties, packet.again))
        onward = "&".join(f"{name}={value}" for name, value in pairs if urllib.parse.unquote(name) != "$.on")
        for route in self.routes:
            if (route.module, route.output) == (module, output):
                self._to_input(route.to_module, route.to_input, onward, packet.payload)
        return True

    def _to_input(self, module: str, to_input: str, tail: str, body: bytes) -> None:
        topic = f"devices/{self.device}/modules/{module}/inputs/{to_input}/{tail}"
        self._deliver(module, Publish(topic, body), keep=True)

    def _answer(self, module: str, topic: str, body: bytes) -> None:
        self._deliver(module, Publish(topic, body, qos=0), keep=False)

    def _deliver(self, module: str, packet: Publish, *, keep: bool) -> bool:
        """Whether it went out; `keep`: a client that is away gets it later."""
        session = self.sessions.get(module)
        if session is None or not session.wants(packet.topic):
            return False
        if self._held is not None and packet.topic.startswith(self._held_topics):
            self._held.append((module, packet))
            return True
        for topics, left in self._lost.items():
            if left > 0 and packet.topic.startswith(topics):
                self._lost[topics] -= 1
                if packet.qos:
                    session.numbered(packet)
                return True
        for connection in self.connections:
            if connection.session is session:
                connection.deliver(packet)
                return True
        if keep:
            session.keep(packet)
        return False

    def _cut_all(self) -> None:
        for one in list(self.connections):
            one.cut()

    def _do(self, work: Callable[[], Result]) -> Result:
        async def run() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)


def _problems(output: str, payload: bytes, system: dict[str, str]) -> list[str]:
    """Why routes could not look into a message, or the cloud not read it."""
    found = []
    for name, value in (("$.ct", "application/json"), ("$.ce", "utf-8")):
        if system.get(name) != value:
            found.append(f"{output}: {name}: {value} expected, got {system.get(name)!r}")
    try:
        body = json.loads(payload)
    except ValueError as error:
        return [*found, f"{output}: JSON expected: {error}"]
    if body.get("message_id") != system.get("$.mid"):
        found.append(f"{output}: message_id: that of the message expected, got {body.get('message_id')!r}")
    return found + problems(output, body)
