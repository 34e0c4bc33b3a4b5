"""What the cloud may ask of trainer_agent by direct method: the models, a training, another version in use."""

import threading
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from edge_common.errors import Conflict
from edge_common.hub import Hub
from edge_common.methods import Answer, Method, Request
from edge_common.packages import PackageStore
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.library import Library

_REPORT_EVERY_S = 1.0


class OfModel(Request):
    """Of one model."""

    model_id: str = Field(alias="modelId", min_length=1, max_length=64, description="as listModels tells it")


class OfVersion(OfModel):
    """Of one of a model's kept versions."""

    version: str = Field(min_length=1, max_length=64, description="as listModels tells it")


class ModelMethods:
    """`methods` are what a hub serves."""

    def __init__(self, library: Library, agent: Agent, packages: PackageStore, hub: Hub) -> None:
        self._library, self._agent, self._packages, self._hub = library, agent, packages, hub
        self.methods: Mapping[str, Method[Any]] = {
            "train": Method(OfModel, self._train),
            "listModels": Method(Request, self._list),
            "activate": Method(OfVersion, self._activate),
            "rollback": Method(OfModel, self._rollback),
        }

    def _train(self, asked: OfModel) -> Answer:
        state = self._agent.train(asked.model_id)
        follow = threading.Thread(target=self._follow, args=(asked.model_id,), name="followed training", daemon=True)
        follow.start()
        place = f"methods.train.{asked.model_id}"
        return Answer(202, {"modelId": asked.model_id, "phase": state.phase, "progress": f"reported property {place}"})

    def _follow(self, model_id: str) -> None:
        """Have the twin tell how the training goes on, until it has ended."""
        while True:
            state = self._agent.state(model_id)
            about = {"phase": state.phase, "stage": str(state.stage), "fraction": round(state.fraction, 2)}
            self._hub.report({"methods": {"train": {model_id: {**about, "started": state.started}}}})
            if not state.active or self._agent.closing:
                return
            threading.Event().wait(_REPORT_EVERY_S)

    def _list(self, asked: Request) -> list[dict[str, Any]]:
        return [
            {
                "modelId": model.id,
                "name": model.name,
                "kind": model.kind,
                "tags": [tag.name for tag in model.tags],
                "current": self._packages.current(model.id),
                "versions": self._packages.versions(model.id),
                "training": self._agent.state(model.id).phase,
            }
            for model in self._library.models()
        ]

    def _activate(self, asked: OfVersion) -> dict[str, str]:
        self._agent.versions.put_live(asked.model_id, asked.version)
        return {"modelId": asked.model_id, "version": asked.version}

    def _rollback(self, asked: OfModel) -> dict[str, str]:
        self._library.model(asked.model_id)
        earlier = self._packages.earlier(asked.model_id)
        if not earlier:
            raise Conflict(f"model {asked.model_id}: a version before the one in use expected, there is none")
        self._agent.versions.put_live(asked.model_id, earlier[-1])
        return {"modelId": asked.model_id, "version": earlier[-1]}
