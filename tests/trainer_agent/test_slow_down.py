"""Wrong tries make the next one wait: by who tries and by all together."""

import pytest

from modules.trainer_agent.slow_down import ALL, ONE, SlowDown, TooSoon, waiting_words

DAY_S = 86_400.0


def guessed(slow: SlowDown, who: str, times: int, now_s: float = 0.0) -> float:
    """The wait after so many wrong tries at one moment."""
    for _ in range(times):
        slow.wrong(who, now_s)
    return slow.wait_s(who, now_s, known=True)


def test_a_few_wrong_tries_cost_nothing_and_then_waits_double_up_to_a_bound():
    waits = [guessed(SlowDown(0), "till", times) for times in range(14)]

    assert waits[:3] == [0, 0, 0]
    assert waits[3:7] == [2, 4, 8, 16]
    assert waits[-1] == ONE.longest_s


def test_a_wait_runs_out_so_nobody_is_locked_out_for_ever():
    slow = SlowDown(0)
    guessed(slow, "till", 5000)

    assert slow.wait_s("till", ONE.longest_s - 1, known=True) == 1
    assert slow.wait_s("till", ONE.longest_s, known=True) == 0


def test_others_do_not_wait_for_the_wrong_tries_of_one():
    slow = SlowDown(0)
    guessed(slow, "till", 6)

    assert slow.wait_s("phone", 0, known=False) == 0


def test_the_right_pin_and_a_day_without_a_wrong_one_begin_anew():
    slow = SlowDown(0)
    guessed(slow, "till", 6)
    guessed(slow, "phone", 6)

    slow.right("till")

    assert slow.wait_s("till", 0, known=True) == 0
    assert guessed(slow, "phone", 1, now_s=DAY_S + 1) == 0


def test_guesses_from_many_addresses_slow_down_all_but_those_who_are_known():
    slow = SlowDown(0)
    for number in range(40):
        slow.wrong(f"stranger {number}", 0)

    assert slow.wait_s("phone", 0, known=False) == ALL.longest_s
    assert slow.wait_s("phone", 0, known=True) == 0
    assert slow.wait_s("phone", ALL.longest_s, known=False) == 0


def test_a_restart_is_no_way_around_the_wait():
    slow = SlowDown(0)
    guessed(slow, "stranger", 30)

    again = SlowDown(1000, slow.wrong_in_all)

    assert again.wait_s("another", 1000, known=False) == ALL.longest_s


def test_an_address_is_forgotten_when_there_are_too_many_and_memory_stays_bounded():
    slow = SlowDown(0)
    guessed(slow, "first", 6)
    for number in range(2000):
        slow.wrong(f"stranger {number}", 0)

    assert slow.wait_s("first", 0, known=True) == 0


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [(0.2, "1 second"), (4, "4 seconds"), (98.5, "99 seconds"), (100, "2 minutes"), (900, "15 minutes")],
)
def test_a_wait_is_told_in_words(wait_s, words):
    assert waiting_words(wait_s) == words
    assert str(TooSoon(wait_s)) == f"Wait {words}, then try again."
