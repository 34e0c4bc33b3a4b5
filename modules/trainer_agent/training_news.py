"""What the cloud is told of trainings and versions: events, and how the last training of each model ended."""

from collections.abc import Mapping

from edge_common.errors import NotFound
from edge_common.hub import Hub
from modules.trainer_agent.library import Library
from modules.trainer_agent.training_log import TrainingState, now_text


class TrainingNews:
    """Every method may be called from any thread."""

    def __init__(self, hub: Hub, library: Library) -> None:
        self._hub = hub
        self._library = library

    def put_live(self, model_id: str, version: str) -> None:
        """Staff put a kept version live."""
        about = {"model_id": model_id, "time": now_text(), "event": "put live", "version": version}
        self._hub.send("events", {"schema_version": 1, **about, **self._attributes(model_id)})

    def ended(self, state: TrainingState, event: Mapping[str, object]) -> None:
        """A training has ended; `event` holds the name of the event and what came of it."""
        about = {"model_id": state.model_id, "time": state.ended, **event, **self._attributes(state.model_id)}
        self._hub.report({"trainings": {state.model_id: about}})
        self._hub.send("events", {"schema_version": 1, **about})

    def _attributes(self, model_id: str) -> dict[str, object]:
        """What operations sort models by; nothing for a model without any, or one that is gone."""
        try:
            attributes = self._library.model(model_id).attributes
        except NotFound:
            return {}
        return {"attributes": dict(attributes)} if attributes else {}
