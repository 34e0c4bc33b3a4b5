import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from modules.trainer_agent.learning.side_by_side import side_by_side


def test_results_come_in_order_whichever_is_ready_first() -> None:
    gate = threading.Event()

    def make(number: int) -> int:
        if number == 0:
            gate.wait(5)
        elif number == 2:
            gate.set()
        return number * 10

    with ThreadPoolExecutor(2) as pool:
        assert list(side_by_side(pool, make, range(5), ahead=3)) == [0, 10, 20, 30, 40]


def test_only_a_few_are_made_before_one_is_taken() -> None:
    made: list[int] = []
    with ThreadPoolExecutor(2) as pool:
        results = side_by_side(pool, made.append, range(100), ahead=2)

        next(results)

        assert len(made) <= 3
        results.close()


def test_a_failure_is_raised_where_its_result_would_come() -> None:
    with ThreadPoolExecutor(2) as pool:
        results = side_by_side(pool, lambda number: 1 // number, [1, 0], ahead=1)

        assert next(results) == 1
        with pytest.raises(ZeroDivisionError):
            next(results)
