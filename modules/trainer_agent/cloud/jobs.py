"""Long work that the cloud asked for: kept on disk until it has ended, one at a time, told in the twin and by an event.

A job's file may hold an address with a SAS in it, so nobody else may read it, and it goes when the job has ended.
"""

import errno
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_common.durable import write_file
from edge_common.errors import Conflict, EdgeError, LineLost, StorageRefused
from edge_common.hub import Hub
from edge_common.telemetry_events import AboutModel, CloudNews, CloudWorkFailed
from modules.trainer_agent.cloud.patience import DEFAULT_PATIENCE, Patience, Persistence, Stopped
from modules.trainer_agent.training_log import now_text

log = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
TRY_AGAIN_S = 900.0
_PARTING_S = 2.0
_ONLY_US = 0o600


class Job(BaseModel):
    """What was asked for, and when."""

    model_config = ConfigDict(frozen=True)

    method: str
    key: str
    """Under which its progress is reported: `methods.<method>.<key>`."""
    model_id: str | None
    """Of whom its event tells; None for a model that there is not yet."""
    asked: dict[str, Any]
    started: str
    lasting: bool = False
    """Nobody waits for it who could ask again: where storage or line refuse it, it is tried again by itself."""

    @property
    def place(self) -> str:
        return f"methods.{self.method}.{self.key}"


class Progress:
    """How a job stands; its work tells, the twin hears it once a second at most. Used by one thread."""

    def __init__(self, hub: Hub, job: Job, patience: Patience, stop: threading.Event) -> None:
        self._hub, self._job = hub, job
        self._told: dict[str, Any] = {"phase": "waiting", "fraction": 0.0, "bytes": 0, "why": ""}
        self._told["started"] = job.started
        self._due_s = 0.0
        self.persistence = Persistence(patience, stop, self._lost)

    def begin(self, phase: str) -> None:
        """Tell of this alone: a patch adds to what is there, and that may be of an earlier time."""
        self._report({self._job.key: None})
        self.now(phase)

    def now(self, phase: str, **facts: object) -> None:
        """A new phase, at once."""
        self._told |= {"phase": phase, **facts}
        self._tell()

    def done(self, fraction: float, size: int) -> None:
        """So much of the phase, 0 to 1, and so many bytes."""
        self._told |= {"fraction": round(fraction, 3), "bytes": size}
        if time.monotonic() >= self._due_s:
            self._tell()

    def _lost(self, why: str) -> None:
        """Why it has to wait for the network, empty once it goes on."""
        if why:
            log.warning("%s %s: %s; it is tried again", self._job.method, self._job.key, why)
        self.now(str(self._told["phase"]), why=why)

    def _tell(self) -> None:
        self._due_s = time.monotonic() + REPORT_EVERY_S
        self._report({self._job.key: dict(self._told)})

    def _report(self, patch: Mapping[str, Any]) -> None:
        self._hub.report({"methods": {self._job.method: patch}})


@dataclass(frozen=True)
class Work:
    """What a method has done."""

    run: Callable[[Job, Progress], AboutModel]
    """Does a job to its end; the event that it gives is told in the twin, too."""
    failed: CloudNews
    """What the event is called that tells that it could not be done."""


class CloudJobs:
    """`add` may be called from any thread, from `start` on the work is done in one of its own, until `close`."""

    def __init__(
        self,
        folder: Path,
        hub: Hub,
        works: Mapping[str, Work],
        attributes: Callable[[str], Mapping[str, str]],
        *,
        patience: Patience = DEFAULT_PATIENCE,
        try_again_s: float = TRY_AGAIN_S,
    ) -> None:
        """works: by method. attributes: of a model, by which operations sort its events."""
        self._folder, self._hub, self._works, self._attributes = folder, hub, works, attributes
        self._patience, self._try_again_s = patience, try_again_s
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._jobs: dict[Path, Job] = self._kept()
        self._due_s: dict[Path, float] = {}
        """When those that were refused are tried again; all others are due."""
        self._said: dict[Path, str] = {}
        """Why they were refused last: an event tells the same once."""
        # One that hangs in the SDK, or in a server that says nothing, keeps nobody from ending.
        self._thread = threading.Thread(target=self._run, name="cloud", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What is not done goes on after the next start."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_PARTING_S)

    def add(
        self, method: str, key: str, model_id: str | None, asked: Mapping[str, Any], *, lasting: bool = False
    ) -> Job:
        """Have it done after those before it; raises Conflict when the same is under way, EdgeError on a full disk."""
        job = Job(method=method, key=key, model_id=model_id, asked=dict(asked), started=now_text(), lasting=lasting)
        with self._changed:
            same = [path for path, one in self._jobs.items() if (one.method, one.key) == (method, key)]
            # One that was refused and waits to be tried again keeps nobody from asking.
            if any(lasting or path not in self._due_s for path in same):
                raise Conflict(f"{job.place}: the same is under way; its progress is reported there")
            path = self._folder / f"{time.time_ns():020d}-{method}-{key}.json"
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_file(path, job.model_dump_json().encode(), mode=_ONLY_US)
            except OSError as error:
                raise EdgeError(f"{method} {key}: it cannot be noted on the disk: {error.strerror}") from error
            Progress(self._hub, job, self._patience, self._stop).begin("waiting")
            self._jobs[path] = job
            self._changed.notify_all()
        return job

    def active(self, method: str, key: str) -> bool:
        with self._changed:
            return any((one.method, one.key) == (method, key) for one in self._jobs.values())

    def _kept(self) -> dict[Path, Job]:
        """What an earlier run did not end."""
        found = {}
        for path in sorted(self._folder.glob("*.json")):
            try:
                found[path] = Job.model_validate_json(path.read_bytes())
            except (ValidationError, OSError):
                # Not what is wrong with it: that would show what is in it.
                log.error("%s is damaged and is left out", path.name)
                path.unlink(missing_ok=True)
        return found

    def _run(self) -> None:
        while (found := self._next()) is not None:
            path, job = found
            try:
                ended = self._do(path, job)
            except Stopped:
                return
            if ended:
                with self._changed:
                    path.unlink(missing_ok=True)
                    del self._jobs[path]
                    self._said.pop(path, None)

    def _next(self) -> tuple[Path, Job] | None:
        """The first that is due; None when the program ends."""
        with self._changed:
            while not self._stop.is_set():
                now_s = time.monotonic()
                waits = {path: self._due_s.get(path, 0.0) - now_s for path in self._jobs}
                for path, wait_s in waits.items():
                    if wait_s <= 0:
                        self._due_s.pop(path, None)
                        return path, self._jobs[path]
                self._changed.wait(min(waits.values(), default=None))
        return None

    def _do(self, path: Path, job: Job) -> bool:
        """Whether it has ended, well or not; raises Stopped."""
        progress = Progress(self._hub, job, self._patience, self._stop)
        progress.begin("running")
        try:
            event = self._works[job.method].run(job, progress)
        except Stopped:
            raise
        except Exception as error:  # a job that ends the thread would end it again after each start
            why = _why(error)
            again = job.lasting and isinstance(error, StorageRefused | LineLost)
            log.error("%s %s failed%s: %s", job.method, job.key, ", it is tried again" if again else "", why)
            if again:
                with self._changed:
                    self._due_s[path] = time.monotonic() + self._try_again_s
            progress.now("failed", why=why, ended=now_text())
            if self._said.get(path) != why:
                attributes = {} if job.model_id is None else dict(self._attributes(job.model_id))
                news = self._works[job.method].failed
                self._hub.send(CloudWorkFailed(event=news, model_id=job.model_id, attributes=attributes, message=why))
            self._said[path] = why
            return not again
        log.info("%s %s: done", job.method, job.key)
        told = event.model_dump(mode="json", exclude={"event", "attributes"}, exclude_none=True)
        progress.now("done", fraction=1.0, why="", ended=now_text(), **told)
        self._hub.send(event.model_copy(update={"attributes": dict(self._attributes(event.model_id))}))
        return True


def _why(error: Exception) -> str:
    """In words that hold no address: only our own errors are known not to."""
    match error:
        case EdgeError():
            return str(error)
        case OSError(errno=errno.ENOSPC):
            return "the disk is full"
        case OSError():
            return f"the disk, or the line: {error.strerror or type(error).__name__}"
        case _:
            return f"a fault in the program: {type(error).__name__}"
