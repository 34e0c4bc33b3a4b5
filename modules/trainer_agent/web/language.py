"""The language of the page: which one the present request asks for, and what is said in it."""

import hashlib
import json
from functools import cache

from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Blueprint, Flask, Response, g, has_request_context, request, url_for

from edge_common.errors import InvalidInput, NotFound
from edge_common.sentences import Sentence
from modules.trainer_agent.catalogues import LANGUAGES, SOURCE, script_words, translations
from modules.trainer_agent.web.parsing import json_object, text

bp = Blueprint("language", __name__)

COOKIE = "fifteen_language"
_YEAR_S = 365 * 86_400


def speak(app: Flask) -> None:
    """Have the app's templates say what they say in the language of the request."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_said, _said_of_many, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters |= {"told": told, "number": number}


@bp.app_template_global()
def language() -> str:
    """What the person has chosen in this browser, or what the browser asks for; English for anybody else."""
    if not has_request_context():
        return SOURCE
    if "language" not in g:
        # In the order of the person's wishes; a country, as in de-CH, has no words of its own.
        asked = (tag.partition("-")[0].lower() for tag, wish in request.accept_languages if wish)
        g.language = chosen() or next((one for one in asked if one in LANGUAGES), SOURCE)
    found: str = g.language
    return found


@bp.app_template_global("chosen_language")
def chosen() -> str:
    """The language chosen in this browser; empty if it is left to the browser."""
    kept = request.cookies.get(COOKIE, "")
    return kept if kept in LANGUAGES else ""


@bp.app_template_global()
def languages() -> dict[str, str]:
    return LANGUAGES


@bp.app_template_global()
def words_address() -> str:
    """Where scripts find their words; empty where they need none. It changes whenever the words do."""
    spoken = language()
    return "" if spoken == SOURCE else url_for("language.words", language=spoken, of=_digest(spoken))


@bp.get("/words/<language>.json")
def words(language: str) -> Response:
    """What scripts say in a language; nothing in it is secret, so it is kept by the browser and needs no sign-in."""
    if language not in LANGUAGES:
        raise NotFound(f"Words: one of the languages {', '.join(LANGUAGES)} expected, got {language[:40]!r}.")
    kept = {"Cache-Control": f"public, max-age={_YEAR_S}, immutable"}
    return Response(_words_json(language), mimetype="application/json", headers=kept)


@bp.put("/api/settings/language")
def choose() -> Response:
    """`language` for this browser; empty leaves it to what the browser asks for."""
    wanted, response = text(json_object(), "language"), Response(status=204)
    if not wanted:
        response.delete_cookie(COOKIE, samesite="Lax")
    elif wanted in LANGUAGES:
        response.set_cookie(COOKIE, wanted, max_age=_YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
    else:
        raise InvalidInput(f"language: one of {', '.join(LANGUAGES)} expected, got {wanted[:40]!r}.")
    return response


def _(message: str, **values: object) -> str:
    """The message in the language of the request, with each `%(name)s` filled in."""
    return _said(message) % values


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """The form of the message that fits the count, which it shows as `%(num)s`."""
    return _said_of_many(one, many, count) % ({"num": number(count)} | values)


def told(text: str) -> str:
    """What another part of the program made: in the language of the request where that knows it, else as it is."""
    if not isinstance(text, Sentence):
        return _said(text) if text else ""
    one, *many = text.patterns
    said = _said_of_many(one, many[0], text.number) if many else _said(one)
    return said % {name: told(value) if isinstance(value, Sentence) else value for name, value in text.values.items()}


def number(value: float, pattern: str | None = None) -> str:
    """As the language writes it; `pattern` as in Unicode's locale data, such as `0.0`."""
    return format_decimal(value, pattern, locale=language())


def shown_time(when: object, pattern: str) -> str:
    """A moment by a pattern of Unicode's locale data, with the language's names of months."""
    return format_datetime(when, pattern, locale=language())  # type: ignore[arg-type]


def _said(message: str) -> str:
    return message if language() == SOURCE else translations(language()).gettext(message)


def _said_of_many(one: str, many: str, count: int) -> str:
    if language() == SOURCE:
        return one if count == 1 else many
    return translations(language()).ngettext(one, many, count)


@cache
def _words_json(spoken: str) -> str:
    return json.dumps(script_words(spoken), ensure_ascii=False)


@cache
def _digest(spoken: str) -> str:
    return hashlib.sha256(_words_json(spoken).encode()).hexdigest()[:12]
