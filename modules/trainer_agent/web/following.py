"""Server-sent events: a page follows something for as long as it looks, a bounded number of pages at a time."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from flask import Response, copy_current_request_context

MOST_FOLLOWERS = 20
_LASTS_S = 300.0
_HEARTBEAT_S = 5.0
_followers = threading.BoundedSemaphore(MOST_FOLLOWERS)
"""Each holds a thread of the server; pages beyond these ask every few seconds instead."""


def following(next_state: Callable[[float], dict[str, Any] | None]) -> Response:
    """An answer that goes on: each state that `next_state(timeout_s)` gives is an event, None keeps the line open.

    It ends after some minutes, and readers come again by themselves.
    """
    if not _followers.acquire(blocking=False):
        # The answer that tells an EventSource not to come again.
        return Response(status=204)
    # Addresses and words are those of the request, also while the answer goes out.
    next_state = copy_current_request_context(next_state)
    response = Response(_events(next_state), mimetype="text/event-stream")
    response.call_on_close(_followers.release)
    return response


class Numbered(Protocol):
    """A state; every change of it is a new value with a higher number."""

    @property
    def number(self) -> int: ...


State = TypeVar("State", bound=Numbered)


def following_changes(
    wait_for_change: Callable[[int, float], State | None], to_json: Callable[[State], dict[str, Any]]
) -> Response:
    """As `following`: the state now and at every change; `wait_for_change(seen, timeout_s)` gives it once its number is
    another, None when time is up.
    """
    seen = -1

    def next_state(timeout_s: float) -> dict[str, Any] | None:
        nonlocal seen
        state = wait_for_change(seen, timeout_s)
        if state is None:
            return None
        seen = state.number
        return to_json(state)

    return following(next_state)


def _events(next_state: Callable[[float], dict[str, Any] | None]) -> Iterator[str]:
    yield "retry: 2000\n\n"
    ends_s = time.monotonic() + _LASTS_S
    while time.monotonic() < ends_s:
        state = next_state(_HEARTBEAT_S)
        # Writing is how a server learns that the reader has gone.
        yield ": still here\n\n" if state is None else f"data: {json.dumps(state)}\n\n"
