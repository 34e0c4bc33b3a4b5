"""Which versions of models are kept and which is live, changed by one at a time: by a training or by staff."""

import logging
import threading
from collections.abc import Collection

from edge_common.packages import PackageStore
from modules.trainer_agent.promotion import Rule, reason_to_wait
from modules.trainer_agent.training_messages import Trained

log = logging.getLogger(__name__)


class Versions:
    """Every method may be called from any thread."""

    def __init__(self, packages: PackageStore) -> None:
        self._packages = packages
        self.changing = threading.Lock()
        """A version that staff put live must not be one that is just being deleted."""

    def put_live(self, model_id: str, version: str) -> None:
        """Make a kept version the one in use; raises NotFound, PackageError when it is damaged."""
        with self.changing:
            self._packages.activate(model_id, version)

    def promote(self, model_id: str, trained: Trained, live_before: str | None, rule: Rule) -> str:
        """Put a new version live, or say why it is kept as a candidate; raises PackageError."""
        with self.changing:
            if self._packages.current(model_id) != live_before:
                reason = "Another version was put in use while this one was being trained."
            else:
                reason = reason_to_wait(rule, trained.comparison)
            if not reason:
                self._packages.activate(model_id, trained.version)
        if reason:
            log.info("model %s: %s is kept as a candidate. %s", model_id, trained.version, reason)
        return reason

    def keep_only(self, model_id: str, versions: Collection[str]) -> None:
        """Delete every other version, and what was left half-written."""
        with self.changing:
            self._packages.keep_only(model_id, versions)

    def delete_earlier(self, model_id: str) -> None:
        """Delete the versions older than the one in use, so that there is no going back; candidates stay."""
        with self.changing:
            for version in self._packages.earlier(model_id):
                self._packages.discard(model_id, version)

    def prune(self, model_id: str, keep: int) -> None:
        """Delete the oldest versions beyond `keep`."""
        with self.changing:
            self._packages.prune(model_id, keep)
