import time

from modules.inference.skills.arrivals import MOST_WAITING, Arrival, Arrivals
from tests.inference.skills.bench import result
from tests.inference.tiny_models import coloured_frame


def arrival(camera: str, number: int) -> Arrival:
    frame = coloured_frame(camera=camera, sequence=number, taken_ns=number)
    return Arrival(frame, (result(frame, 1),))


def numbers(arrivals: Arrivals, count: int) -> list[tuple[str, int]]:
    taken = [arrivals.take(0.1) for _ in range(count)]
    return [(one.results[0].camera, one.results[0].taken_ns) for one in taken if one is not None]


def test_who_puts_never_waits_and_the_oldest_of_the_camera_give_way() -> None:
    arrivals = Arrivals()
    arrivals.put(arrival("till", 1))
    began_s = time.monotonic()
    for number in range(1, 101):
        arrivals.put(arrival("shelf", number))

    assert time.monotonic() - began_s < 1
    assert arrivals.missed == 100 - MOST_WAITING
    taken = numbers(arrivals, 1 + MOST_WAITING)
    assert ("till", 1) in taken
    assert [number for camera, number in taken if camera == "shelf"] == [98, 99, 100]
    assert arrivals.take(0.01) is None


def test_no_camera_starves_another() -> None:
    arrivals = Arrivals()
    for camera in ("a", "b"):
        for number in (1, 2):
            arrivals.put(arrival(camera, number))

    assert numbers(arrivals, 4) == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]
