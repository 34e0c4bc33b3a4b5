"""The newest value for each key, between threads: nobody waits to put, and an older value nobody took is replaced."""

import threading
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LatestByKey(Generic[Value]):
    """One slot a key. `take` serves the key that has waited longest, so no key starves another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, Value] = {}
        self._newest: dict[str, tuple[int, Value]] = {}
        self._count = 0

    def put(self, key: str, value: Value) -> None:
        with self._changed:
            self._count += 1
            # A key that is already waiting keeps its place in line; only its value is newer.
            self._waiting[key] = value
            self._newest[key] = (self._count, value)
            self._changed.notify_all()

    def take(self, timeout_s: float) -> tuple[str, Value] | None:
        """Remove and return the value of the key that has waited longest; None when time is up."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, timeout_s):
                return None
            key = next(iter(self._waiting))
            return key, self._waiting.pop(key)

    def after(self, key: str, seen: int, timeout_s: float) -> tuple[int, Value] | None:
        """The newest value of a key and its number, if that is beyond `seen`; None when time is up. Takes nothing."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._newest.get(key, (0,))[0] > seen, timeout_s):
                return None
            return self._newest[key]

    def forget(self, key: str) -> None:
        with self._changed:
            self._waiting.pop(key, None)
            self._newest.pop(key, None)
