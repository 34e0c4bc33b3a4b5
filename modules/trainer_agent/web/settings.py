"""Settings: what the disk is used for and how to free some of it, a file for whoever helps, versions and licences."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, render_template

from edge_common.version import VERSION
from modules.trainer_agent.bin import LASTS_S
from modules.trainer_agent.licences import parts
from modules.trainer_agent.model_bin import KEPT_DAYS
from modules.trainer_agent.storage import DiskUse
from modules.trainer_agent.web.language import _
from modules.trainer_agent.web.services import services
from modules.trainer_agent.web.wording import amount

bp = Blueprint("settings", __name__)


@dataclass(frozen=True)
class Share:
    """A part of the bar, in thousandths of the disk."""

    look: str
    """Its colour's class."""
    name: str
    size: int
    """Bytes."""
    start: float
    width: float


@bp.get("/settings")
def settings_page() -> str:
    return render_template("settings.html", version=VERSION, parts=parts(services().zoo))


@bp.get("/settings/disk")
def disk() -> str:
    """The part of the page about the disk; by itself, since counting takes a moment."""
    storage = services().storage
    use, waiting, settings = storage.use(), storage.waiting(), services().settings()
    earlier_count, earlier_size = storage.earlier_versions()
    return render_template(
        "_settings_disk_use.html",
        use=use,
        shares=shares(use),
        rows=rows(use),
        waiting=waiting,
        models=[(model, goes(model.deleted)) for model in waiting.models],
        minutes=round(LASTS_S / 60),
        kept_days=KEPT_DAYS,
        earlier_count=earlier_count,
        earlier_size=earlier_size,
        keep_versions=settings.training.keep_versions,
        least_free=settings.improve.free_disk_mb * 1_000_000,
    )


@bp.delete("/api/bin")
def empty_bin() -> tuple[str, int]:
    """Delete for good all that could still come back."""
    services().storage.empty_bin()
    return "", 204


@bp.delete("/api/earlier-versions")
def delete_earlier_versions() -> tuple[str, int]:
    """Delete, of each model, the versions older than the one in use."""
    for model in services().library.models():
        services().agent.versions.delete_earlier(model.id)
    services().storage.look_anew()
    return "", 204


@bp.get("/settings/diagnostics.zip")
def diagnostics() -> Response:
    name = f"fifteen-diagnostics-{datetime.now():%Y-%m-%d-%H%M}.zip"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(services().diagnostics.file(), mimetype="application/zip", headers=disposition)


def shares(use: DiskUse) -> list[Share]:
    """The whole disk from left to right."""
    found, start = [], 0.0
    for look, name, size in (
        ("own", _("This product"), use.own),
        ("others", _("System and other programs"), use.others),
        ("free", _("Free"), use.free),
    ):
        width = 1000 * size / use.total
        found.append(Share(look, name, size, round(start, 1), round(width, 1)))
        start += width
    return found


def rows(use: DiskUse) -> list[tuple[str, str, int]]:
    """What this product's part is made of: name, a remark, bytes."""
    found = []
    for model in use.models:
        found.append((model.name, amount(model.image_count, "image"), model.images))
        found.append((model.name, amount(model.version_count, "trained version"), model.versions))
    found += [
        (_("Ready-made models"), _("added from the zoo"), use.ready_made),
        (_("Deleted"), _("can still come back"), use.deleted),
        (_("Model zoo"), _("what every model starts from"), use.zoo),
        (_("Working files"), _("make the next training faster; old ones go by themselves"), use.working),
        (_("Videos"), _("played as cameras"), use.videos),
        (_("Lists and settings"), _("tags, areas, cameras"), use.lists),
        (_("Logs"), _("old lines go by themselves"), use.logs),
    ]
    return [row for row in found if row[2] > 0]


def goes(deleted: str) -> str:
    """When a model that was deleted then goes for good: UTC, RFC 3339."""
    return (datetime.fromisoformat(deleted).astimezone(UTC) + timedelta(days=KEPT_DAYS)).isoformat()
