"""Where the page listens, and the addresses and names under which people in the same network reach this machine."""

import contextlib
import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

PIN_FILE = Path("people") / "pin.json"
"""Below the data folder; while it is there, the page answers in the network and asks everybody to sign in."""
EVERYWHERE = ""
_SIOCGIFADDR = 0x8915
_INNER_INTERFACES = ("lo", "docker", "br-", "veth", "virbr")
"""Beginnings of the names of interfaces that lead to nobody's phone."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an IP address, or with EVERYWHERE at all of this machine, IPv6 too; raises OSError."""
    if host == EVERYWHERE and socket.has_dualstack_ipv6():
        return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def plain_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text is, an IPv4 one also if it is written as IPv6; None for anything else."""
    try:
        # A link-local address names its interface: fe80::1%eth0.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_this_machine(peer: str) -> bool:
    """Whether a connection's other end is a program on this machine."""
    address = plain_address(peer)
    return address is not None and address.is_loopback


def network_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this machine that others in its network may reach; empty if it is in none."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            if name.startswith(_INNER_INTERFACES):
                continue
            # An interface without an IPv4 address answers with an error.
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asking, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
    return tuple(found)


def machine_names() -> frozenset[str]:
    """The names by which the local network may know this machine, in small letters."""
    name = socket.gethostname().lower().rstrip(".")
    short = name.partition(".")[0]
    return frozenset({name, short, f"{short}.local"} - {"", ".local"})


def neighbourhood(peer: str) -> str:
    """Who a connection comes from, for counting: an IPv4 address, or the /64 in which one machine has many of IPv6."""
    address = plain_address(peer)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or peer)
