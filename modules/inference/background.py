"""Work on a thread of its own, from `start` to `close`."""

import threading
from abc import ABC, abstractmethod


class Background(ABC):
    """What has such a thread; a fault ends it, which `alive` tells."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stop` is set."""
