"""Work on many things in threads, results in order, only a few of them waiting at any time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


def side_by_side(
    pool: Executor, make: Callable[[Thing], Made], things: Iterable[Thing], *, ahead: int
) -> Iterator[Made]:
    """What is made of each thing, in order; at most `ahead` more are made before one is taken."""
    waiting: deque[Future[Made]] = deque()
    for thing in things:
        waiting.append(pool.submit(make, thing))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
