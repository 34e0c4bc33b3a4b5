"""Which versions of a model were handed to azureeyemodule, which has no word for what it runs: one file a model.

    handoff/<model id>.json   what was handed off, the newest first
    handoff/<sha256>.zip      the file itself

trainer_agent writes it, inference reads it to know whose results come in.
"""

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_common.durable import write_file
from edge_common.errors import InvalidInput

log = logging.getLogger(__name__)

HANDOFF_FOLDER = "handoff"
"""Below the data folder."""
MOST_KEPT = 4
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ModelZip(BaseModel):
    """One version as a model zip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the zip")
    size: int = Field(ge=0, description="in bytes")
    labels: tuple[str, ...] = Field(min_length=1)
    blob: bool = Field(description="whether it carries the compiled model, too")
    url: str
    reported: str = Field(description="when its address was told: UTC, RFC 3339")
    fetched: str = Field(default="", description="when it was last fetched, the same way; empty if never")


class HandedOff(BaseModel):
    """What was handed off of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    zips: tuple[ModelZip, ...] = ()
    """The newest first."""

    @property
    def in_use(self) -> ModelZip | None:
        """The one that azureeyemodule most likely runs: the last that was fetched, else the newest; None of none."""
        fetched = [one for one in self.zips if one.fetched]
        return max(fetched, key=lambda one: one.fetched) if fetched else next(iter(self.zips), None)

    def of(self, version: str) -> ModelZip | None:
        return next((one for one in self.zips if one.version == version), None)

    def with_newest(self, newest: ModelZip) -> "HandedOff":
        """With this one in front; beyond MOST_KEPT the oldest go, never the one in use: it is fetched at restarts."""
        rest = [one for one in self.zips if one.version != newest.version]
        in_use = HandedOff(zips=tuple(rest)).in_use
        kept = [one for index, one in enumerate(rest) if index < MOST_KEPT - 1 or one == in_use]
        return HandedOff(zips=(newest, *kept))

    def with_fetched(self, sha256: str, now: str) -> "HandedOff":
        return HandedOff(
            zips=tuple(one.model_copy(update={"fetched": now}) if one.sha256 == sha256 else one for one in self.zips)
        )


class HandoffFolder:
    """The files. One program writes, any number read."""

    def __init__(self, data: Path) -> None:
        self.root = data / HANDOFF_FOLDER

    def read(self, model_id: str) -> HandedOff:
        """What was handed off; nothing where there is no file, or one that is damaged, which is logged."""
        path = self._path(model_id)
        try:
            return HandedOff.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return HandedOff()
        except ValidationError as error:
            log.error("%s cannot be used: %s", path, error)
            return HandedOff()

    def write(self, model_id: str, handed: HandedOff) -> None:
        write_file(self._path(model_id), handed.model_dump_json(indent=2).encode())

    def models(self) -> list[str]:
        """Every model of which something was handed off."""
        return sorted(path.stem for path in self.root.glob("*.json"))

    def zip_path(self, sha256: str) -> Path:
        """Raises InvalidInput for what is no checksum."""
        if not _SHA256.fullmatch(sha256):
            raise InvalidInput(f"sha256: 64 hexadecimal digits expected, got {sha256[:80]!r}")
        return self.root / f"{sha256}.zip"

    def _path(self, model_id: str) -> Path:
        if not _MODEL_ID.fullmatch(model_id):
            raise InvalidInput(f"model id: letters, digits, '.', '_' and '-' expected, got {model_id!r}")
        return self.root / f"{model_id}.json"


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
