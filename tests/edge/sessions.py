"""What the hub remembers of a client between its connections: subscriptions and messages that it did not confirm."""

from collections import deque
from dataclasses import replace

from tests.edge.mqtt import Publish

MOST_WAITING = 10_000


class Session:
    """One client's; quality of service 1 both ways."""

    def __init__(self) -> None:
        self.filters: set[str] = set()
        self._waiting: deque[Publish] = deque(maxlen=MOST_WAITING)
        self._unconfirmed: dict[int, Publish] = {}
        self._last_id = 0

    def wants(self, topic: str) -> bool:
        return any(_fits(one, topic) for one in self.filters)

    def keep(self, packet: Publish) -> None:
        """Of a client that is away."""
        self._waiting.append(packet)

    def numbered(self, packet: Publish) -> Publish:
        """The packet as it goes out, unconfirmed from now on."""
        self._last_id = self._last_id % 65535 + 1
        self._unconfirmed[self._last_id] = replace(packet, packet_id=self._last_id)
        return self._unconfirmed[self._last_id]

    def confirmed(self, packet_id: int) -> None:
        self._unconfirmed.pop(packet_id, None)

    def resumed(self) -> list[Publish]:
        """What goes out when the client is back: the unconfirmed marked as sent again, then what came meanwhile."""
        again = [replace(packet, again=True) for packet in self._unconfirmed.values()]
        new = [self.numbered(packet) for packet in self._waiting]
        self._waiting.clear()
        return again + new


def _fits(pattern: str, topic: str) -> bool:
    """4.7; modules subscribe to whole topics and to `...#` only."""
    return topic == pattern or (pattern.endswith("/#") and topic.startswith(pattern[:-1]))
