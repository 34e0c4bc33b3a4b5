"""A hand-off over a store of its own, and what it told."""

import json
from typing import Any

from edge_common.settings import HandoffSettings
from modules.trainer_agent.handoff.blob import BlobCompiler
from modules.trainer_agent.handoff.handoff import Handoff
from modules.trainer_agent.library import Library
from tests.trainer_agent.conftest import Workshop

TO_EYE = HandoffSettings(to="azureeyemodule", base_url="http://trainer_agent:8080")


class Desk:
    """A hand-off whose settings a test changes; not started, tests call `look`."""

    def __init__(self, workshop: Workshop, library: Library, compiler: BlobCompiler) -> None:
        self.settings = TO_EYE
        self.workshop = workshop
        self.handoff = Handoff(
            workshop.packages, workshop.hub, lambda: self.settings, library, compiler, data=workshop.folder
        )

    def told(self, model_id: str = "shelf") -> dict[str, Any] | None:
        path = self.workshop.folder / "twin" / "reported.json"
        values = json.loads(path.read_bytes()) if path.exists() else {}
        found: dict[str, Any] | None = values.get("handoff", {}).get(model_id)
        return found

    def events(self) -> list[dict[str, Any]]:
        return self.workshop.messages()

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.workshop.folder / "handoff").glob("*.zip"))
