"""All of a device's skills: the runner, the threads that do what it hands on, and what is told of them."""

import socket
from pathlib import Path

from edge_common.asked_frames import PLACE as ASKED
from edge_common.asked_frames import AskedFrames
from edge_common.frames import FrameSubscriber
from edge_common.hub import Hub
from edge_common.own_skills import PLACE as OWN
from edge_common.own_skills import OwnSkills
from edge_common.results import ResultPublisher
from edge_common.settings import ActionSettings, InferenceSettings
from edge_common.skill_feed import EVENTS_PLACE, PICTURES_PLACE
from edge_common.skills.told import SkillStanding
from modules.inference.loop import InferenceLoop
from modules.inference.skills.actions.alert import Alert
from modules.inference.skills.actions.post import Post
from modules.inference.skills.actions.publish import Publish
from modules.inference.skills.actions.tell import Tell
from modules.inference.skills.crops import Crops
from modules.inference.skills.doer import Doer
from modules.inference.skills.ledger import PLACE as LEDGER
from modules.inference.skills.ledger import Ledger
from modules.inference.skills.pictures import Pictures, RecentFrames
from modules.inference.skills.runner import SkillRunner
from modules.inference.skills.standings import skills_report


class Skills:
    """Made and used by the thread that wires the module."""

    def __init__(
        self,
        data: Path,
        loop: InferenceLoop,
        frames: FrameSubscriber,
        results: ResultPublisher,
        hub: Hub,
        settings: InferenceSettings,
    ) -> None:
        self._hub = hub
        self._loop = loop
        self._reported: tuple[SkillStanding, ...] | None = None
        recent = RecentFrames()
        own = OwnSkills(data / OWN)
        self._ledger = Ledger(data / LEDGER)
        self._publish = Publish(self._actions, f"fifteen-{socket.gethostname()}"[:64])
        tell = Tell(results, data / EVENTS_PLACE, Pictures(data / PICTURES_PLACE), AskedFrames(data / ASKED), recent)
        self._doers = (
            Doer("tell", self._ledger, tell),
            Doer("alert", self._ledger, Alert(hub)),
            Doer("post", self._ledger, Post(self._actions)),
            Doer("publish", self._ledger, self._publish),
        )
        self._runner = SkillRunner(
            own,
            self._ledger,
            results,
            Crops(lambda: loop.models),
            recent,
            settings,
            models=lambda: loop.state.models,
            cameras=frames.states,
            wake=self._wake,
        )

    @property
    def settings(self) -> InferenceSettings:
        return self._runner.settings

    @settings.setter
    def settings(self, settings: InferenceSettings) -> None:
        self._runner.settings = settings

    def start(self) -> None:
        self._loop.skills = self._runner
        for doer in self._doers:
            doer.start()
        self._runner.start()

    def alive(self) -> bool:
        return self._runner.alive() and all(doer.alive() for doer in self._doers)

    def close(self) -> None:
        """After the loop has ended."""
        self._runner.close()
        for doer in self._doers:
            doer.close()
        self._publish.close()
        self._ledger.close()

    def report(self) -> None:
        """Bring the reported properties in line."""
        now = self._runner.standings
        if now != self._reported:
            for patch in skills_report(self._reported, now):
                self._hub.report(patch)
            self._reported = now

    def _actions(self) -> ActionSettings:
        return self._runner.settings.actions

    def _wake(self) -> None:
        for doer in self._doers:
            doer.wake()
