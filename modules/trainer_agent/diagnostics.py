"""One zip that tells somebody far away how this device is doing: no picture, no password, nothing of who signs in.

What goes in is listed here; no folder is copied. Passwords of cameras are taken out of every text at the end.
"""

import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from edge_common.camera_urls import secrets_of, without_secrets
from edge_common.errors import EdgeError
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.packages import PackageStore
from edge_common.results import InferenceState
from edge_common.service import LOG_FOLDER
from edge_common.setting_groups import without_passwords
from edge_common.settings import TrainerSettings
from modules.trainer_agent.cameras import Cameras
from modules.trainer_agent.library import Library
from modules.trainer_agent.licences import parts
from modules.trainer_agent.machine import about_machine
from modules.trainer_agent.storage import Storage
from modules.trainer_agent.training_log import TrainingLog

MODULES = ("capture", "inference", "trainer_agent")
LOGS = (*MODULES, "standalone")
_LOG_BYTES = 300_000
"""Of each file, from its end."""
_TRAININGS = 50
_HIDDEN = "•••"
_LEAST_SECRET = 4
"""Shorter ones would take out half of every text, and are taken out where they stand in a URL all the same."""
_SECRET_KEY = re.compile(r"(^|_)(pin|password|secret|token|key)s?($|_)")


@dataclass(frozen=True)
class Diagnostics:
    """Collects it."""

    library: Library
    packages: PackageStore
    cameras: Cameras
    storage: Storage
    settings: Callable[[], TrainerSettings]
    inference: Callable[[], InferenceState | None]
    data: Path
    zoo: Path

    def file(self) -> bytes:
        """The zip."""
        secrets = self._secrets()
        out = BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, collect in self._documents().items():
                archive.writestr(f"{name}.json", cleaned(_as_json(collect), secrets))
            for name, text in self._logs():
                archive.writestr(f"{LOG_FOLDER}/{name}", cleaned(text, secrets))
        return out.getvalue()

    def _documents(self) -> dict[str, Callable[[], Any]]:
        return {
            "machine": about_machine,
            "disk": lambda: asdict(self.storage.use()),
            "settings": self._settings_in_force,
            "cameras": lambda: [asdict(state) for state in self.cameras.states()],
            "inference": self._looking,
            "models": lambda: [self._model(model.id) for model in self.library.models()],
            "trainings": lambda: [asdict(state) for state in TrainingLog(self.library.database).newest(_TRAININGS)],
            "packages": lambda: [asdict(part) for part in parts(self.zoo)],
        }

    def _settings_in_force(self) -> dict[str, Any]:
        """Each module's last good settings; of this one, those that it works with."""
        found: dict[str, Any] = {}
        for module in MODULES:
            try:
                found[module] = json.loads((self.data / "settings" / f"{module}.json").read_bytes())
            except FileNotFoundError:
                found[module] = "the defaults"
            except ValueError as error:
                found[module] = f"not readable: {error}"
        found["trainer_agent"] = self.settings().model_dump(mode="json")
        return dict(without_passwords(found))

    def _looking(self) -> Any:  # noqa: ANN401 (JSON)
        state = self.inference()
        return "it does not report" if state is None else state.model_dump(mode="json")

    def _model(self, model_id: str) -> dict[str, Any]:
        model, counts = self.library.model(model_id), self.library.counts(model_id)
        live = self.packages.current(model_id)
        versions = []
        for version in self.packages.versions(model_id):
            try:
                manifest = self.packages.read_manifest(model_id, version)
            except EdgeError as error:
                versions.append({"version": version, "problem": str(error)})
                continue
            about = manifest.model_dump(mode="json", include={"version", "score", "images", "boxes", "created"})
            versions.append(about | {"program_version": manifest.program_version})
        tags = {tag.name: counts.per_tag[tag.id] for tag in model.tags}
        return {
            "id": model.id,
            "name": model.name,
            "kind": model.kind,
            "automatic": model.automatic,
            "collecting": model.collecting,
            "attributes": dict(model.attributes),
            "images_tagged": counts.tagged,
            "images_untagged": counts.untagged,
            "images_per_tag": tags,
            "live": live,
            "versions": versions,
        }

    def _logs(self) -> Iterator[tuple[str, str]]:
        for module in LOGS:
            for name in (f"{module}.log.1", f"{module}.log"):
                try:
                    with (self.data / LOG_FOLDER / name).open("rb") as file:
                        file.seek(max(0, file.seek(0, 2) - _LOG_BYTES))
                        yield name, file.read().decode(errors="replace")
                except FileNotFoundError:
                    continue

    def _secrets(self) -> frozenset[str]:
        """Passwords of every camera that the page or a twin knows of."""
        urls: list[str] = []
        try:
            own = OwnCameras(self.data / PLACE).read()
            urls = [camera.url for camera in (*own.cameras.values(), *own.removed.values())]
        except EdgeError:
            pass  # a damaged file; where an address of it stands in a text, its password is taken out all the same
        for path in (self.data / "settings" / "capture.json", self.data / "twins" / "capture" / "desired.json"):
            urls += _urls_in(path)
        return frozenset().union(*map(secrets_of, urls))


def cleaned(text: str, secrets: Collection[str]) -> str:
    """The text without these secrets, and without what looks like a password of a URL."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            # In JSON some signs are written in another way.
            text = text.replace(json.dumps(secret, ensure_ascii=False)[1:-1], _HIDDEN).replace(secret, _HIDDEN)
    return without_secrets(text)


def masked(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """JSON values with those hidden whose name says that they are secret."""
    if isinstance(value, dict):
        return {
            key: _HIDDEN if _SECRET_KEY.search(str(key).lower()) and not isinstance(one, dict | list) else masked(one)
            for key, one in value.items()
        }
    return [masked(one) for one in value] if isinstance(value, list) else value


def _as_json(collect: Callable[[], Any]) -> str:
    """What was collected; a part that fails says why, since a device that is unwell is when this file is wanted."""
    try:
        value = collect()
    except (EdgeError, OSError) as error:
        value = {"problem": str(error)}
    return json.dumps(masked(value), indent=2, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:  # noqa: ANN401 (JSON)
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else dict(value)


def _urls_in(path: Path) -> list[str]:
    """The camera URLs in a file of settings, be they good or bad."""
    try:
        cameras = json.loads(path.read_bytes()).get("cameras", {}).values()
    except (OSError, ValueError, AttributeError):
        return []
    return [camera["url"] for camera in cameras if isinstance(camera, dict) and isinstance(camera.get("url"), str)]
