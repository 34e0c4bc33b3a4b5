"""A module's line to Azure IoT Edge, on a thread of its own: twin, reports, messages, inputs, methods, whatever breaks.

One client of the SDK (`azure_client.py`) serves one connection; when it ends, a new one is made after a pause. In
between the module goes on: settings are those known last, reports and messages wait on disk.
"""

import logging
import queue
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_common.azure_client import AzureClient, Call, Ended, HubLost, HubRefused, Limits, Patch, Wake
from edge_common.desired_section import DesiredSection
from edge_common.errors import EdgeError
from edge_common.hub import Desired, Incoming
from edge_common.kept_reports import KeptReports
from edge_common.methods import Method, MethodDesk
from edge_common.outbox import OutboxError
from edge_common.outgoing import Outgoing
from edge_common.telemetry import Body, Source

log = logging.getLogger(__name__)

_MOST_INPUTS = 256
_MOST_CALLS = 16
_STOP_WITHIN_S = 3.0


@dataclass(frozen=True)
class Timing:
    """Of the line, in seconds."""

    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    steady_after_s: float = 60.0
    settle_s: float = 0.3
    """So long a missing patch is waited for before the full twin is asked for."""
    report_gap_s: float = 1.0
    refused_pause_s: float = 60.0
    renew_after_s: float = 2700.0
    """A new client with a new token is made so long after the last; again each `renew_again_s` while it fails."""
    renew_again_s: float = 60.0
    give_up_after_s: float = 3400.0
    """Before the SDK tries to renew a token itself, which may hold up all that it does."""
    limits: Limits = field(default_factory=Limits)


class AzureHub:
    """A `Hub`; see there. `close` it before the program ends."""

    def __init__(
        self, folder: Path, connection: str | None = None, timing: Timing | None = None, source: Source | None = None
    ) -> None:
        """`folder`: for reported properties and messages; `connection`: a connection string for development.

        `source`: whose messages they are; None: this machine's, and the module's for which the folder is named.
        """
        self._timing = timing or Timing()
        self._connection = connection
        self._reports = KeptReports(folder / "reported.json", gap_s=self._timing.report_gap_s)
        self._outgoing = Outgoing(folder, source or Source(socket.gethostname(), folder.name), self.report)
        self._changed = threading.Condition()
        self._desired: Desired | None = None
        self._given: Desired | None = None
        self._desk = MethodDesk({})
        self._calls: queue.Queue[Call] = queue.Queue(_MOST_CALLS)
        self._inputs: deque[Incoming] = deque(maxlen=_MOST_INPUTS)
        self._section = DesiredSection()
        self._doubted_s: float | None = None
        self._client: AzureClient | None = None
        self._reason = ""
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="hub", daemon=True),
            threading.Thread(target=self._send_all, name="outbox", daemon=True),
            threading.Thread(target=self._answer_all, name="methods", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def next_desired(self, timeout_s: float) -> Desired | None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._desired != self._given, timeout_s):
                return None
            self._given = self._desired
            return self._given

    def next_message(self, timeout_s: float) -> Incoming | None:
        with self._changed:
            return self._inputs.popleft() if self._changed.wait_for(lambda: self._inputs, timeout_s) else None

    def report(self, patch: Mapping[str, Any]) -> None:
        self._reports.lay(patch)
        self._wake()

    def send(self, body: Body) -> None:
        self._outgoing.keep(body)
        with self._changed:
            self._changed.notify_all()

    def serve(self, methods: Mapping[str, Method[Any]]) -> None:
        self._desk = MethodDesk(methods)

    def connected(self) -> bool:
        return self._client is not None

    def close(self) -> None:
        """Let go of the hub; what waits on disk goes out the next time."""
        self._stop.set()
        self._wake()
        deadline_s = time.monotonic() + _STOP_WITHIN_S
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._outgoing.close()

    # The thread of the line.

    def _run(self) -> None:
        pause_s = self._timing.first_pause_s
        while not self._stop.is_set():
            started_s = time.monotonic()
            client = self._new_client()
            try:
                client.make()
                following: AzureClient | None = client
                while following is not None:
                    following = self._serve(following)
            except EdgeError as error:
                self._tell(str(error))
            if time.monotonic() - started_s >= self._timing.steady_after_s:
                pause_s = self._timing.first_pause_s
            # Devices that lost the same hub at the same time do not all come back at the same time.
            self._stop.wait(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, self._timing.longest_pause_s)

    def _new_client(self) -> AzureClient:
        return AzureClient(
            self._connection, on_input=self._take_input, on_call=self._take_call, limits=self._timing.limits
        )

    def _serve(self, client: AzureClient) -> AzureClient | None:
        """Until the connection ends (raises HubLost), its token has to be renewed (the next client), or the stop."""
        try:
            client.connect()
            self._ask(client)
            self._tell("")
            self._set_client(client)
            renew_s = time.monotonic() + self._timing.renew_after_s
            end_s = time.monotonic() + self._timing.give_up_after_s
            while not self._stop.is_set():
                if not client.connected():
                    raise HubLost("the connection was lost")
                if time.monotonic() >= end_s:
                    raise HubLost("the token could not be renewed in time")
                if time.monotonic() >= renew_s:
                    if (following := self._renewed()) is not None:
                        return following
                    renew_s = time.monotonic() + self._timing.renew_again_s
                self._report(client)
                self._take_event(client)
            return None
        finally:
            self._set_client(None)
            client.close()

    def _renewed(self) -> AzureClient | None:
        """The next client with a token of its own, made while the present one is still connected."""
        following = self._new_client()
        try:
            following.make()
        except HubLost as error:
            log.warning("the token is not renewed yet: %s", error)
            return None
        return following

    def _take_event(self, client: AzureClient) -> None:
        match client.next_event(self._wait_s()):
            case Patch(body):
                self._section.patch(body)
                self._publish()
            case Ended(reason):
                raise HubLost(reason)
        if not self._section.doubtful():
            self._doubted_s = None
        elif self._doubted_s is None:
            self._doubted_s = time.monotonic()
        elif time.monotonic() - self._doubted_s >= self._timing.settle_s:
            self._ask(client)

    def _ask(self, client: AzureClient) -> None:
        twin = client.twin()
        self._doubted_s = None
        self._section.full(twin["desired"])
        self._publish()
        self._reports.found(twin["reported"])

    def _publish(self) -> None:
        with self._changed:
            self._desired = Desired(self._section.version, self._section.values)
            self._changed.notify_all()

    def _report(self, client: AzureClient) -> None:
        try:
            self._reports.send(client.report)
        except HubRefused as error:
            log.error("%s", error)
            self._reports.pause(self._timing.refused_pause_s)

    def _wait_s(self) -> float:
        return min(0.5, self._timing.settle_s, self._reports.due_in_s() or 0.5)

    # The thread of the outbox.

    def _send_all(self) -> None:
        while not self._stop.is_set():
            client = self._client
            try:
                if client is None:
                    self._outgoing.tell()
                if client is None or not self._outgoing.send_first(client.send):
                    with self._changed:
                        self._changed.wait(0.5)
            except OutboxError as error:
                log.error("%s", error)
                self._stop.wait(5)
            except EdgeError as error:
                if client is not None:
                    client.end(str(error))
                    self._set_client(None)

    # The thread of methods.

    def _answer_all(self) -> None:
        while not self._stop.is_set():
            try:
                call = self._calls.get(timeout=0.5)
            except queue.Empty:
                continue
            answer = self._desk.answer(call.name, call.payload)
            log.info("method %s: %d", call.name, answer.status)
            with self._changed:
                # A call may come before the full twin of a new connection has.
                self._changed.wait_for(lambda: self._client is not None, self._timing.limits.answer_s)
                client = self._client
            if client is not None:
                try:
                    client.answer(call, answer.status, answer.payload)
                except EdgeError as error:
                    client.end(str(error))

    # From any thread.

    def _take_input(self, message: Incoming) -> None:
        with self._changed:
            self._inputs.append(message)
            self._changed.notify_all()

    def _take_call(self, call: Call) -> None:
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            log.error("method %s is not answered: %d others wait", call.name, _MOST_CALLS)

    def _set_client(self, client: AzureClient | None) -> None:
        with self._changed:
            self._client = client
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
            if self._client is not None:
                self._client.events.put(Wake())

    def _tell(self, reason: str) -> None:
        """Log a change only: a hub may be away for weeks."""
        if reason != self._reason:
            if reason:
                log.warning("no line to the hub, trying again: %s", reason)
            else:
                log.info("connected to the hub")
            self._reason = reason
