"""What a module's messages cost: counted in blocks as IoT Hub bills them, by month, with where the month will end.

Counted is what the hub has taken. Twin operations, which are billed as well, are not in it; docs/operations.md tells
what these come to.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_common.durable import write_file
from edge_common.telemetry import Output

log = logging.getLogger(__name__)

BLOCK_BYTES = 4096
"""Of all tiers but the free one, whose blocks have 512."""
PROPERTIES_BYTES = 300
"""Values of a message's properties count as well: ours, and those that the hubs add, of which no list is published."""
REPORT_EVERY_S = 3600.0
_SAVE_EVERY_S = 1.0
_LEAST_KNOWN_S = 3600.0
"""From less no month is estimated."""


class Used(BaseModel):
    """Of one output, or of all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: int = Field(default=0, ge=0)
    blocks: int = Field(default=0, ge=0, description="of 4 KB, as IoT Hub bills")

    def plus(self, blocks: int) -> "Used":
        return Used(messages=self.messages + 1, blocks=self.blocks + blocks)


class Month(BaseModel):
    """What was used since counting began in this month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: str = Field(description="such as 2026-11, in UTC")
    since: datetime
    outputs: dict[str, Used] = Field(
        default={output: Used() for output in get_args(Output)},
        description="each, also unused: the patch that tells them deletes nothing of the month before",
    )

    @property
    def whole(self) -> Used:
        return Used(
            messages=sum(one.messages for one in self.outputs.values()),
            blocks=sum(one.blocks for one in self.outputs.values()),
        )

    def estimate(self, now: datetime) -> int | None:
        """Blocks by the end of the month if it goes on as since the first; None until an hour of it is known."""
        known_s = (now - self.since).total_seconds()
        if known_s < _LEAST_KNOWN_S:
            return None
        left_s = (_next_month(now) - now).total_seconds()
        return round(self.whole.blocks * (1 + left_s / known_s))


class Meter:
    """One file. Every method may be called from any thread."""

    def __init__(
        self,
        file: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._now, self._steady_s = file, now, steady_s
        self._lock = threading.Lock()
        self._month = _read(file)
        self._untold = self._unsaved = False
        self._save_due_s = self._report_due_s = steady_s()

    def count(self, output: str, body_bytes: int) -> None:
        """The hub has taken a message."""
        now = self._now()
        with self._lock:
            if self._month is None or self._month.month != _named(now):
                self._month = Month(month=_named(now), since=now)
            before = self._month.outputs.get(output, Used())
            outputs = {**self._month.outputs, output: before.plus(blocks_of(body_bytes))}
            self._month = self._month.model_copy(update={"outputs": outputs})
            self._untold = self._unsaved = True
            if self._steady_s() >= self._save_due_s:
                self._save()

    def news(self) -> dict[str, Any] | None:
        """What is to be reported under `telemetry`; None where there is nothing new, or it was told within the hour."""
        with self._lock:
            if self._month is None or not self._untold or self._steady_s() < self._report_due_s:
                return None
            self._untold = False
            self._report_due_s = self._steady_s() + REPORT_EVERY_S
            self._save()
            month, whole = self._month, self._month.whole
            return {
                "month": month.month,
                "since": month.since.isoformat(timespec="seconds"),
                "messages": whole.messages,
                "blocks": whole.blocks,
                "estimated_blocks": month.estimate(self._now()),
                "outputs": {output: used.model_dump() for output, used in month.outputs.items()},
            }

    def close(self) -> None:
        with self._lock:
            self._save()

    def _save(self) -> None:
        self._save_due_s = self._steady_s() + _SAVE_EVERY_S
        if self._month is None or not self._unsaved:
            return
        try:
            write_file(self._file, self._month.model_dump_json().encode())
            self._unsaved = False
        except OSError as error:
            log.error("%s cannot be written, a restart will not know what was sent: %s", self._file, error)


def blocks_of(body_bytes: int) -> int:
    """How many blocks a message with such a body is billed as."""
    return -(-(body_bytes + PROPERTIES_BYTES) // BLOCK_BYTES)


def _named(now: datetime) -> str:
    return f"{now:%Y-%m}"


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=now.year + 1, month=1) if now.month == 12 else first.replace(month=now.month + 1)


def _read(file: Path) -> Month | None:
    try:
        return Month.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (ValidationError, OSError) as error:
        log.error("%s cannot be used, counting begins anew: %s", file, error)
        return None
