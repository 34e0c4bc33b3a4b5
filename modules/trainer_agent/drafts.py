"""While staff tag: drafts, models from the first few tagged images that propose tags, and looks at every new image."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_common.errors import Conflict, EdgeError
from edge_common.packages import PackageStore
from modules.trainer_agent.job import Job
from modules.trainer_agent.library import Library
from modules.trainer_agent.standby import Standby
from modules.trainer_agent.training_messages import Trained, encode_request

log = logging.getLogger(__name__)

FOLDER = "drafts"
FEWEST_IMAGES = 3
_GROWTH = 1.5
"""A draft is made anew when there are so many times the images that it learned from."""
IDLE_S = 600.0
"""Without an image for so long, nobody is about to train."""


class Drafts:
    """Trains drafts one after the other, on a thread of its own. `image_done` may be called from any thread."""

    def __init__(
        self,
        library: Library,
        packages: PackageStore,
        threads: Callable[[], int],
        jobs: Standby,
        *,
        data: Path,
        zoo: Path,
        idle_s: float = IDLE_S,
    ) -> None:
        self.packages = PackageStore(data / FOLDER)
        self._library = library
        self._live = packages
        self._threads = threads
        self._data = data
        self._zoo = zoo
        self._jobs = jobs
        self._idle_s = idle_s
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._job: Job | None = None
        self._changed = threading.Lock()
        self._giving_way = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="drafts")
        self._thread.start()

    def image_done(self, model_id: str) -> None:
        """Staff finished an image: a draft may be due."""
        self._queue.put(model_id)

    @contextmanager
    def give_way(self) -> Iterator[None]:
        """While a real training runs: the draft that is being made ends, and no other begins."""
        with self._changed:
            self._giving_way = True
            if self._job is not None:
                self._job.kill()
        try:
            yield
        finally:
            with self._changed:
                self._giving_way = False

    def close(self) -> None:
        with self._changed:
            self._closing = True
            if self._job is not None:
                self._job.kill()
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                model_id = self._queue.get(timeout=self._idle_s)
            except queue.Empty:
                self._jobs.rest()
                continue
            if model_id is None:
                return
            try:
                if not self._giving_way:
                    self._jobs.expect()
                if self._due(model_id):
                    self._make(model_id)
                elif not self._giving_way:
                    self._jobs.look(self._request(model_id, look=True))
            except (EdgeError, OSError) as error:
                # Nobody asked for a draft, and the next image is another chance.
                log.info("model %s: no draft: %s", model_id, error)

    def _due(self, model_id: str) -> bool:
        if self._live.current(model_id) is not None:
            return False
        images = self._library.counts(model_id).tagged
        return images >= max(FEWEST_IMAGES, self._images_of_last(model_id) * _GROWTH)

    def _images_of_last(self, model_id: str) -> int:
        version = self.packages.current(model_id)
        return 0 if version is None else self.packages.read_manifest(model_id, version).images

    def _make(self, model_id: str) -> None:
        request = self._request(model_id)
        with self._changed:
            if self._closing:
                return
            if self._giving_way:
                raise Conflict("a training runs.")
            job = self._job = self._jobs.take()
        try:
            outcome = job.run(request, lambda progress: None)
        finally:
            with self._changed:
                self._job = None
        if isinstance(outcome, Trained):
            self.packages.activate(model_id, outcome.version)
            self.packages.prune(model_id, keep=1)
            log.info("model %s: a draft of %d images proposes tags", model_id, outcome.images)
            # Not before: two at a time would be too much for a small memory.
            self._jobs.expect()
        else:
            log.info("model %s: no draft: %s", model_id, outcome.message)

    def _request(self, model_id: str, *, look: bool = False) -> bytes:
        return encode_request(
            self._library.training_set(model_id),
            data=self._data,
            packages=self.packages.root,
            zoo=self._zoo,
            threads=self._threads(),
            parent_version=None,
            look=look,
        )
