"""The kept versions of each model: which one is live, which may go, and what their manifests tell operations."""

import logging
import threading
from collections.abc import Callable, Collection

from edge_common.errors import NotFound
from edge_common.hub import Hub
from edge_common.packages import PackageStore
from edge_common.settings import TrainingSettings
from edge_common.telemetry_events import AboutModel, VersionEvent
from modules.trainer_agent.library import Library
from modules.trainer_agent.promotion import reason_to_wait
from modules.trainer_agent.training_messages import Trained

log = logging.getLogger(__name__)


class KeptVersions:
    """Every method may be called from any thread."""

    def __init__(
        self, library: Library, packages: PackageStore, hub: Hub, settings: Callable[[], TrainingSettings]
    ) -> None:
        self._library = library
        self._packages = packages
        self._hub = hub
        self._settings = settings
        self.still = threading.Lock()
        """While it is held no version is put live or deleted: one that staff put live must not be one that goes."""
        self._telling = threading.Lock()
        """Held from reading a model's attributes until they are told, or older ones might be told last."""

    def put_live(self, model_id: str, version: str) -> None:
        """Make a kept version the one in use, newer or older; raises NotFound, PackageError when it is damaged."""
        self._library.model(model_id)
        with self.still:
            self._packages.activate(model_id, version)
        self.tell(VersionEvent(event="put live", model_id=model_id, model_version=version))

    def promote(self, model_id: str, trained: Trained, live_before: str | None) -> str:
        """Put a trained version live, or say why it is kept as a candidate; raises PackageError."""
        with self.still:
            if self._packages.current(model_id) != live_before:
                reason = "Another version was put in use while this one was being trained."
            else:
                reason = reason_to_wait(self._settings().promotion, trained.comparison)
            # They may have changed while it was trained.
            self._packages.label(model_id, self.attributes(model_id))
            if not reason:
                self._packages.activate(model_id, trained.version)
        if reason:
            log.info("model %s: %s is kept as a candidate. %s", model_id, trained.version, reason)
        return reason

    def keep_only(self, model_id: str, versions: Collection[str]) -> None:
        """Delete every other version, and what was left half-written."""
        with self.still:
            self._packages.keep_only(model_id, versions)

    def prune(self, model_id: str) -> None:
        """Delete the oldest versions beyond those that the settings keep."""
        with self.still:
            self._packages.prune(model_id, self._settings().keep_versions)

    def delete_earlier(self, model_id: str) -> None:
        """Delete the versions older than the one in use, so that there is no going back; candidates stay."""
        with self.still:
            for version in self._packages.earlier(model_id):
                self._packages.discard(model_id, version)

    def attributes_changed(self, model_id: str) -> None:
        """Have every kept version tell the model's attributes as they are now, and say so."""
        with self.still:
            self._packages.label(model_id, self.attributes(model_id))
        self.tell(VersionEvent(event="attributes changed", model_id=model_id))

    def attributes(self, model_id: str) -> dict[str, str]:
        """What operations sort models by; none of a model that is gone."""
        try:
            return dict(self._library.model(model_id).attributes)
        except NotFound:
            return {}

    def tell(self, event: AboutModel) -> None:
        """Send an event of a model, with its attributes, and have the twin hold these."""
        model_id = event.model_id
        with self._telling:
            attributes = self.attributes(model_id)
            # A patch adds to what is there, so what is there goes first.
            self._hub.report({"models": {model_id: None}})
            self._hub.report({"models": {model_id: {"attributes": attributes}}})
            self._hub.send(event.model_copy(update={"attributes": attributes}))
