"""The kept versions of a model: what each is, and putting one live."""

from dataclasses import dataclass

from flask import Blueprint, Response, jsonify

from edge_common.errors import EdgeError
from edge_common.packages import Manifest
from modules.trainer_agent.web.parsing import json_object, text
from modules.trainer_agent.web.services import services

bp = Blueprint("versions", __name__)


@dataclass(frozen=True)
class Version:
    """A kept version: live, older than the live one, or a candidate that is newer."""

    name: str
    state: str
    """`live`, `candidate` or `earlier`."""
    manifest: Manifest | None
    """None when it cannot be read."""


def versions(model_id: str) -> tuple[Version, ...]:
    """Newest first."""
    packages = services().packages
    live = packages.current(model_id)
    return tuple(
        Version(
            name,
            "live" if name == live else "candidate" if live is None or name > live else "earlier",
            _read(model_id, name),
        )
        for name in reversed(packages.versions(model_id))
    )


@bp.put("/api/models/<model_id>/live")
def put_live(model_id: str) -> Response:
    """Make `version` the one in use: a candidate, or an earlier one to go back to."""
    version = text(json_object(), "version")
    services().agent.versions.put_live(model_id, version)
    return jsonify(version=version)


def _read(model_id: str, version: str) -> Manifest | None:
    try:
        return services().packages.read_manifest(model_id, version)
    except EdgeError:
        return None  # it is listed as not usable
