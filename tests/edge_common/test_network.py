"""Where the page listens, and which addresses are this machine's."""

import http.client
import socket

import pytest

from edge_common.network import (
    EVERYWHERE,
    is_this_machine,
    listen,
    machine_names,
    neighbourhood,
    network_addresses,
    plain_address,
)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::1%lo"])
def test_a_loopback_address_is_this_machine(peer):
    assert is_this_machine(peer)


@pytest.mark.parametrize(
    "peer", ["192.168.1.20", "::ffff:192.168.1.20", "fe80::1%eth0", "0.0.0.0", "::", "", "localhost"]
)
def test_any_other_peer_is_not(peer):
    assert not is_this_machine(peer)


def test_an_address_is_told_from_a_name():
    assert str(plain_address("::ffff:192.168.1.20")) == "192.168.1.20"
    assert plain_address("192.168.1.20.shop.example") is None
    assert plain_address("3232235796") is None


def test_one_machine_with_many_ipv6_addresses_counts_once():
    assert neighbourhood("fd00::1") == neighbourhood("fd00::2:3") != neighbourhood("fd00:0:0:1::1")
    assert neighbourhood("::ffff:10.0.0.1") == neighbourhood("10.0.0.1") != neighbourhood("10.0.0.2")


def test_everywhere_is_each_address_of_this_machine():
    with listen(EVERYWHERE, 0) as server:
        port = server.getsockname()[1]
        for address in ("127.0.0.1", *(["::1"] if socket.has_dualstack_ipv6() else []), *network_addresses()):
            socket.create_connection((address, port), timeout=5).close()


def test_one_address_is_that_one_alone():
    with listen("127.0.0.1", 0) as server:
        for address in network_addresses():
            with pytest.raises(ConnectionRefusedError):
                http.client.HTTPConnection(address, server.getsockname()[1], timeout=5).connect()


def test_the_machine_is_known_by_its_name_and_in_the_local_network():
    name = socket.gethostname().lower()

    assert name in machine_names()
    assert f"{name.partition('.')[0]}.local" in machine_names()
