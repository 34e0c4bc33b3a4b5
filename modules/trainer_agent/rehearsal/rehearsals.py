"""A recorded video that a skill is tried on, as often as staff change the skill: one at a time, followed by number."""

import logging
import shutil
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge_common.errors import Conflict, EdgeError, NotFound
from edge_common.packages import PackageStore
from edge_common.sentences import marked
from edge_common.skills.document import Skill
from modules.trainer_agent.job import Job
from modules.trainer_agent.pieces import Coming, Pieces
from modules.trainer_agent.rehearsal.messages import Changed, Done, Failed, Request, Second, decode_message

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "modules.trainer_agent.rehearsal.rehearsal_job")
LARGEST_VIDEO_BYTES = 1_000_000_000
_SILENCE_S = 120.0
_CONSOLATION = "Nothing has changed on this device."

Phase = Literal["coming", "here", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Rehearsal:
    """How it stands; every change is a new value with a higher number."""

    id: str
    name: str
    """Of the file."""
    number: int = 0
    phase: Phase = "coming"
    fraction: float = 0.0
    """0 to 1, of the video."""
    message: str = ""
    """Why it failed."""
    changes: tuple[Changed, ...] = ()
    seconds: tuple[Second, ...] = ()
    length_s: float = 0.0


class Rehearsals:
    """Every method may be called from any thread."""

    def __init__(
        self, packages: PackageStore, folder: Path, *, frames_per_s: float = 10.0, command: Sequence[str] = COMMAND
    ) -> None:
        self._packages, self._folder = packages, folder
        self._frames_per_s, self._command = frames_per_s, command
        self._pieces = Pieces(folder / "videos", LARGEST_VIDEO_BYTES)
        self._changed = threading.Condition()
        self._state: Rehearsal | None = None
        self._job: Job | None = None
        shutil.rmtree(self._pictures, ignore_errors=True)

    @property
    def _pictures(self) -> Path:
        return self._folder / "pictures"

    def begin(self, name: str, size: int) -> Coming:
        """A place for a video of so many bytes; the one before is gone. Raises InvalidInput, Conflict."""
        with self._changed:
            self._not_running()
            coming = self._pieces.begin(name, size)
            self._state = Rehearsal(coming.id, name)
            return coming

    def put(self, rehearsal_id: str, start: int, data: bytes) -> Coming:
        """Add a piece of the video; raises NotFound, InvalidInput, Conflict saying where to go on."""
        with self._changed:
            state = self._known(rehearsal_id)
            coming = self._pieces.put(rehearsal_id, start, data)
            if coming.received == coming.size and state.phase == "coming":
                self._set(replace(state, phase="here"))
            return coming

    def run(self, rehearsal_id: str, skill: Skill, camera: str) -> Rehearsal:
        """Try the skill on the video from its beginning; raises NotFound, Conflict, LearningError."""
        with self._changed:
            state = self._known(rehearsal_id)
            self._not_running()
            video = self._pieces.whole(rehearsal_id)
            request = Request(
                video=video,
                camera=camera,
                skill=skill,
                packages=self._packages.root,
                pictures=self._pictures,
                frames_per_s=self._frames_per_s,
            )
            self._job = Job(
                self._command, silence_s=_SILENCE_S, what=marked("The test"), consolation=marked(_CONSOLATION)
            )
            started = self._set(Rehearsal(state.id, state.name, state.number, "running"))
            threading.Thread(target=self._follow, args=(self._job, request), name="rehearsal", daemon=True).start()
            return started

    def cancel(self, rehearsal_id: str) -> None:
        """End it where it is; what was found until then stays. Raises NotFound."""
        with self._changed:
            state = self._known(rehearsal_id)
            if state.phase == "running":
                self._set(replace(state, phase="cancelled"))
                if self._job is not None:
                    self._job.kill()

    def state(self, rehearsal_id: str) -> Rehearsal:
        """Raises NotFound."""
        with self._changed:
            return self._known(rehearsal_id)

    def wait_for_change(self, rehearsal_id: str, seen: int, timeout_s: float) -> Rehearsal | None:
        """The state once its number is another than `seen`; None when time is up. Raises NotFound."""
        with self._changed:
            self._changed.wait_for(lambda: self._known(rehearsal_id).number != seen, timeout_s)
            state = self._known(rehearsal_id)
            return None if state.number == seen else state

    def picture(self, rehearsal_id: str, name: str) -> Path:
        """Of a change, by the name it was told with; raises NotFound."""
        if name not in [change.picture for change in self.state(rehearsal_id).changes]:
            raise NotFound(marked("There is no such picture (any more)."))
        return self._pictures / name

    def _follow(self, job: Job, request: Request) -> None:
        try:
            with closing(job.lines(request.model_dump_json().encode() + b"\n")) as lines:
                for line in lines:
                    if self._take(decode_message(line)):
                        break
        except (EdgeError, OSError) as error:
            log.info("a skill's test on a video ended: %s", error)
            self._take(Failed(message=str(error)))

    def _take(self, message: Second | Changed | Done | Failed) -> bool:
        """Whether that was the last one."""
        with self._changed:
            state = self._state
            if state is None or state.phase != "running":
                return True
            match message:
                case Second():
                    state = replace(state, fraction=message.share, seconds=(*state.seconds, message))
                case Changed():
                    state = replace(state, changes=(*state.changes, message))
                case Done():
                    state = replace(state, phase="done", fraction=1.0, length_s=message.length_s)
                case Failed():
                    state = replace(state, phase="failed", message=message.message)
            self._set(state)
            return state.phase != "running"

    def _not_running(self) -> None:
        if self._state is not None and self._state.phase == "running":
            raise Conflict(marked("A skill is being tried on a video just now. Wait until that has ended, or stop it."))

    def _known(self, rehearsal_id: str) -> Rehearsal:
        if self._state is None or self._state.id != rehearsal_id:
            raise NotFound(marked("This video is not on the device (any more). Choose it again."))
        return self._state

    def _set(self, state: Rehearsal) -> Rehearsal:
        self._state = replace(state, number=state.number + 1)
        self._changed.notify_all()
        return self._state
