"""Two cameras in front of simulated shelves, and the page's skills evaluated on as many cartons as wished."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edge_common.detections import Detection, Result
from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.geometry import Box
from edge_common.own_skills import PLACE, OwnSkills
from edge_common.packages import PackageStore
from edge_common.results import InferenceState, ResultPublisher
from edge_common.skills.document import Skill
from edge_common.skills.program import compile_skill, evaluate
from edge_common.skills.seen import Moment, Seen
from edge_common.skills.told import CameraStanding, SkillStanding, SkillTrace
from modules.capture.shelf_scene import ShelfScene
from tests.inference.tiny_models import publish_model

CAMERAS = {"aisle-4": "Aisle 4", "dairy": "Dairy shelf"}
GOODS = ("carton", "bottle", "gap")


def carton(number: int) -> Detection:
    """Side by side along the middle of the picture, ten of them."""
    return Detection("carton", 0.9, Box(0.1 * number + 0.02, 0.4, 0.1 * number + 0.1, 0.6))


class SkillShop:
    """Capture and inference as far as the page of skills knows them: what every model finds is `cartons`."""

    def __init__(self, folder: Path) -> None:
        self.own = OwnSkills(folder / PLACE)
        self.cartons = 8
        self.endpoint = f"ipc://{folder}/frames"
        self._frames = FramePublisher(self.endpoint)
        self._told = ResultPublisher(f"ipc://{folder}/no-results")
        self._programs = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._frames.close()
        self._told.close()

    def _run(self) -> None:
        pictures = {camera: ShelfScene(seed, width=640, height=360).draw(0) for seed, camera in enumerate(CAMERAS, 1)}
        number = 0
        while not self._stop.wait(0.1):
            number += 1
            standings = {}
            for camera, name in CAMERAS.items():
                self._frames.publish(Frame(camera, number, time.time_ns(), pictures[camera]))
                self._frames.publish_state(CameraState(camera, "live", "", 10, 640, 360, name))
                for key, skill in self._wanted(camera):
                    raised = self._look(key, skill, camera, str(number))
                    if not key[1]:
                        standings.setdefault((key[0], skill.name), {})[camera] = raised
            self._tell_state(standings)

    def _wanted(self, camera: str) -> Iterator[tuple[tuple[str, bool, str], Skill]]:
        now = self.own.read()
        for draft, skills in ((False, now.skills), (True, now.open_drafts(time.time()))):
            for skill_id, skill in skills.items():
                if skill.enabled and camera in skill.cameras:
                    yield (skill_id, draft, camera), skill

    def _look(self, key, skill, camera, frame_id):
        """Tell how its steps stand now, and give the conditions that are true, with since when."""
        before, program, state, raised = self._programs.get(key, (None, None, None, {}))
        if before != skill:
            program = compile_skill(skill, camera)
            state = program.start
        found = tuple(carton(number) for number in range(self.cartons))
        results = {model: Result(camera, frame_id, 1, model, "1", "detection", found, 1.0) for model in skill.models}
        seen = Seen(camera, frame_id, results, lambda model, box: ())
        state, outcome = evaluate(program, state, seen, Moment(time.monotonic(), time.time()))
        skill_id, draft, _camera = key
        trace = {"skill": skill_id, "draft": draft, "camera": camera, "frame_id": frame_id, "taken_ns": 1}
        self._told.publish_told(SkillTrace(**trace, steps=outcome.trace()))
        for change in outcome.changes:
            raised = {one: since for one, since in raised.items() if one != change.step}
            if change.phase == "raised":
                raised[change.step] = datetime.fromtimestamp(change.since.utc_s, UTC).isoformat()
        self._programs[key] = (skill, program, state, raised)
        return raised

    def _tell_state(self, standings):
        skills = tuple(
            SkillStanding(
                id=skill_id,
                name=name,
                own=True,
                state="live",
                cameras={
                    camera: CameraStanding(phase="raised" if raised else "watching", raised=raised)
                    for camera, raised in cameras.items()
                },
            )
            for (skill_id, name), cameras in standings.items()
        )
        state = InferenceState(models=(), runtime="onnx", frames_per_s=10, inference_ms=1, last_error="", skills=skills)
        self._told.publish_state(state)


def publish_goods(packages: PackageStore, labels: Sequence[str] = GOODS) -> None:
    """A live model of goods; with two labels it can be run, too."""
    thresholds = dict.fromkeys(labels, 0.5)
    publish_model(packages, "1", model_id="goods", model_name="Goods", labels=tuple(labels), thresholds=thresholds)
