import time
from pathlib import Path

import pytest

from modules.inference.skills.steady_clock import SteadyClock


@pytest.fixture
def boot_id(tmp_path: Path) -> Path:
    path = tmp_path / "boot_id"
    path.write_text("first\n")
    return path


def test_it_goes_on_by_what_has_passed_though_the_time_of_day_was_set(
    boot_id: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = SteadyClock(None, boot_id).mark()
    time.sleep(0.05)
    monkeypatch.setattr(time, "time", lambda: mark.utc_s + 1e6)

    now = SteadyClock(mark, boot_id).now()

    assert 0.05 <= now.steady_s - mark.steady_s < 5
    assert now.utc_s == mark.utc_s + 1e6


@pytest.mark.parametrize(("down_s", "passed_s"), [(60, 60), (-1e6, 0), (1e9, 7 * 86_400)])
def test_after_another_start_of_the_machine_the_time_of_day_tells(
    boot_id: Path, monkeypatch: pytest.MonkeyPatch, down_s: float, passed_s: float
) -> None:
    mark = SteadyClock(None, boot_id).mark()
    boot_id.write_text("second\n")
    monkeypatch.setattr(time, "time", lambda: mark.utc_s + down_s)

    now = SteadyClock(mark, boot_id).now()

    assert now.steady_s - mark.steady_s == pytest.approx(passed_s, abs=2)


def test_where_no_start_can_be_told_the_time_of_day_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = SteadyClock(None, tmp_path / "none").mark()
    monkeypatch.setattr(time, "time", lambda: mark.utc_s + 60)

    assert SteadyClock(mark, tmp_path / "none").now().steady_s - mark.steady_s == pytest.approx(60, abs=2)


@pytest.mark.parametrize(("age_s", "before_s"), [(0.5, 0.5), (-100, 0), (3600, 0)])
def test_a_frame_was_taken_before_it_came(boot_id: Path, age_s: float, before_s: float) -> None:
    clock = SteadyClock(None, boot_id)
    now = clock.now()

    moment = clock.of_frame(time.time_ns() - round(age_s * 1e9))

    assert now.steady_s - moment.steady_s == pytest.approx(before_s, abs=0.1)
    assert now.utc_s - moment.utc_s == pytest.approx(before_s, abs=0.1)
