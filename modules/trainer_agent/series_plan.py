"""What a series of captures is to be, how one stands, and the table of those that are being taken."""

from dataclasses import asdict, dataclass
from typing import Literal

from edge_common.errors import InvalidInput
from edge_common.sentences import marked
from modules.trainer_agent.annotations import LibraryImage
from modules.trainer_agent.database import Database

MOST_IMAGES = 200
LONGEST_EVERY_S = 3600
LONGEST_MINUTES = 24 * 60
SeriesPhase = Literal["none", "running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class SeriesPlan:
    """What staff asked for."""

    camera: str
    every_s: int
    images: int
    minutes: int
    only_changed: bool


@dataclass(frozen=True)
class SeriesState:
    """How a model's last series stands."""

    number: int = 0
    """Another one at each change."""
    phase: SeriesPhase = "none"
    plan: SeriesPlan | None = None
    ends_ns: int = 0
    """When time is up: Unix time, UTC."""
    taken: int = 0
    alike: int = 0
    """Pictures that were not kept because they showed nothing new."""
    message: str = ""
    """Why there is no picture right now, or why it ended early."""
    newest: LibraryImage | None = None
    resumed: bool = False
    """Whether the device was started anew since it began."""


def checked_plan(plan: SeriesPlan) -> SeriesPlan:
    """The plan; raises InvalidInput naming each bound, or that there is no camera in it."""
    if plan.camera == "":
        raise InvalidInput(marked("Choose a camera."))
    for name, value, most in (
        ("Every", plan.every_s, LONGEST_EVERY_S),
        ("Images", plan.images, MOST_IMAGES),
        ("Minutes", plan.minutes, LONGEST_MINUTES),
    ):
        if not 1 <= value <= most:
            raise InvalidInput(f"{name}: a whole number from 1 to {most} expected, got {value}.")
    return plan


class SeriesTable:
    """The series that are being taken, kept so that the next start goes on with them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, model_id: str, state: SeriesState) -> None:
        """Have a running series kept as it stands, and one that has ended forgotten."""
        with self._database.writing() as rows:
            if state.phase != "running" or state.plan is None:
                rows.execute("DELETE FROM series WHERE model_id = ?", (model_id,))
                return
            values = {"model_id": model_id, **asdict(state.plan)}
            values |= {"ends_ns": state.ends_ns, "taken": state.taken, "alike": state.alike}
            rows.execute(
                f"INSERT OR REPLACE INTO series ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                tuple(values.values()),
            )

    def running(self) -> dict[str, SeriesState]:
        """Those that were being taken when this process' predecessor ended, by model."""
        with self._database.reading() as rows:
            return {
                row["model_id"]: SeriesState(
                    phase="running",
                    plan=SeriesPlan(
                        row["camera"], row["every_s"], row["images"], row["minutes"], bool(row["only_changed"])
                    ),
                    ends_ns=row["ends_ns"],
                    taken=row["taken"],
                    alike=row["alike"],
                    resumed=True,
                )
                for row in rows.execute("SELECT * FROM series")
            }
