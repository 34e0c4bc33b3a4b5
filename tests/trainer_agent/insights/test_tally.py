from modules.trainer_agent.insights import tally as limits
from modules.trainer_agent.insights.tally import LASTS_S, Series, Sums, Tally
from tests.trainer_agent.insights.told import NOON, trace

COUNT = Series("low-stock", "aisle-4", "count", "number")
LOW = Series("low-stock", "aisle-4", "low", "condition")
MINUTE = NOON // 60


def counted(*traces):
    tally = Tally()
    for one in traces:
        tally.add(one)
    return tally.take()


def test_each_second_is_counted_as_the_last_trace_told():
    cells = counted(trace(0, count=4, low=False), trace(1, count=2, low=True), trace(3, count=9, low=False))

    assert cells[MINUTE, COUNT] == Sums(known=3, total=8000, low=2000, high=4000)
    assert cells[MINUTE, LOW] == Sums(known=3, true=2)


def test_a_minute_has_sixty_seconds_however_often_a_camera_gives_pictures():
    for every in (0.2, 0.97, 1.03, 4.0):
        times = [number * every for number in range(int(200 / every))]

        cells = counted(*(trace(time, count=1) for time in times))

        assert cells[MINUTE + 1, COUNT].known == 60, every


def test_a_camera_that_is_lost_is_not_counted():
    cells = counted(trace(0, low=True), trace(50, low=True), trace(51, low=True))

    assert cells[MINUTE, LOW] == Sums(known=LASTS_S + 1, true=LASTS_S + 1)


def test_seconds_lie_in_their_own_minute():
    cells = counted(trace(57, count=3), trace(62, count=3))

    assert {minute: sums.known for (minute, _), sums in cells.items()} == {MINUTE: 3, MINUTE + 1: 2}


def test_a_clock_that_is_set_back_counts_nothing_twice_at_once():
    cells = counted(trace(100, count=3), trace(10, count=5), trace(12, count=5))

    assert {minute: sums.known for (minute, _), sums in cells.items()} == {MINUTE: 2}


def test_boxes_have_no_line_of_their_own():
    given = trace(0, count=3)
    boxes = given.steps["count"].model_copy(update={"boxes": ()})

    cells = counted(given.model_copy(update={"steps": {"bottles": boxes}}), trace(1, low=True), trace(2, low=True))

    assert {series.step for _, series in cells} == {"low"}


def test_what_could_not_be_written_is_added_to_what_came_meanwhile():
    tally = Tally()
    tally.add(trace(0, count=4))
    tally.add(trace(2, count=1))
    unwritten = tally.take()
    tally.add(trace(4, count=7))

    tally.put_back(unwritten)

    assert tally.take() == {(MINUTE, COUNT): Sums(known=4, total=10_000, low=1000, high=4000)}


def test_of_too_much_that_waits_the_oldest_is_given_up(monkeypatch):
    monkeypatch.setattr(limits, "MOST_CELLS", 2)
    tally = Tally()

    tally.put_back({(MINUTE + number, COUNT): Sums(known=1) for number in range(5)})

    assert [minute for minute, _ in tally.take()] == [MINUTE + 3, MINUTE + 4]
    assert tally.lost == 3
