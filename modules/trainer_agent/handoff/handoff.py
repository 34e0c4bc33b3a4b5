"""Hands live models to azureeyemodule: makes its zip, checks it as that module would read it, tells its address.

The cloud's operations set `ModelZipUrl` to what the twin and an event tell: azureeyemodule's twin is not ours to set.
Versions are compared with what was handed off before, so that a restart tells nothing twice.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_common.durable import write_file
from edge_common.errors import EdgeError, InvalidInput, NotFound, PackageError, RuntimeUnavailable
from edge_common.handed_off import HandoffFolder, ModelZip, now_text
from edge_common.hub import Hub
from edge_common.images import digest_of
from edge_common.packages import PackageStore
from edge_common.settings import HandoffSettings
from edge_common.telemetry_events import ModelZipReady, ModelZipRefused
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.handoff.check import check_zip
from modules.trainer_agent.handoff.model_zip import check_kind, make_zip, zip_url
from modules.trainer_agent.handoff.trial import trial_picture
from modules.trainer_agent.library import Library

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
TRY_AGAIN_S = 60.0
_LEAST_FREE_BYTES = 200_000_000

Told = dict[str, object]


class Handoff:
    """Works on a thread of its own from `start` to `close`; `zip_path` and `fetched` may be called by any."""

    def __init__(
        self,
        packages: PackageStore,
        hub: Hub,
        settings: Callable[[], HandoffSettings],
        library: Library,
        compiler: BlobCompiler,
        *,
        data: Path,
    ) -> None:
        self._packages = packages
        self._hub = hub
        self._settings = settings
        self._library = library
        self._compiler = compiler
        self._folder = HandoffFolder(data)
        self._lock = threading.Lock()
        """Of the files: what was fetched and what is new are written by different threads."""
        self._done: dict[str, tuple[str, HandoffSettings]] = {}
        """Version and settings that a model was last handed off with, or refused."""
        self._try_again_s: dict[str, float] = {}
        """When a model that was refused is tried again."""
        self._reported: dict[str, Told] = {}
        self._fetched = threading.Event()
        """Something was since the last look."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="handoff")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._compiler.close()
        if self._thread.ident is not None:
            self._thread.join()

    def zip_path(self, sha256: str) -> Path:
        """The file of that checksum, as long as models are handed off; raises NotFound."""
        settings = self._settings()
        if settings.to == "azureeyemodule":
            try:
                path = self._folder.zip_path(sha256)
            except InvalidInput as error:
                raise NotFound("there is no such file") from error
            if path.is_file():
                return path
        raise NotFound("there is no such file")

    def fetched(self, sha256: str) -> None:
        """Note that a whole file was fetched: by azureeyemodule, as nobody else knows its address; it runs it now."""
        with self._lock:
            for model_id in self._folder.models():
                handed = self._folder.read(model_id)
                if any(one.sha256 == sha256 for one in handed.zips):
                    self._folder.write(model_id, handed.with_fetched(sha256, now_text()))
                    log.info("model %s: its zip %s was fetched", model_id, sha256[:12])
                    self._fetched.set()

    def look(self) -> None:
        """Bring what is handed off in line with the live models and the settings."""
        settings = self._settings()
        wanted = self._wanted(settings)
        if self._fetched.is_set():
            self._fetched.clear()
            self._tell_fetched()
        for model_id in [known for known in self._done if known not in wanted]:
            del self._done[model_id]
            self._try_again_s.pop(model_id, None)
        for model_id, version in wanted.items():
            if self._is_due(model_id, version, settings) and not self._stop.is_set():
                self._done[model_id] = (version, settings)
                self._try_again_s.pop(model_id, None)
                told = self._hand_over(model_id, version, settings)
                if told is not None and told != self._reported.get(model_id):
                    self._report(model_id, told)
        for model_id in [known for known in self._reported if known not in wanted]:
            del self._reported[model_id]
            self._hub.report({"handoff": {model_id: None}})
        self._sweep(wanted)

    def _is_due(self, model_id: str, version: str, settings: HandoffSettings) -> bool:
        """What was refused is tried again after a while, as a disk may be full for some time only."""
        again_s = self._try_again_s.get(model_id)
        waited = again_s is not None and time.monotonic() >= again_s
        return waited or self._done.get(model_id) != (version, settings)

    def _run(self) -> None:
        # What an earlier run told is told anew, or is not true any more.
        self._hub.report({"handoff": None})
        while True:
            try:
                self.look()
            except (EdgeError, OSError) as error:
                log.error("models are not handed off for a moment: %s", error)
            if self._stop.wait(LOOK_EVERY_S):
                return

    def _wanted(self, settings: HandoffSettings) -> dict[str, str]:
        """Models to hand off with their live version, an empty one where there is none."""
        if settings.to != "azureeyemodule":
            return {}
        live = self._packages.live()
        if settings.models:
            return {model_id: live.get(model_id, "") for model_id in settings.models}
        return {model_id: version for model_id, version in live.items() if self._is_detection(model_id, version)}

    def _is_detection(self, model_id: str, version: str) -> bool:
        try:
            return self._packages.read_manifest(model_id, version).kind == "detection"
        except EdgeError:
            # It is told why when it is handed over.
            return True

    def _hand_over(self, model_id: str, version: str, settings: HandoffSettings) -> Told | None:
        """What is to be told of it in the twin; None when the program ends meanwhile."""
        try:
            if not version:
                raise NotFound(f"model {model_id} has no live version")
            made, note = self._made(model_id, version, settings)
        except (EdgeError, OSError) as error:
            if self._stop.is_set():
                return None
            self._try_again_s[model_id] = time.monotonic() + TRY_AGAIN_S
            refused: Told = {"state": "refused", "version": version, "why": str(error)}
            if self._reported.get(model_id) != refused:
                log.error("model %s version %s is not handed to azureeyemodule: %s", model_id, version, error)
                about = self._about(model_id, version)
                self._hub.send(ModelZipRefused(**about, message=str(error)))
            return refused
        return {"state": "ready", "why": note, **made.model_dump(mode="json", exclude={"labels"})}

    def _made(self, model_id: str, version: str, settings: HandoffSettings) -> tuple[ModelZip, str]:
        """Its zip, made unless it is there, and what is worth a note about it; raises EdgeError, OSError."""
        manifest = self._packages.verify(model_id, version)
        check_kind(manifest)
        with self._lock:
            known = self._folder.read(model_id).of(version)
        data, note = (None, "") if known is None else (self._kept(known), "")
        has_blob = known is not None and known.blob
        if data is None or has_blob != (settings.blob and self._compiler.at_hand):
            model = self._packages.model_file(model_id, version)
            blob, note = self._blob(model) if settings.blob else (None, "")
            data = make_zip(model.read_bytes(), manifest.labels, blob)
            has_blob = blob is not None
        found = check_zip(data, manifest.labels, trial_picture(self._library, model_id))
        sha256 = digest_of(data)
        made = ModelZip(
            version=version,
            sha256=sha256,
            size=len(data),
            labels=manifest.labels,
            blob=has_blob,
            url=zip_url(settings.base_url, sha256),
            reported=now_text(),
        )
        if known is not None and (known.sha256, known.url) == (made.sha256, made.url):
            made = known
        self._keep(model_id, made, data)
        if made is not known:
            log.info("model %s version %s: model zip %s, %d found on trial", model_id, version, sha256, len(found))
            told = made.model_dump(include={"url", "sha256", "size", "blob"})
            self._hub.send(ModelZipReady(**self._about(model_id, version), **told, message=note))
        return made, note

    def _kept(self, known: ModelZip) -> bytes | None:
        """The file that was made before, None when it is gone or damaged."""
        path = self._folder.zip_path(known.sha256)
        data = path.read_bytes() if path.is_file() else b""
        return data if digest_of(data) == known.sha256 else None

    def _keep(self, model_id: str, made: ModelZip, data: bytes) -> None:
        path = self._folder.zip_path(made.sha256)
        if self._kept(made) is None:
            self._folder.root.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder.root).free
            if free < len(data) + _LEAST_FREE_BYTES:
                raise PackageError(f"the disk is nearly full: {free} bytes are free, {len(data)} and more are needed")
            write_file(path, data)
        with self._lock:
            handed = self._folder.read(model_id)
            if handed.of(made.version) != made or handed.zips[0] != made:
                self._folder.write(model_id, handed.with_newest(made))

    def _blob(self, model: Path) -> tuple[bytes | None, str]:
        """The compiled model, or why there is none: azureeyemodule can compile by itself."""
        try:
            return self._compiler.compile(model), ""
        except RuntimeUnavailable as error:
            if self._stop.is_set():
                raise
            log.warning("the zip goes without a compiled model: %s", error)
            return None, str(error)

    def _tell_fetched(self) -> None:
        for model_id, told in list(self._reported.items()):
            made = self._folder.read(model_id).of(str(told["version"]))
            if made is not None and told["state"] == "ready" and told["fetched"] != made.fetched:
                self._report(model_id, {**told, "fetched": made.fetched})

    def _report(self, model_id: str, told: Told) -> None:
        self._hub.report({"handoff": {model_id: None}})
        self._hub.report({"handoff": {model_id: told}})
        self._reported[model_id] = told

    def _about(self, model_id: str, version: str) -> dict[str, Any]:
        """What its events tell of every version; `version` is empty where there is none."""
        attributes: dict[str, str] = {}
        if version:
            with suppress(EdgeError):
                attributes = self._packages.read_manifest(model_id, version).attributes
        return {"model_id": model_id, "model_version": version or None, "attributes": attributes}

    def _sweep(self, wanted: Collection[str]) -> None:
        """Delete the files of models that are not handed off any more, and those that no record names."""
        if not self._folder.root.is_dir():
            return
        with self._lock:
            named = {one.sha256 for model_id in wanted for one in self._folder.read(model_id).zips}
            for path in self._folder.root.glob("*.zip"):
                if path.stem not in named:
                    path.unlink(missing_ok=True)
