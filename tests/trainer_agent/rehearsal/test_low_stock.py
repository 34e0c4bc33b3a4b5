"""Low stock, end to end: fifteen tagged images of the bottle video, a training, and alerts as a person would raise."""

from pathlib import Path

import pytest

from edge_common.packages import PackageStore
from edge_common.skills.document import Skill
from edge_common.skills.fields import Point
from modules.trainer_agent.rehearsal.messages import Changed
from modules.trainer_agent.rehearsal.rehearsals import Rehearsal, Rehearsals
from modules.trainer_agent.skill_templates import Wish, template
from tests.trainer_agent.rehearsal.bottles import TAKEN_S, fifteen
from tests.trainer_agent.training_process import request_for, run
from tests.zoo_here import shared_data

HOLD_S = 2.0


SHELF: tuple[Point, ...] = ((0.0, 0.2), (1.0, 0.2), (1.0, 1.0), (0.0, 1.0))
"""As staff would draw it on this picture."""


def low_stock() -> Skill:
    made = template("low-stock").build(Wish("Low stock", ("till",), "shapes", ("bottle",), number=3, seconds=HOLD_S))
    return made.model_copy(update={"zones": {"shelf": {"till": SHELF}}})


def trained_from_fifteen(video: Path, folder: Path, seed: int) -> PackageStore:
    code, lines = run(request_for(fifteen(video, folder, seed), folder, seed=seed))
    assert code == 0, lines[-1]
    store = PackageStore(folder / "models")
    store.activate("shapes", lines[-1]["trained"]["version"])
    return store


def rehearsed(store: PackageStore, video: Path, folder: Path, skill: Skill) -> Rehearsal:
    rehearsals = Rehearsals(store, folder, frames_per_s=5.0)
    data = video.read_bytes()
    coming = rehearsals.begin(video.name, len(data))
    rehearsals.put(coming.id, 0, data)
    state: Rehearsal | None = rehearsals.run(coming.id, skill, "till")
    while state is None or state.phase == "running":
        state = rehearsals.wait_for_change(coming.id, state.number if state else -1, 60)
    assert state.phase == "done", state.message
    return state


def _times(changes: tuple[Changed, ...], phase: str) -> list[float]:
    return [change.at_s for change in changes if change.phase == phase]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.soak), pytest.param(2, marks=pytest.mark.soak)])
def test_alerts_come_when_bottles_were_taken_and_go_when_they_are_back(tmp_path: Path, seed: int) -> None:
    video = shared_data("video/bottle-detection.mp4")
    store = trained_from_fifteen(video, tmp_path, seed)

    state = rehearsed(store, video, tmp_path / "rehearsal", low_stock())

    raised, cleared = _times(state.changes, "raised"), _times(state.changes, "cleared")
    print(f"seed {seed}: raised {raised}, cleared {cleared}; away {TAKEN_S}")
    assert len(raised) == len(cleared) == len(TAKEN_S)
    for (taken_s, back_s), raised_s, cleared_s in zip(TAKEN_S, raised, cleared, strict=True):
        assert raised_s == pytest.approx(taken_s + HOLD_S, abs=HOLD_S)
        assert cleared_s == pytest.approx(back_s + HOLD_S, abs=HOLD_S)
    assert [change.numbers["count"] for change in state.changes] == [2, 3, 1, 3, 2, 3]
    assert state.length_s == pytest.approx(39.8, abs=0.2)
