"""Trying again over a line that breaks: with pauses that grow, and not for ever."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from edge_common.errors import EdgeError, LineLost

Given = TypeVar("Given")


class Stopped(EdgeError):
    """The program ends; what was under way goes on after the next start."""

    code = "stopped"


@dataclass(frozen=True)
class Patience:
    """How long to wait before the next try, and until when."""

    first_s: float = 1.0
    longest_s: float = 300.0
    give_up_after_s: float = 86_400.0
    """Without one try that went well."""


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True)
class Persistence:
    """Tries until `stop` is set; `told` gets the reason before each pause, and an empty one when it went well after."""

    patience: Patience
    stop: threading.Event
    told: Callable[[str], None]

    def check(self) -> None:
        """Raises Stopped when it is to end."""
        if self.stop.is_set():
            raise Stopped("the program ends")

    def until_done(self, call: Callable[[], Given]) -> Given:
        """What it gives; raises what it raises but LineLost, that when patience is at its end, and Stopped."""
        pause_s, began_s = self.patience.first_s, time.monotonic()
        lost = False
        while True:
            self.check()
            try:
                given = call()
            except LineLost as error:
                if time.monotonic() - began_s + pause_s > self.patience.give_up_after_s:
                    raise
                lost = True
                self.told(str(error))
                self.stop.wait(pause_s)
                pause_s = min(2 * pause_s, self.patience.longest_s)
                continue
            if lost:
                self.told("")
            return given
