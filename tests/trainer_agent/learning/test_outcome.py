import pytest

from modules.trainer_agent.learning.outcome import Progress


def test_a_stretch_reports_its_share_of_the_whole() -> None:
    told: list[tuple[str, float]] = []
    whole = Progress(lambda stage, share: told.append((stage, share)))

    stretch = whole.part("Looking", 0.5, 0.9)
    stretch.done(0.5)
    stretch.part("", 0.5, 1.0).done(1.0)

    assert told == [("Looking", pytest.approx(0.7)), ("Looking", pytest.approx(0.9))]
