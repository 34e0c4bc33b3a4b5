import pytest

from tests.edge import mqtt
from tests.edge.mqtt import BadPacket, Connect, Decoder, PubAck, Publish

CONNECT = bytes.fromhex("101800044d51545404c0003c") + b"\x00\x03a/b" + b"\x00\x01u" + b"\x00\x04pass"


def decoded(data: bytes) -> list[mqtt.Packet]:
    return list(Decoder().feed(data))


def test_a_connect_is_read() -> None:
    assert decoded(CONNECT) == [Connect("a/b", False, 60, "u", "pass")]


@pytest.mark.parametrize("size", [0, 120, 127, 128, 16_383, 16_384, 200_000])
def test_a_message_of_any_length_comes_back_as_it_was(size: int) -> None:
    packet = Publish("$iothub/twin/ü", bytes(size), 1, 77, True)

    assert decoded(mqtt.publish(packet)) == [packet]


def test_packets_that_come_byte_by_byte_or_many_at_once_are_the_same() -> None:
    data = CONNECT + mqtt.publish(Publish("a", b"1", 1, 5)) + mqtt.puback(9) + mqtt.publish(Publish("b", b"2", 0))
    decoder = Decoder()

    single = [packet for byte in data for packet in decoder.feed(bytes([byte]))]

    assert single == decoded(data)
    assert single[1:] == [Publish("a", b"1", 1, 5), PubAck(9), Publish("b", b"2", 0)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x30\xff\xff\xff\xff\x01", id="length of five bytes"),
        pytest.param(b"\x30\x02\x00\x09", id="text cut short"),
        pytest.param(b"\x34\x05\x00\x01a\x00\x01", id="quality of service 2"),
        pytest.param(b"\x20\x02\x00\x00", id="a packet that only servers send"),
        pytest.param(CONNECT.replace(b"MQTT\x04", b"MQTT\x05"), id="MQTT 5"),
        pytest.param(b"\x32\x04\x00\x02\xff\xfe", id="not UTF-8"),
    ],
)
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(BadPacket):
        decoded(data)
