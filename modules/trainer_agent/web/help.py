"""Help: what to do when something does not work, on the device itself."""

from flask import Blueprint, render_template

bp = Blueprint("help", __name__)


@bp.get("/help")
def help_page() -> str:
    return render_template("help.html")
