"""A library and an agent over a folder of their own, with the scripted training in place of the real one."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from edge_common.camera_questions import QuestionAsker
from edge_common.geometry import Box
from edge_common.hub import LocalHub
from edge_common.images import Pixels
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.packages import PackageStore
from edge_common.settings import TrainerSettings, TrainingSettings
from edge_common.skill_feed import SkillFeed
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.annotations import LibraryImage, Model
from modules.trainer_agent.cameras import Cameras
from modules.trainer_agent.database import Database
from modules.trainer_agent.drafts import Drafts
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.handoff.handoff import Handoff
from modules.trainer_agent.library import Library
from modules.trainer_agent.live import LiveView
from modules.trainer_agent.people import People
from modules.trainer_agent.promotion import Rule
from modules.trainer_agent.proposals import Proposer
from modules.trainer_agent.skill_watch import SkillWatch
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.training_log import TrainingLog, TrainingState
from modules.trainer_agent.web import create_app
from modules.trainer_agent.web.services import Services
from tests.messages import sent
from tests.waiting import PATIENCE_S

SCRIPTED_JOB = (sys.executable, str(Path(__file__).with_name("scripted_job.py")))
REPOSITORY = Path(__file__).parents[2]


def noise(seed: int, width: int = 160, height: int = 120) -> Pixels:
    """A picture that differs for every seed: uint8 [height, width, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return np.asarray(np.kron(coarse, np.ones((height // 6, width // 8, 1))), dtype=np.uint8)


def add_image(library: Library, model: Model, seed: int) -> LibraryImage:
    return library.add_image(model.id, noise(seed), f"shelf-{seed}.jpg", "upload", camera=None, taken_ns=seed)


def box_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def tag_images(library: Library, model: Model, count: int, *, first: int = 0) -> None:
    """Add `count` images with one box each, tags in turn."""
    for seed in range(first, first + count):
        image = add_image(library, model, seed)
        tag = model.tags[seed % len(model.tags)]
        library.put_box(image.id, box_id(image.id), tag.id, Box(0.1, 0.2, 0.5, 0.6))


def ended(agent: Agent, model_id: str) -> TrainingState:
    """The state once the training has ended, one way or the other."""
    state: TrainingState | None = agent.state(model_id)
    deadline_s = time.monotonic() + PATIENCE_S
    while state.active or state.phase == "none":
        state = agent.wait_for_change(model_id, state.number, deadline_s - time.monotonic())
        assert state is not None, "the training did not end in time"
    return state


def gone(pid: int) -> bool:
    """Whether a process has ended, or does so soon."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def trained(agent: Agent, model: Model) -> TrainingState:
    """The state after a training that is started now."""
    agent.train(model.id)
    return ended(agent, model.id)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "library" / "library.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def library(database: Database, tmp_path: Path) -> Library:
    return Library(database, tmp_path / "library")


@pytest.fixture
def model(library: Library) -> Model:
    return library.create_model("Low stock", "detection", ["low stock", "full"], automatic=False)


@dataclass(frozen=True)
class Workshop:
    """What the agent works with, for a look from outside."""

    packages: PackageStore
    hub: LocalHub
    folder: Path

    def messages(self) -> list[dict[str, Any]]:
        """What was sent to the hub."""
        return sent(self.folder / "twin")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(PackageStore(tmp_path / "models"), LocalHub(tmp_path / "twin"), tmp_path)


StartAgent = Callable[..., Agent]


@pytest.fixture
def start_agent(library: Library, database: Database, workshop: Workshop) -> Iterator[StartAgent]:
    """Start an agent whose trainings go the given way; it is closed at the end of the test."""
    started: list[Agent] = []

    def start(
        way: str = "0",
        *,
        settle_s: float = 0.2,
        silence_s: float = 20.0,
        command: Sequence[str] = SCRIPTED_JOB,
        jobs: Standby | None = None,
        promotion: Rule = "if_better",
        int8: bool = False,
        trainings: TrainingLog | None = None,
        alone: Callable[[], AbstractContextManager[None]] = nullcontext,
        here: Callable[[str], bool] = lambda model_id: True,
    ) -> Agent:
        agent = Agent(
            library,
            trainings or TrainingLog(database),
            workshop.packages,
            workshop.hub,
            lambda: TrainingSettings(promotion=promotion, int8=int8),
            jobs or Standby((*command, way), silence_s=silence_s),
            data=workshop.folder,
            zoo=workshop.folder / "zoo",
            settle_s=settle_s,
            alone=alone,
            here=here,
        )
        started.append(agent)
        return agent

    yield start
    for agent in started:
        agent.close()


StartDrafts = Callable[..., Drafts]


@pytest.fixture
def start_drafts(library: Library, workshop: Workshop) -> Iterator[StartDrafts]:
    """Start a maker of drafts whose trainings go the given way; it is closed at the end of the test."""
    started: list[tuple[Drafts, Standby]] = []

    def start(way: str = "0", *, jobs: Standby | None = None, idle_s: float = 60.0) -> Drafts:
        folder, jobs = workshop.folder, jobs or Standby((*SCRIPTED_JOB, way))
        drafts = Drafts(library, workshop.packages, lambda: 1, jobs, data=folder, zoo=folder / "zoo", idle_s=idle_s)
        started.append((drafts, jobs))
        return drafts

    yield start
    for drafts, jobs in started:
        drafts.close()
        jobs.close()


Serve = Callable[..., Flask]


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[QuestionAsker]:
    """Asks whoever answers about cameras at `questions`; nobody, unless a test starts one."""
    opened = QuestionAsker(f"ipc://{tmp_path}/questions")
    yield opened
    opened.close()


@pytest.fixture
def skill_watch(tmp_path: Path) -> Iterator[SkillWatch]:
    """Hears what inference tells of skills; nothing, unless a test publishes there."""
    opened = SkillWatch(SkillFeed(f"ipc://{tmp_path}/no-results"))
    yield opened
    opened.close()


@pytest.fixture
def serve(
    library: Library,
    workshop: Workshop,
    start_agent: StartAgent,
    start_drafts: StartDrafts,
    asker: QuestionAsker,
    skill_watch: SkillWatch,
) -> Serve:
    """The page over a live view, with an agent of its own unless one is given."""

    def app(live: LiveView, agent: Agent | None = None) -> Flask:
        drafts, packages = start_drafts(), workshop.packages
        proposer = Proposer(library, packages, drafts.packages, threads=1)
        agent = agent or start_agent()
        people = People(workshop.folder, workshop.hub.report)
        cameras = Cameras(OwnCameras(workshop.folder / PLACE), asker, live.frames)
        handoff = Handoff(
            packages, workshop.hub, lambda: TrainerSettings().handoff, library, BlobCompiler(None), data=workshop.folder
        )
        return create_app(
            Services(
                library,
                agent,
                live.frames,
                live,
                packages,
                drafts,
                proposer,
                TrainerSettings,
                cameras,
                people,
                handoff,
                skill_watch,
            )
        )

    return app
