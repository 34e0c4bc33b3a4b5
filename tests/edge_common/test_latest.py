import threading
import time

from edge_common.latest import LatestByKey


def test_the_newest_value_replaces_one_that_nobody_took() -> None:
    slots: LatestByKey[int] = LatestByKey()
    slots.put("a", 1)
    slots.put("a", 2)

    assert slots.take(0) == ("a", 2)
    assert slots.take(0) is None


def test_the_key_that_has_waited_longest_is_served_first_however_often_others_come() -> None:
    slots: LatestByKey[int] = LatestByKey()
    slots.put("a", 1)
    slots.put("b", 1)
    slots.put("a", 2)

    served = [slots.take(0), slots.take(0)]

    assert served == [("a", 2), ("b", 1)]


def test_a_busy_key_does_not_starve_a_quiet_one() -> None:
    slots: LatestByKey[int] = LatestByKey()
    slots.put("quiet", 0)
    served = []
    for index in range(4):
        slots.put("busy", index)
        taken = slots.take(0)
        assert taken is not None
        served.append(taken[0])

    assert served[:2] == ["quiet", "busy"]


def test_taking_waits_for_a_value_of_another_thread() -> None:
    slots: LatestByKey[str] = LatestByKey()
    threading.Timer(0.05, slots.put, ("a", "value")).start()
    begun_s = time.monotonic()

    taken = slots.take(5)

    assert taken == ("a", "value")
    assert time.monotonic() - begun_s < 1


def test_taking_gives_up_in_time() -> None:
    begun_s = time.monotonic()

    assert LatestByKey[int]().take(0.05) is None
    assert 0.04 < time.monotonic() - begun_s < 1


def test_several_lookers_see_each_new_value_and_take_nothing_away() -> None:
    slots: LatestByKey[str] = LatestByKey()
    slots.put("a", "first")
    first = slots.after("a", 0, 0)
    assert first is not None
    slots.put("a", "second")

    looked = [slots.after("a", first[0], 0) for _ in range(2)]

    assert first[1] == "first"
    assert looked[0] == looked[1]
    assert looked[0] is not None
    assert looked[0][1] == "second"
    assert slots.after("a", looked[0][0], 0.01) is None
    assert slots.take(0) == ("a", "second")


def test_a_value_that_was_taken_can_still_be_looked_at() -> None:
    slots: LatestByKey[str] = LatestByKey()
    slots.put("a", "value")
    slots.take(0)

    assert slots.after("a", 0, 0) == (1, "value")


def test_a_forgotten_key_is_gone_and_the_others_stay() -> None:
    slots: LatestByKey[int] = LatestByKey()
    slots.put("a", 1)
    slots.put("b", 2)

    slots.forget("a")

    assert slots.after("a", 0, 0) is None
    assert slots.take(0) == ("b", 2)
    assert slots.take(0) is None


def test_a_key_that_comes_back_counts_on() -> None:
    slots: LatestByKey[int] = LatestByKey()
    slots.put("a", 1)
    seen = slots.after("a", 0, 0)
    assert seen is not None
    slots.forget("a")

    slots.put("a", 2)

    assert slots.after("a", seen[0], 0) == (2, 2)
