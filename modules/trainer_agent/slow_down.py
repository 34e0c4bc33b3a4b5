"""Wrong tries make the next one wait, twice as long each time, up to a bound: by who tries and by all together.

Holds no lock and reads no clock: the caller does both.
"""

from collections import OrderedDict
from dataclasses import dataclass

from edge_common.errors import EdgeError
from edge_common.sentences import Sentence, counted, sentence

_MOST_REMEMBERED = 2000


class TooSoon(EdgeError):
    """A try that must wait; it was not even looked at."""

    code = "too_soon"

    def __init__(self, wait_s: float) -> None:
        super().__init__(sentence("Wait %(time)s, then try again.", time=waiting_words(wait_s)))
        self.wait_s = wait_s


@dataclass(frozen=True)
class Steps:
    """How long wrong tries wait."""

    free: int
    """So many wrong tries cost nothing."""
    first_s: float
    longest_s: float
    forgotten_after_s: float
    """Without another wrong try for so long, all begins anew."""

    def wait_s(self, wrong: int) -> float:
        """How long the try after so many wrong ones waits."""
        if wrong < self.free:
            return 0.0
        # The exponent is bounded, as no float holds two to the power of all tries of a year.
        return min(self.first_s * 2.0 ** min(wrong - self.free, 64), self.longest_s)


@dataclass(frozen=True)
class _Tries:
    wrong: int = 0
    last_s: float = 0.0


ONE = Steps(free=3, first_s=2.0, longest_s=900.0, forgotten_after_s=86_400.0)
"""Whoever mistypes three times feels nothing; who guesses gets a hundred tries a day."""
ALL = Steps(free=20, first_s=1.0, longest_s=60.0, forgotten_after_s=3_600.0)
"""For guesses from many addresses. A minute at most, so that guessing cannot keep staff out for long."""


class SlowDown:
    """Counts wrong tries by who made them. `now_s`: seconds on a clock that never goes back."""

    def __init__(self, now_s: float, wrong_in_all: int = 0) -> None:
        """`wrong_in_all`: what was counted before a restart, which must not be a way around the wait."""
        self._by_who: OrderedDict[str, _Tries] = OrderedDict()
        self._in_all = _Tries(wrong_in_all, now_s)

    @property
    def wrong_in_all(self) -> int:
        return self._in_all.wrong

    def wait_s(self, who: str, now_s: float, *, known: bool) -> float:
        """How long `who` must wait yet; one who is `known` does not wait for what others did wrong."""
        own = _left_s(ONE, self._by_who.get(who, _Tries()), now_s)
        return own if known else max(own, _left_s(ALL, self._in_all, now_s))

    def wrong(self, who: str, now_s: float) -> None:
        self._by_who[who] = _one_more(ONE, self._by_who.get(who, _Tries()), now_s)
        self._by_who.move_to_end(who)
        if len(self._by_who) > _MOST_REMEMBERED:
            self._by_who.popitem(last=False)
        self._in_all = _one_more(ALL, self._in_all, now_s)

    def right(self, who: str) -> None:
        """What `who` did wrong before is forgotten; what all did is not, or each sign-in would help who guesses."""
        self._by_who.pop(who, None)


def waiting_words(wait_s: float) -> Sentence:
    """A wait for people: "4 seconds", "2 minutes"."""
    seconds = max(1, -int(-wait_s // 1))
    if seconds < 100:
        return counted("%(num)s second", "%(num)s seconds", seconds)
    return counted("%(num)s minute", "%(num)s minutes", -(-seconds // 60))


def _left_s(steps: Steps, tries: _Tries, now_s: float) -> float:
    return max(0.0, tries.last_s + steps.wait_s(tries.wrong) - now_s)


def _one_more(steps: Steps, tries: _Tries, now_s: float) -> _Tries:
    before = 0 if now_s - tries.last_s > steps.forgotten_after_s else tries.wrong
    return _Tries(before + 1, now_s)
