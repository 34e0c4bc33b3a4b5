"""The page that staff use: `create_app` puts its parts together."""

from datetime import UTC, datetime

from flask import Flask

from modules.trainer_agent.web import (
    before_after,
    camera_videos,
    cameras,
    capture,
    checking,
    exchange,
    handoff,
    help,
    home,
    insights,
    language,
    library_page,
    live,
    model_edits,
    models,
    names,
    people,
    rehearsals,
    series,
    settings,
    skill_drafts,
    skills,
    tagging,
    training,
    uploads,
    versions,
    wording,
    zoo,
)
from modules.trainer_agent.web.door import keep_door
from modules.trainer_agent.web.guard import guard
from modules.trainer_agent.web.problems import answer_problems
from modules.trainer_agent.web.services import Services

_LARGEST_JSON_BYTES = 64_000


def create_app(services: Services) -> Flask:
    """The page over its collaborators, ready for any WSGI server."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_JSON_BYTES
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["services"] = services
    services.model_bin.empty(datetime.now(UTC))
    services.series.resume()
    guard(app)
    keep_door(app)
    answer_problems(app)
    language.speak(app)
    for part in (
        home,
        models,
        model_edits,
        exchange,
        zoo,
        cameras,
        camera_videos,
        capture,
        series,
        uploads,
        tagging,
        library_page,
        checking,
        training,
        before_after,
        versions,
        live,
        insights,
        people,
        language,
        settings,
        help,
        handoff,
        rehearsals,
        skills,
        skill_drafts,
    ):
        app.register_blueprint(part.bp)
    app.jinja_env.filters |= wording.FILTERS | names.FILTERS
    return app
