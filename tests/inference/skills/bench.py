"""A bench for skills: results go in as the loop gives them, and what is told and done is seen from outside."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_common.asked_frames import PLACE as ASKED
from edge_common.asked_frames import AskedFrames
from edge_common.detections import Detection, Result
from edge_common.frames import CameraState, Frame
from edge_common.geometry import Box
from edge_common.hub import LocalHub
from edge_common.own_skills import PLACE as OWN
from edge_common.own_skills import OwnSkills
from edge_common.results import LiveModel, ResultPublisher
from edge_common.settings import InferenceSettings
from edge_common.skill_feed import EVENTS_PLACE, PICTURES_PLACE
from edge_common.skills.document import Skill, parse_skill
from modules.inference.skills.actions.alert import Alert
from modules.inference.skills.actions.tell import Tell
from modules.inference.skills.arrivals import Arrival
from modules.inference.skills.crops import Crops
from modules.inference.skills.doer import Doer
from modules.inference.skills.ledger import PLACE as LEDGER
from modules.inference.skills.ledger import Ledger
from modules.inference.skills.pictures import Pictures, RecentFrames
from modules.inference.skills.runner import SkillRunner
from tests.inference.tiny_models import coloured_frame
from tests.messages import json_lines

BOTTLES = tuple(Detection("bottle", 0.9, Box(number / 10, 0.1, number / 10 + 0.08, 0.3)) for number in range(8))


def few_left(
    *, than: int = 3, hold_s: float = 0.0, actions: Sequence[dict[str, Any]] | None = None, **changes: Any
) -> Skill:
    """Fewer bottles than so many."""
    steps = [
        {"id": "seen", "do": "model", "model": "bottles"},
        {"id": "how-many", "do": "count", "of": "seen"},
        {"id": "few", "do": "compare", "of": "how-many", "how": "fewer", "than": than},
        {"id": "low", "do": "hold", "of": "few", "for_s": hold_s},
    ]
    done = [{"do": "alert", "when": "low", "text": "Fill up", "severity": "critical"}] if actions is None else actions
    return parse_skill({"name": "Few left", "cameras": ["shelf"], "steps": steps, "actions": done} | changes)


def live_model(model_id: str = "bottles", labels: tuple[str, ...] = ("bottle",)) -> LiveModel:
    created = "2026-11-22T10:00:00Z"
    return LiveModel(id=model_id, name=model_id, version="4", kind="detection", labels=labels, created=created)


def camera_state(camera: str = "shelf", phase: Any = "live", reason: str = "") -> CameraState:
    return CameraState(camera, phase, reason, 10.0, 96, 96)


def result(frame: Frame, bottles: int, model: str = "bottles") -> Result:
    return Result(frame.camera, frame.id, frame.taken_ns, model, "4", "detection", BOTTLES[:bottles], 1.0)


class SkillBench:
    """Used by one thread, which stands for that of the runner; what is to be done is done by threads of their own."""

    def __init__(self, data: Path, sockets: Path) -> None:
        self.data = data
        self.hub = LocalHub(data / "twin")
        self.own = OwnSkills(data / OWN)
        self.publisher = ResultPublisher(f"ipc://{sockets}/results")
        self.models: tuple[LiveModel, ...] = (live_model(),)
        self.cameras = {"shelf": camera_state()}
        self.settings = InferenceSettings()
        self._sequence = 0
        self._doers: list[Doer] = []
        self._ledger: Ledger | None = None

    def start(self, *, doing: bool = True) -> "SkillBench":
        self._ledger = Ledger(self.data / LEDGER)
        recent = RecentFrames()
        pictures = Pictures(self.data / PICTURES_PLACE, free_bytes=0)
        tell = Tell(self.publisher, self.data / EVENTS_PLACE, pictures, AskedFrames(self.data / ASKED), recent)
        self._doers = [Doer("tell", self._ledger, tell), Doer("alert", self._ledger, Alert(self.hub))]
        self.runner = SkillRunner(
            OwnSkills(self.data / OWN),
            self._ledger,
            self.publisher,
            Crops(lambda: ()),
            recent,
            self.settings,
            models=lambda: self.models,
            cameras=lambda: self.cameras,
            wake=lambda: [doer.wake() for doer in self._doers],
        )
        if doing:
            for doer in self._doers:
                doer.start()
        else:
            self._doers = []
        self.runner.refresh()
        return self

    def kill(self) -> None:
        """As a power cut would: nothing is written at the end."""
        for doer in self._doers:
            doer.close()
        if self._ledger is not None:
            self._ledger.close()

    def close(self) -> None:
        self.kill()
        self.publisher.close()

    def frame(self, camera: str = "shelf", age_s: float = 0.0) -> Frame:
        self._sequence += 1
        taken_ns = time.time_ns() - round(age_s * 1e9)
        return coloured_frame(camera=camera, sequence=self._sequence, taken_ns=taken_ns)

    def show(self, bottles: int, camera: str = "shelf") -> Frame:
        """A frame with so many bottles."""
        frame = self.frame(camera)
        self.runner.look(Arrival(frame, (result(frame, bottles),)))
        return frame

    def alerts(self) -> list[tuple[str, str]]:
        """Id and phase of every alert that the hub has taken."""
        return [(body["alert_id"], body["phase"]) for body in self.bodies()]

    def bodies(self) -> list[dict[str, Any]]:
        path = self.data / "twin" / "messages.jsonl"
        return [line["body"] for line in json_lines(path) if line["output"] == "alerts"]

    def events(self) -> list[dict[str, Any]]:
        return json_lines(self.data / EVENTS_PLACE)
