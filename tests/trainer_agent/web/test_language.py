"""The language of the page: by the browser, by choice, and in all that the device says."""

import re

import pytest

from edge_common.sentences import counted, sentence
from modules.trainer_agent.web.language import COOKIE, told
from tests.trainer_agent.conftest import add_image

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
TAGS = re.compile(r"<script.*?</script>|<[^>]*>", re.DOTALL)
ENGLISH = re.compile(r"\b(the|and|is|are|of|to|with|Home|Models|Cameras|Settings|Capture|Library|Train)\b")


def visible(html):
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", TAGS.sub(" ", html))


def language_of(client, **headers):
    return re.search(r'<html lang="(\w+)"', client.get("/settings", **headers).text)[1]


@pytest.mark.parametrize(
    ("asked", "given"),
    [("de", "de"), ("de-CH,en;q=0.5", "de"), ("fr,de;q=0.3", "de"), ("en-US,de;q=0.9", "en"), ("fr", "en"), ("", "en")],
)
def test_the_page_speaks_as_the_browser_asks_and_english_to_anybody_else(client, asked, given):
    assert language_of(client, headers={"Accept-Language": asked}) == given


def test_a_choice_holds_for_its_browser_until_it_is_left_to_the_browser_again(client, build_app):
    answer = client.put("/api/settings/language", json={"language": "de"})

    kept = answer.headers["Set-Cookie"]
    assert kept.startswith(f"{COOKIE}=de;")
    assert {"SameSite=Lax", "Max-Age=31536000"} <= set(kept.split("; "))
    assert language_of(client) == "de"
    assert language_of(build_app().test_client()) == "en"

    client.put("/api/settings/language", json={"language": ""})
    assert language_of(client) == "en"


def test_a_language_that_is_not_there_is_refused_and_an_old_choice_of_it_means_nothing(client):
    assert client.put("/api/settings/language", json={"language": "xx"}).status_code == 400

    client.set_cookie(COOKIE, "xx")

    assert language_of(client) == "en"


def test_the_main_pages_are_german_throughout(client, library):
    model = library.create_model("Fehlware", "detection", ["Lücke", "voll"], automatic=True)
    image = add_image(library, model, 1)
    pages = ["", "models", "models/new", "models/import", "cameras", "cameras/new", "live", "settings", "nowhere"]
    pages += [f"models/{model.id}{part}" for part in ("", "/capture", "/upload", "/library", "/training")]
    pages += [f"models/{model.id}/images/{image.id}", f"models/{model.id}/library?show=check"]

    for page in pages:
        answer = client.get(f"/{page}", headers=GERMAN)
        assert '<html lang="de" data-words="/words/de.json' in answer.text, page
        assert ENGLISH.findall(visible(answer.text).partition("Versionen und Lizenzen")[0]) == [], page


def test_the_sign_in_page_is_german_and_its_scripts_find_their_words(build_app):
    app = build_app()
    app.extensions["services"].people.set_first_pin("280614", "this machine", known=True, code=None)
    client = app.test_client()

    page = client.get("/sign-in", headers=GERMAN).text

    assert "Anmelden" in page
    assert ENGLISH.findall(visible(page)) == []
    words = client.get(re.search(r'data-words="([^"]+)"', page)[1].replace("&amp;", "&"))
    assert words.json["Saved"] == "Gespeichert"
    assert words.json["One box copied."] == ["Ein Rahmen kopiert.", "{num} Rahmen kopiert."]
    assert "immutable" in words.headers["Cache-Control"]
    assert client.post("/api/sign-in", json={"pin": "999999"}, headers=GERMAN).json["message"] == (
        "Das ist nicht die PIN."
    )


def test_english_needs_no_words_and_a_language_that_is_not_there_has_none(client):
    assert "data-words" not in client.get("/").text
    assert client.get("/words/xx.json").status_code == 404


def test_what_another_part_has_made_is_told_in_the_language_of_the_request(build_app):
    few, wrong = counted("%(num)s second", "%(num)s seconds", 4), "said by nobody"
    wait = sentence("Wait %(time)s, then try again.", time=few)
    app = build_app()

    with app.test_request_context(headers=GERMAN):
        assert told(wait) == "Bitte 4 Sekunden warten und dann noch einmal versuchen."
        assert told("Packing the model") == "Das Modell wird gepackt"
        assert told(wrong) == wrong

    with app.test_request_context():
        assert told(wait) == wait == "Wait 4 seconds, then try again."


def test_followers_are_told_in_their_language(client, model):
    with client.get(f"/api/models/{model.id}/training/events", headers=GERMAN) as answer:
        assert answer.mimetype == "text/event-stream"
        next(answer.response)
        assert b'"phase": "none"' in next(answer.response)
