"""What the page works with, handed over once; each view takes it from the app that serves it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import current_app

from edge_common.frames import FrameSubscriber
from edge_common.own_skills import PLACE as SKILLS_PLACE
from edge_common.own_skills import OwnSkills
from edge_common.packages import PackageStore
from edge_common.settings import TrainerSettings
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.before_after import BeforeAfter
from modules.trainer_agent.camera_videos import PLACE as VIDEOS_PLACE
from modules.trainer_agent.camera_videos import CameraVideos
from modules.trainer_agent.cameras import Cameras
from modules.trainer_agent.diagnostics import Diagnostics
from modules.trainer_agent.drafts import Drafts
from modules.trainer_agent.handoff.handoff import Handoff
from modules.trainer_agent.imports import Imports
from modules.trainer_agent.library import Library
from modules.trainer_agent.live import LiveView
from modules.trainer_agent.model_bin import ModelBin
from modules.trainer_agent.people import People
from modules.trainer_agent.proposals import Proposer
from modules.trainer_agent.rehearsal.rehearsals import Rehearsals
from modules.trainer_agent.series import SeriesRunner
from modules.trainer_agent.showroom import Showroom
from modules.trainer_agent.skill_watch import SkillWatch
from modules.trainer_agent.skills import Skills
from modules.trainer_agent.storage import Storage
from modules.trainer_agent.web.viewfinder import Viewfinder


@dataclass(frozen=True)
class Services:
    """The collaborators of the page; those that it alone needs are made of the others when first asked for."""

    library: Library
    agent: Agent
    frames: FrameSubscriber
    live: LiveView
    packages: PackageStore
    drafts: Drafts
    proposer: Proposer
    settings: Callable[[], TrainerSettings]
    cameras: Cameras
    people: People
    handoff: Handoff
    skill_watch: SkillWatch
    zoo: Path = Path("zoo")
    """Folder of the backbones and ready-made models."""
    https_port: Callable[[], int | None] = lambda: None
    """Where the page answers by HTTPS; None where it does not (now)."""

    @cached_property
    def viewfinder(self) -> Viewfinder:
        return Viewfinder(self.frames)

    @cached_property
    def series(self) -> SeriesRunner:
        return SeriesRunner(self.library, self.viewfinder.fresh_frame)

    @cached_property
    def before_after(self) -> BeforeAfter:
        return BeforeAfter(self.library, self.packages, self.proposer.look)

    @cached_property
    def model_bin(self) -> ModelBin:
        return ModelBin(self.library, self.packages, self.drafts.packages)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.library, self.packages, self.library.pictures.root / "imports")

    @cached_property
    def rehearsals(self) -> Rehearsals:
        return Rehearsals(self.packages, self.packages.root.parent / "rehearsal")

    @cached_property
    def camera_videos(self) -> CameraVideos:
        return CameraVideos(self.packages.root.parent / VIDEOS_PLACE, self.cameras.videos)

    @cached_property
    def showroom(self) -> Showroom:
        return Showroom(self.zoo, self.packages)

    @cached_property
    def skills(self) -> Skills:
        data = self.packages.root.parent
        twin = data / "settings" / "inference.json"
        return Skills(OwnSkills(data / SKILLS_PLACE), twin, self.packages, self.showroom)

    @cached_property
    def storage(self) -> Storage:
        return Storage(self.library, self.packages, self.model_bin, data=self.packages.root.parent, zoo=self.zoo)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        return Diagnostics(
            self.library,
            self.packages,
            self.cameras,
            self.storage,
            self.settings,
            self.live.results.state,
            data=self.packages.root.parent,
            zoo=self.zoo,
        )


def services() -> Services:
    """Those of the app that answers the present request."""
    found: Services = current_app.extensions["services"]
    return found
