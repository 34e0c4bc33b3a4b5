"""MQTT 3.1.1 as a server speaks it, for quality of service 0 and 1: bytes to packets and back, no sockets.

Section numbers are those of the OASIS standard of 2014.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

ACCEPTED, NOT_AUTHORIZED = 0, 5
"""Return codes of CONNACK (3.2.2.3)."""
_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 1, 2, 3, 4
_SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK = 8, 9, 10, 11
_PINGREQ, _PINGRESP, _DISCONNECT = 12, 13, 14


class BadPacket(Exception):
    """Bytes that are no packet of MQTT 3.1.1 that a client may send."""


@dataclass(frozen=True)
class Connect:
    client_id: str
    clean_session: bool
    keep_alive_s: int
    user: str
    password: str


@dataclass(frozen=True)
class Publish:
    topic: str
    payload: bytes
    qos: int = 1
    packet_id: int = 0
    again: bool = False


@dataclass(frozen=True)
class PubAck:
    packet_id: int


@dataclass(frozen=True)
class Subscribe:
    packet_id: int
    filters: tuple[tuple[str, int], ...]
    """Topic filter and the quality of service that is asked for."""


@dataclass(frozen=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True)
class Ping:
    pass


@dataclass(frozen=True)
class Disconnect:
    pass


Packet = Connect | Publish | PubAck | Subscribe | Unsubscribe | Ping | Disconnect


class Decoder:
    """Takes bytes as they come and gives the packets that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Raises BadPacket."""
        self._buffer += data
        while (head := self._head()) is not None:
            start, end = head
            first, body = self._buffer[0], bytes(self._buffer[start:end])
            del self._buffer[:end]
            try:
                yield _decode(first >> 4, first & 15, body)
            except (struct.error, UnicodeDecodeError) as error:
                raise BadPacket(f"a packet of type {first >> 4} that is malformed: {error}") from error

    def _head(self) -> tuple[int, int] | None:
        """Where the body of the first packet starts and ends (2.2.3); None while there is less."""
        length = 0
        for place, byte in enumerate(self._buffer[1:5]):
            length |= (byte & 127) << (7 * place)
            if not byte & 128:
                start = place + 2
                return (start, start + length) if len(self._buffer) >= start + length else None
        if len(self._buffer) >= 5:
            raise BadPacket("a length of more than four bytes")
        return None


def connack(code: int, *, session_present: bool = False) -> bytes:
    return _packet(_CONNACK, 0, bytes([session_present, code]))


def publish(packet: Publish) -> bytes:
    number = struct.pack("!H", packet.packet_id) if packet.qos else b""
    flags = packet.again << 3 | packet.qos << 1
    return _packet(_PUBLISH, flags, _text(packet.topic) + number + packet.payload)


def puback(packet_id: int) -> bytes:
    return _packet(_PUBACK, 0, struct.pack("!H", packet_id))


def suback(packet_id: int, granted: list[int]) -> bytes:
    return _packet(_SUBACK, 0, struct.pack("!H", packet_id) + bytes(granted))


def unsuback(packet_id: int) -> bytes:
    return _packet(_UNSUBACK, 0, struct.pack("!H", packet_id))


def pingresp() -> bytes:
    return _packet(_PINGRESP, 0, b"")


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    head, left = bytearray([kind << 4 | flags]), len(body)
    while True:
        left, byte = left >> 7, left & 127
        head.append(byte | 128 if left else byte)
        if not left:
            return bytes(head) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _decode(kind: int, flags: int, body: bytes) -> Packet:
    reader = _Reader(body)
    match kind:
        case 1:
            return _connect(reader)
        case 3:
            topic, qos = reader.text(), flags >> 1 & 3
            if qos > 1:
                raise BadPacket(f"quality of service 0 or 1 expected, got {qos}")
            number = reader.number() if qos else 0
            return Publish(topic, reader.rest(), qos, number, bool(flags & 8))
        case 4:
            return PubAck(reader.number())
        case 8:
            number, filters = reader.number(), []
            while reader.left():
                filters.append((reader.text(), reader.byte()))
            return Subscribe(number, tuple(filters))
        case 10:
            number, names = reader.number(), []
            while reader.left():
                names.append(reader.text())
            return Unsubscribe(number, tuple(names))
        case 12:
            return Ping()
        case 14:
            return Disconnect()
    raise BadPacket(f"a packet that a client may send expected, got type {kind}")


def _connect(reader: "_Reader") -> Connect:
    """3.1; wills are not taken, as the hub forwards none."""
    name, level, flags = reader.text(), reader.byte(), reader.byte()
    if (name, level) != ("MQTT", 4):
        raise BadPacket(f"MQTT 3.1.1 expected, got {name!r} level {level}")
    if flags & 4 or not flags & 0xC0 == 0xC0:
        raise BadPacket("a client with user name and password and without a will expected")
    keep_alive_s, client_id = reader.number(), reader.text()
    return Connect(client_id, bool(flags & 2), keep_alive_s, reader.text(), reader.text())


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def left(self) -> int:
        return len(self._data) - self._place

    def byte(self) -> int:
        return self._take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self._take(2))

    def text(self) -> str:
        return self._take(self.number()).decode()

    def rest(self) -> bytes:
        return self._take(self.left())

    def _take(self, count: int) -> bytes:
        if count > self.left():
            raise BadPacket(f"{count} more bytes expected, got {self.left()}")
        self._place += count
        return self._data[self._place - count : self._place]
