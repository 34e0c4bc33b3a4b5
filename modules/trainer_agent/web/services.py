"""What the page works with, handed over once; each view takes it from the app that serves it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

from edge_common.frames import FrameSubscriber
from edge_common.packages import PackageStore
from edge_common.settings import TrainerSettings
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.cameras import Cameras
from modules.trainer_agent.drafts import Drafts
from modules.trainer_agent.imports import Imports
from modules.trainer_agent.library import Library
from modules.trainer_agent.live import LiveView
from modules.trainer_agent.model_bin import ModelBin
from modules.trainer_agent.proposals import Proposer
from modules.trainer_agent.showroom import Showroom
from modules.trainer_agent.web.viewfinder import Viewfinder


@dataclass(frozen=True)
class Services:
    """The collaborators of the page."""

    library: Library
    agent: Agent
    frames: FrameSubscriber
    live: LiveView
    packages: PackageStore
    drafts: Drafts
    proposer: Proposer
    settings: Callable[[], TrainerSettings]
    cameras: Cameras
    zoo: Path = Path("zoo")
    """Folder of the backbones and ready-made models."""


def services() -> Services:
    """Those of the app that answers the present request."""
    found: Services = current_app.extensions["services"]
    return found


def viewfinder() -> Viewfinder:
    """That of the app that answers the present request."""
    found: Viewfinder = current_app.extensions["viewfinder"]
    return found


def model_bin() -> ModelBin:
    """That of the app that answers the present request."""
    found: ModelBin = current_app.extensions["model_bin"]
    return found


def imports() -> Imports:
    """That of the app that answers the present request."""
    found: Imports = current_app.extensions["imports"]
    return found


def showroom() -> Showroom:
    """That of the app that answers the present request."""
    found: Showroom = current_app.extensions["showroom"]
    return found
