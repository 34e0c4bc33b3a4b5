"""Runs the skills: takes what models found, frame by frame, and keeps, tells and hands on what comes of it.

On a thread of its own, which the thread that looks at frames never waits for. What is to be done about a change is done
by others (`doer`), after it is on disk.
"""

import logging
import time
from collections.abc import Callable, Mapping

from edge_common.detections import Detection, Result
from edge_common.errors import ConfigError
from edge_common.frames import CameraState, Frame
from edge_common.geometry import Box
from edge_common.own_skills import OwnSkillList, OwnSkills, WantedSkills, wanted_skills
from edge_common.results import LiveModel, ResultPublisher
from edge_common.settings import InferenceSettings
from edge_common.skills.document import Skill
from edge_common.skills.program import beginning
from edge_common.skills.seen import Moment, Seen
from edge_common.skills.told import SkillStanding
from modules.inference.background import Background
from modules.inference.skills.arrivals import Arrival, Arrivals
from modules.inference.skills.crops import Crops
from modules.inference.skills.ledger import Entry, Ledger, LedgerError, Task
from modules.inference.skills.pictures import Recent, RecentFrames
from modules.inference.skills.standings import seldom_of, standing_of
from modules.inference.skills.steady_clock import SteadyClock
from modules.inference.skills.watch import Watch, begin, go_on, restored

log = logging.getLogger(__name__)

OTHERS_NS = 1_000_000_000
"""Results of other models serve so long where those of a frame come one by one."""
KEEP_EVERY_S = 5.0
_REFRESH_EVERY_S = 0.5
_TRACE_EVERY_S = 1.0
_TRACE_DRAFT_EVERY_S = 0.2
_WAIT_S = 0.1
_MOST_UNWRITTEN = 1000
"""Tasks that wait in memory for a disk that takes nothing."""
_MISSED_TOLD_EVERY_S = 60.0

Key = tuple[str, str, bool]
"""Skill, camera, and whether it is a draft."""


class SkillRunner(Background):
    """Hands on tasks by the ledger; `wake` is called when there are new ones."""

    def __init__(
        self,
        own: OwnSkills,
        ledger: Ledger,
        results: ResultPublisher,
        crops: Crops,
        recent: RecentFrames,
        settings: InferenceSettings,
        *,
        models: Callable[[], tuple[LiveModel, ...]],
        cameras: Callable[[], Mapping[str, CameraState]],
        wake: Callable[[], None],
    ) -> None:
        super().__init__("skills")
        self.settings = settings
        """Replaced whole by whoever gets new ones."""
        self.standings: tuple[SkillStanding, ...] = ()
        """Replaced whole."""
        self.seldom: frozenset[str] = frozenset()
        """Models that skills use on parts of pictures alone; replaced whole."""
        self._own_file = own
        self._ledger = ledger
        self._results = results
        self._crops = crops
        self._recent = recent
        self._models = models
        self._cameras = cameras
        self._wake = wake
        self._arrivals = Arrivals()
        self._clock = SteadyClock(None)
        self._own: OwnSkillList | None = None
        self._wanted = WantedSkills({})
        self._drafts: Mapping[str, Skill] = {}
        self._watches: dict[Key, Watch] = {}
        self._of_camera: dict[str, list[Watch]] = {}
        self._waiting: frozenset[str] = frozenset()
        """Skills that cannot look, as a model is missing."""
        self._newest: dict[str, dict[str, Result]] = {}
        """By camera and model."""
        self._unwritten: list[Task] = []
        self._gone: set[tuple[str, str]] = set()
        self._refresh_due_s = self._keep_due_s = self._missed_due_s = 0.0
        self._missed_told = 0
        self._built = False
        self._restored = False
        self._told = ""
        """Why nothing is restored yet."""

    @property
    def missed(self) -> int:
        """Frames that were left out, being behind."""
        return self._arrivals.missed

    def saw(self, frame: Frame | None, results: tuple[Result, ...]) -> None:
        """Take in what models found in a frame; never waits. From any thread."""
        if results:
            self._arrivals.put(Arrival(frame, results))

    def close(self) -> None:
        super().close()
        self.keep()

    def _run(self) -> None:
        while not self._stop.is_set():
            now_s = time.monotonic()
            if now_s >= self._refresh_due_s:
                self._refresh_due_s = now_s + _REFRESH_EVERY_S
                self.refresh()
            if now_s >= self._keep_due_s:
                self._keep_due_s = now_s + KEEP_EVERY_S
                self.keep()
            if (arrival := self._arrivals.take(_WAIT_S)) is not None:
                self.look(arrival)

    def refresh(self) -> None:
        """Take in what changed of documents, models and cameras."""
        if not self._restored and not self._restore():
            # What is raised is not known, so nothing may begin anew.
            return
        try:
            if (news := self._own_file.news()) is not None:
                self._own = news
        except ConfigError as error:
            log.error("skills of the page stay as they are: %s", error)
        if self._own is None:
            # Nothing is known of the page's skills, which is no reason to end those that run.
            return
        wanted = wanted_skills(self.settings.skills, self._own)
        drafts = self._own.open_drafts(time.time())
        if not self._built or wanted != self._wanted or drafts != self._drafts:
            self._wanted, self._drafts, self._built = wanted, drafts, True
            self._build()
        self._stand()

    def _restore(self) -> bool:
        """Go on from what is kept; whether that can be read."""
        try:
            clock, states = self._ledger.clock(), self._ledger.states()
        except LedgerError as error:
            if str(error) != self._told:
                self._told = str(error)
                log.error("skills wait: %s", error)
            return False
        self._clock = SteadyClock(clock)
        for kept in states:
            try:
                self._watches[kept.skill, kept.camera, False] = restored(kept)
            except ValueError as error:
                log.error(
                    "skill %s on %s begins anew, what was kept cannot be used: %s", kept.skill, kept.camera, error
                )
        self._sort()
        self._restored = True
        return True

    def look(self, arrival: Arrival) -> None:
        """Let every skill look at what was found in a frame."""
        camera, frame_id, taken_ns = _of(arrival)
        newest = self._newest.setdefault(camera, {})
        newest.update({result.model_id: result for result in arrival.results})
        arrived = {result.model_id for result in arrival.results}
        now = self._clock.of_frame(taken_ns)
        glance = self._crops.glance(arrival.frame)

        def look(model: str, box: Box) -> tuple[Detection, ...]:
            return glance(model, box, self.settings)

        fresh = {one: result for one, result in newest.items() if abs(result.taken_ns - taken_ns) <= OTHERS_NS}
        seen = Seen(camera, frame_id, fresh, look)
        for watch in self._of_camera.get(camera, ()):
            if watch.skill_id in self._waiting and not watch.draft:
                continue
            models = watch.models
            if models & arrived and models <= fresh.keys():
                self._see(watch, seen, now, arrival)

    def keep(self) -> None:
        """Write what changed since."""
        changed = [one for one in self._watches.values() if not one.draft and one.state is not one.kept]
        if changed or self._unwritten or self._gone:
            self._write(changed)
        if self.missed > self._missed_told and time.monotonic() >= self._missed_due_s:
            self._missed_due_s = time.monotonic() + _MISSED_TOLD_EVERY_S
            log.warning("skills are behind: %d frames were left out since the start", self.missed)
            self._missed_told = self.missed

    def _see(self, watch: Watch, seen: Seen, now: Moment, arrival: Arrival) -> None:
        outcome, changes = watch.see(seen, now)
        if changes:
            for event, tasks in changes:
                if arrival.frame is not None:
                    self._recent.put(event, Recent(arrival.frame, seen.results))
                self._unwritten += tasks
            self._write([watch])
            self._refresh_due_s = 0.0
        now_s = time.monotonic()
        if changes or now_s - watch.traced_s >= (_TRACE_DRAFT_EVERY_S if watch.draft else _TRACE_EVERY_S):
            watch.traced_s = now_s
            self._results.publish_told(watch.trace(outcome, seen, arrival.results[0].taken_ns))

    def _write(self, watches: list[Watch]) -> None:
        """States and tasks at once; while the disk takes nothing, they wait."""
        entry = Entry([one.as_kept() for one in watches], tuple(self._gone), tuple(self._unwritten))
        try:
            self._ledger.write(entry, self._clock.mark())
        except LedgerError as error:
            log.error("what skills have to tell waits: %s", error)
            del self._unwritten[:-_MOST_UNWRITTEN]
            return
        for watch in watches:
            watch.kept = watch.state
        woken = bool(self._unwritten)
        self._unwritten, self._gone = [], set()
        if woken:
            self._wake()

    def _build(self) -> None:
        """Bring the watches in line with the documents."""
        now = self._clock.now()
        before, self._watches = self._watches, {}
        for draft, skills in ((False, self._wanted.skills), (True, self._drafts)):
            for skill_id, skill in skills.items():
                for camera in skill.cameras if skill.enabled or draft else ():
                    key = (skill_id, camera, draft)
                    old = before.pop(key, None)
                    if old is None:
                        self._watches[key] = begin(skill_id, skill, camera, draft=draft)
                    elif old.skill == skill:
                        self._watches[key] = old
                    else:
                        self._watches[key], tasks = go_on(old, skill, now)
                        self._unwritten += [] if draft else tasks
        for (skill_id, camera, draft), old in before.items():
            if not draft:
                self._unwritten += old.ended(now)
                self._gone.add((skill_id, camera))
        running = [(one.program, one.state) for one in self._watches.values() if one.state.begun and not one.draft]
        for one in self._watches.values():
            if not one.state.begun:
                one.state = beginning(one.program, running)
        self._sort()
        self._write([one for one in self._watches.values() if not one.draft])

    def _sort(self) -> None:
        self._of_camera = {}
        for watch in self._watches.values():
            self._of_camera.setdefault(watch.camera, []).append(watch)

    def _stand(self) -> None:
        """Tell how skills stand, as models and cameras come and go."""
        models, cameras = self._models(), self._cameras()
        standings = []
        for skill_id, skill in sorted(self._wanted.skills.items()):
            raised = {
                camera: watch.raised()
                for camera in skill.cameras
                if (watch := self._watches.get((skill_id, camera, False))) is not None
            }
            own = skill_id in self._wanted.own
            standings.append(standing_of(skill_id, skill, own, raised, models, cameras, self.settings.actions))
        self._waiting = frozenset(one.id for one in standings if one.state == "waiting")
        self.standings = tuple(standings)
        self.seldom = seldom_of([*self._wanted.skills.values(), *self._drafts.values()])


def _of(arrival: Arrival) -> tuple[str, str, int]:
    """Camera, id of the frame, and when it was taken."""
    result = arrival.results[0]
    return result.camera, result.frame_id, result.taken_ns
