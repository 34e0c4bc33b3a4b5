"""Modules that are killed at any moment, trainings included: nothing acknowledged is lost, and all goes on."""

import os
import random
import signal
import time

import pytest

from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from tests.e2e.staff import Staff
from tests.program import MODULES, Program

PATIENCE_S = 150
ENOUGH_IMAGES = 6
"""Set as the minimum for a training, which takes less time then."""
KILLS = 30


def staff_at_work(program: Program, seed: int) -> Staff:
    LocalHub(program.data / "twins" / "trainer_agent").desire({"training": {"minimum_images": ENOUGH_IMAGES}})
    staff = Staff(program.port(), seed)
    staff.start()
    return staff


def kill(program: Program, module: str) -> None:
    """SIGKILL, and wait until the module is back under another process id."""
    program.wait_for(lambda: module in program.children())
    before = program.children()[module]
    os.kill(before, signal.SIGKILL)
    program.wait_for(lambda: program.children().get(module, before) != before)


def wait_until_training_runs(program: Program, staff: Staff) -> None:
    program.wait_for(lambda: staff.tagged_images() >= ENOUGH_IMAGES, PATIENCE_S)
    program.wait_for(lambda: staff.training()["phase"] != "none", PATIENCE_S)
    if not staff.training()["active"]:
        staff.train()
    program.wait_for(lambda: staff.training()["phase"] != "waiting", PATIENCE_S)


def train_to_the_end(program: Program, staff: Staff) -> str:
    """Whatever became of the last training, one that is left in peace ends with a model; gives its version."""
    state = staff.training()
    if not state["active"]:
        assert state["phase"] in ("trained", "interrupted"), state
        staff.train()
    program.wait_for(lambda: not staff.training()["active"], PATIENCE_S)
    state = staff.training()
    assert state["phase"] == "trained", state
    return str(state["version"])


def assert_live_with(program: Program, staff: Staff, version: str) -> None:
    """Frames that are taken from now on come with results of this version."""
    now_ns, deadline_s = time.time_ns(), time.monotonic() + PATIENCE_S
    fresh = 0
    for facts in staff.live():
        assert time.monotonic() < deadline_s, (facts, program.log())
        if facts["model_version"] == version and facts["taken_ns"] > now_ns:
            fresh += 1
            if fresh == 5:
                return
    pytest.fail(f"the stream ended\n{program.log()}")


def assert_nothing_lost(program: Program, staff: Staff) -> None:
    assert staff.kept() == staff.acknowledged
    packages = PackageStore(program.data / "models")
    versions = packages.versions(staff.model_id)
    assert packages.current(staff.model_id) in versions
    for version in versions:
        packages.verify(staff.model_id, version)


@pytest.mark.timeout(300)
def test_each_module_is_killed_once_while_staff_tag_and_a_model_is_trained(program: Program) -> None:
    chance = random.Random(15)
    staff = staff_at_work(program, 15)

    for module in chance.sample(MODULES, len(MODULES)):
        time.sleep(chance.uniform(0.1, 1.0))
        kill(program, module)
    wait_until_training_runs(program, staff)
    time.sleep(chance.uniform(0.5, 3.0))
    kill(program, "trainer_agent")
    assert staff.training()["phase"] in ("waiting", "running", "interrupted")
    staff.rest()

    version = train_to_the_end(program, staff)
    assert_live_with(program, staff, version)
    assert_nothing_lost(program, staff)
    for module in ("capture", "inference"):
        kill(program, module)
        assert_live_with(program, staff, version)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_many_kills_while_staff_tag_and_train(program: Program, seed: int) -> None:
    chance = random.Random(seed)
    staff = staff_at_work(program, seed)
    cut_trainings = 0

    for _ in range(KILLS):
        module = chance.choice(MODULES)
        if module == "trainer_agent" and staff.tagged_images() >= ENOUGH_IMAGES:
            wait_until_training_runs(program, staff)
            time.sleep(chance.uniform(0.0, 5.0))
            cut_trainings += staff.training()["active"]
        else:
            time.sleep(chance.uniform(0.0, 2.0))
        kill(program, module)
        state = staff.training()
        assert state["phase"] != "failed", state
    staff.rest()

    version = train_to_the_end(program, staff)
    assert cut_trainings >= 3
    assert_live_with(program, staff, version)
    assert_nothing_lost(program, staff)
