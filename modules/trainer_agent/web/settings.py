"""The settings page."""

from flask import Blueprint, render_template

bp = Blueprint("settings", __name__)


@bp.get("/settings")
def settings_page() -> str:
    return render_template("settings.html")
