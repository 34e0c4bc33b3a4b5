"""A module's messages on their way to the hub: sealed, kept on disk, sent one after the other, and metered."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_common.metering import Meter
from edge_common.outbox import Message, Outbox, OutboxError
from edge_common.telemetry import Body, Source

log = logging.getLogger(__name__)


class Outgoing:
    """`keep` from any thread, the rest from the thread that sends."""

    def __init__(self, folder: Path, source: Source, report: Callable[[Mapping[str, Any]], None]) -> None:
        self._source, self._report = source, report
        self._outbox = Outbox(folder / "outbox.sqlite")
        self._meter = Meter(folder / "metered.json")
        self._dropped: dict[str, int] = {}

    def keep(self, body: Body) -> None:
        """It is on disk when this comes back, or lost, which is logged."""
        try:
            self._outbox.add(body.output, lambda *stamp: self._source.sealed(body, *stamp))
        except (OutboxError, ValueError) as error:
            # A module must go on looking while the disk is full.
            log.error("a message is lost: %s", error)

    def send_first(self, send: Callable[[Message], None]) -> bool:
        """Hand the next message to `send`, whose errors go through; False when none waits. Raises OutboxError."""
        message = self._outbox.first()
        self.tell()
        if message is None:
            return False
        send(message)
        self._outbox.done(message)
        self._meter.count(message.output, len(message.body))
        return True

    def tell(self) -> None:
        """Report what was given up and what was used, where that is new."""
        if (dropped := self._outbox.dropped()) != self._dropped:
            log.warning("messages given up so far, by output: %s", dropped)
            self._dropped = dropped
            self._report({"outbox": {"dropped": dropped}})
        if (used := self._meter.news()) is not None:
            self._report({"telemetry": used})

    def close(self) -> None:
        self._outbox.close()
        self._meter.close()
