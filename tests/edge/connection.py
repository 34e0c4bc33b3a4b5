"""One client's connection to the test hub: who it is, its packets, and the faults that tests put in the way."""

import asyncio
import hmac
import urllib.parse
from typing import TYPE_CHECKING

from tests.edge import mqtt
from tests.edge.sessions import Session
from tests.edge.workload import signature_of

if TYPE_CHECKING:
    from tests.edge.edge_hub import EdgeHub


class Connection(asyncio.Protocol):
    """Runs on the hub's thread only."""

    def __init__(self, hub: "EdgeHub") -> None:
        self._hub = hub
        self._decoder = mqtt.Decoder()
        self._held = bytearray()
        self._keep_alive_s = 60.0
        self._quiet: asyncio.TimerHandle | None = None
        self._free_s = 0.0
        self.module: str | None = None
        self.session: Session | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._hub.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._hub.connections.discard(self)
        if self._quiet is not None:
            self._quiet.cancel()
        self.transport = None

    def data_received(self, data: bytes) -> None:
        if self._hub.hanging:
            self._held += data
            return
        try:
            for packet in self._decoder.feed(data):
                self._take(packet)
        except mqtt.BadPacket as error:
            self._hub.log.append(f"{self.module}: {error}")
            self.cut()

    def go_on(self) -> None:
        """Take what came while the hub hung."""
        held, self._held = bytes(self._held), bytearray()
        self.data_received(held)

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def write(self, data: bytes) -> None:
        if self._hub.delay_s > 0:
            self._hub.loop.call_later(self._hub.delay_s, self._write_now, data)
        else:
            self._write_now(data)

    def _write_now(self, data: bytes) -> None:
        if self.transport is not None and not self._hub.hanging:
            self.transport.write(data)

    def deliver(self, packet: mqtt.Publish) -> None:
        assert self.session is not None
        self.write(mqtt.publish(self.session.numbered(packet) if packet.qos else packet))

    def _take(self, packet: mqtt.Packet) -> None:
        if isinstance(packet, mqtt.Connect):
            self._connect(packet)
            return
        if self.session is None:
            raise mqtt.BadPacket(f"CONNECT expected first, got {packet}")
        self._watch()
        match packet:
            case mqtt.Publish():
                self._published(packet)
            case mqtt.PubAck():
                self.session.confirmed(packet.packet_id)
            case mqtt.Subscribe():
                self.session.filters |= {topic for topic, _ in packet.filters}
                self.write(mqtt.suback(packet.packet_id, [min(qos, 1) for _, qos in packet.filters]))
            case mqtt.Unsubscribe():
                self.session.filters -= set(packet.filters)
                self.write(mqtt.unsuback(packet.packet_id))
            case mqtt.Ping():
                self.write(mqtt.pingresp())
            case mqtt.Disconnect():
                assert self.transport is not None
                self.transport.close()

    def _published(self, packet: mqtt.Publish) -> None:
        if any(packet.topic.startswith(start) for start in self._hub.ignored):
            return
        if self._hub.throttle_s > 0:
            self._free_s = max(self._free_s, self._hub.loop.time()) + self._hub.throttle_s
            self._hub.loop.call_at(self._free_s, self._do_publish, packet)
        else:
            self._do_publish(packet)

    def _do_publish(self, packet: mqtt.Publish) -> None:
        assert self.module is not None
        if self.transport is None:
            return
        if not self._hub.take(self.module, packet):
            self._hub.log.append(f"{self.module}: not for it to publish: {packet.topic}")
            self.cut()
        elif packet.qos:
            self.write(mqtt.puback(packet.packet_id))

    def _connect(self, packet: mqtt.Connect) -> None:
        module = packet.client_id.removeprefix(f"{self._hub.device}/")
        ends_s = self._token_ends_s(module, packet)
        if ends_s is None or not self._hub.accepting:
            self._hub.log.append(f"{module}: refused")
            self.write(mqtt.connack(mqtt.NOT_AUTHORIZED))
            assert self.transport is not None
            self.transport.close()
            return
        for other in [one for one in self._hub.connections if one.module == module]:
            other.cut()
        session = None if packet.clean_session else self._hub.sessions.get(module)
        self.module, self.session = module, session or Session()
        self._hub.sessions[module] = self.session
        self._keep_alive_s = packet.keep_alive_s
        self._hub.log.append(f"{module}: connected")
        self.write(mqtt.connack(mqtt.ACCEPTED, session_present=session is not None))
        for waiting in self.session.resumed():
            self.write(mqtt.publish(waiting))
        self._watch()
        self._hub.loop.call_later(max(0.0, ends_s - self._hub.now_s()), self._token_ended)

    def _token_ended(self) -> None:
        if self.transport is not None:
            self._hub.log.append(f"{self.module}: its token has ended")
            self.cut()

    def _token_ends_s(self, module: str, packet: mqtt.Connect) -> float | None:
        """When the SAS token in the password ends; None when it is over, not its own or not signed with its key."""
        kind, _, fields = packet.password.partition(" ")
        token = dict(one.partition("=")[::2] for one in fields.split("&"))
        key = self._hub.keys.get(module)
        if kind != "SharedAccessSignature" or key is None or not token.get("se", "").isdecimal():
            return None
        place = f"{self._hub.name}/devices/{self._hub.device}/modules/{module}"
        signature = signature_of(key, f"{token['sr']}\n{token['se']}".encode())
        good = (
            urllib.parse.unquote(token["sr"]) == place
            and hmac.compare_digest(urllib.parse.unquote(token["sig"]), signature)
            and packet.user.startswith(f"{self._hub.name}/{packet.client_id}/?api-version=")
            and int(token["se"]) > self._hub.now_s()
        )
        return float(token["se"]) if good else None

    def _watch(self) -> None:
        """3.1.2.10: who says nothing for one and a half times of its keep-alive is cut off."""
        if self._quiet is not None:
            self._quiet.cancel()
        if self._keep_alive_s:
            self._quiet = self._hub.loop.call_later(1.5 * self._keep_alive_s, self.cut)
