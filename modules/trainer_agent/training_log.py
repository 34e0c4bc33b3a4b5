"""How trainings stand and how they ended, kept so that a restart shows it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from edge_common.scores import Score
from edge_common.sentences import marked
from modules.trainer_agent.database import Database

Phase = Literal["none", "waiting", "running", "trained", "failed", "interrupted", "cancelled"]

INTERRUPTED = marked("The device stopped during the training. The model in use before stays in use.")
CANCELLED = marked("Training was cancelled. Nothing has changed.")


@dataclass(frozen=True)
class TrainingState:
    """The last training of a model; every change is a new value with a higher number."""

    model_id: str
    number: int = 0
    phase: Phase = "none"
    stage: str = ""
    """What a running training is doing, in words for staff."""
    fraction: float = 0.0
    """0 to 1."""
    seconds_left: float | None = None
    started: str = ""
    """UTC, RFC 3339; so is `ended`."""
    ended: str | None = None
    version: str | None = None
    score: Score | None = None
    images: int = 0
    boxes: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Images not used, by name, and why."""
    seconds: float | None = None
    message: str = ""
    """Why it failed or was interrupted, or that it was cancelled."""
    kept_back: str = ""
    """Why the trained version is a candidate and did not go live; empty when it did."""

    @property
    def active(self) -> bool:
        return self.phase in ("waiting", "running")


def now_text() -> str:
    """UTC, RFC 3339, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class TrainingLog:
    """The table of trainings: a row when one is asked for, filled in when it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, model_id: str, started: str) -> None:
        with self._database.writing() as rows:
            rows.execute(
                "INSERT INTO trainings (model_id, started, phase) VALUES (?, ?, 'running')", (model_id, started)
            )

    def end(self, state: TrainingState) -> None:
        """Fill in the newest row of the state's model."""
        with self._database.writing() as rows:
            rows.execute(
                "UPDATE trainings SET ended = ?, phase = ?, version = ?, score = ?, images = ?, boxes = ?,"
                " left_out = ?, seconds = ?, message = ?, kept_back = ?"
                " WHERE id = (SELECT max(id) FROM trainings WHERE model_id = ?)",
                (
                    state.ended,
                    state.phase,
                    state.version,
                    state.score.model_dump_json() if state.score else None,
                    state.images,
                    state.boxes,
                    json.dumps(dict(state.left_out), ensure_ascii=False),
                    state.seconds,
                    state.message,
                    state.kept_back,
                    state.model_id,
                ),
            )

    def end_interrupted(self) -> dict[str, int]:
        """Mark what was running when this process' predecessor died.

        Returns each model's number of interruptions in a row.
        """
        with self._database.writing() as rows:
            cut = [row["model_id"] for row in rows.execute("SELECT model_id FROM trainings WHERE phase = 'running'")]
            rows.execute(
                "UPDATE trainings SET phase = 'interrupted', ended = ?, message = ? WHERE phase = 'running'",
                (now_text(), INTERRUPTED),
            )
            in_a_row = (
                "SELECT count(*) FROM trainings WHERE model_id = :model AND id > coalesce("
                "(SELECT max(id) FROM trainings WHERE model_id = :model AND phase <> 'interrupted'), 0)"
            )
            return {model_id: rows.execute(in_a_row, {"model": model_id}).fetchone()[0] for model_id in cut}

    def last(self) -> dict[str, TrainingState]:
        """How the last training of each model stands."""
        with self._database.reading() as rows:
            newest = rows.execute(
                "SELECT * FROM trainings WHERE id IN (SELECT max(id) FROM trainings GROUP BY model_id)"
            )
            return {row["model_id"]: _state_of(row) for row in newest}

    def newest(self, limit: int) -> tuple[TrainingState, ...]:
        """The last trainings of all models, the newest first."""
        with self._database.reading() as rows:
            found = rows.execute("SELECT * FROM trainings ORDER BY id DESC LIMIT ?", (limit,))
            return tuple(_state_of(row) for row in found)

    def scored(self, model_id: str) -> tuple[TrainingState, ...]:
        """The trainings of a model that gave a score, oldest first, at most the last 100."""
        with self._database.reading() as rows:
            found = rows.execute(
                "SELECT * FROM trainings WHERE model_id = ? AND score IS NOT NULL ORDER BY id DESC LIMIT 100",
                (model_id,),
            )
            return tuple(reversed([_state_of(row) for row in found]))


def _state_of(row: Mapping[str, Any]) -> TrainingState:
    return TrainingState(
        model_id=row["model_id"],
        phase=row["phase"],
        started=row["started"],
        ended=row["ended"],
        version=row["version"],
        score=Score.model_validate_json(row["score"]) if row["score"] else None,
        images=row["images"],
        boxes=row["boxes"],
        left_out=json.loads(row["left_out"]),
        seconds=row["seconds"],
        message=row["message"],
        kept_back=row["kept_back"],
    )
