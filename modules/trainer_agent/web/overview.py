"""How a model stands, for the pages that show it: images, what is missing, last training, what is live."""

from dataclasses import dataclass

from edge_common.errors import EdgeError
from edge_common.packages import Manifest
from edge_common.settings import TrainingSettings
from modules.trainer_agent.annotations import Counts, Model, missing_for_training
from modules.trainer_agent.training_log import TrainingState
from modules.trainer_agent.web.services import services


@dataclass(frozen=True)
class Overview:
    """One model at one moment."""

    model: Model
    counts: Counts
    settings: TrainingSettings
    missing: tuple[str, ...]
    training: TrainingState
    live: Manifest | None
    live_problem: str
    """Why the version in use cannot be described; empty when it can."""


def overview(model_id: str) -> Overview:
    """Raises NotFound."""
    model = services().library.model(model_id)
    counts = services().library.counts(model_id)
    settings = services().settings().training
    live, problem = _live(model_id)
    return Overview(
        model=model,
        counts=counts,
        settings=settings,
        missing=missing_for_training(model.kind, model.tags, counts, settings),
        training=services().agent.state(model_id),
        live=live,
        live_problem=problem,
    )


def _live(model_id: str) -> tuple[Manifest | None, str]:
    packages = services().packages
    version = packages.current(model_id)
    if version is None:
        return None, ""
    try:
        return packages.read_manifest(model_id, version), ""
    except EdgeError as error:
        # The other models' cards are still worth showing; this one says what is wrong with it.
        return None, str(error)
