"""The catalogues: all that the page says is translated, whole and with the same values."""

import re

import pytest

from modules.trainer_agent.catalogues import LANGUAGES, SOURCE, catalogue, forms
from modules.trainer_agent.words import extracted, untranslated
from tests.trainer_agent.conftest import REPOSITORY

TEMPLATES = sorted((REPOSITORY / "modules/trainer_agent/web/templates").glob("*.html"))
OTHERS = sorted(set(LANGUAGES) - {SOURCE})
VALUES = re.compile(r"%\(\w+\)s|%%|\{\w+\}")
FILLED_IN = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
READ_OUT = re.compile(r'\b(?:aria-label|aria-valuetext|title|placeholder|alt)="([^"]*)"')
WORD = re.compile(r"[^\W\d_]+")
SAME_IN_ALL = {"Fifteen", "A", "B", "C", "Y", "Z"}
"""The product's name, and keys."""
PERCENT = re.compile(r"%%?(?!\()")


def in_english(message):
    return (message.id,) if isinstance(message.id, str) else message.id


@pytest.mark.parametrize("domain", ["messages", "scripts"])
@pytest.mark.parametrize("language", OTHERS)
def test_all_that_is_marked_is_translated(language, domain):
    marked, known = extracted(domain), catalogue(language, domain)

    missing = [message.id for message in marked if message.id and known.get(message.id) is None]
    assert missing == [], "run `make words`, then translate these"
    assert untranslated(known) == []
    assert [message.id for message in known if message.id and message.fuzzy] == []


@pytest.mark.parametrize("domain", ["messages", "scripts"])
@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_is_not_said_any_more(language, domain):
    marked = extracted(domain)

    gone = [message.id for message in catalogue(language, domain) if message.id and marked.get(message.id) is None]

    assert gone == [], "run `make words`"


@pytest.mark.parametrize("domain", ["messages", "scripts"])
@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_values_of_the_original(language, domain):
    for message in catalogue(language, domain):
        if message.id:
            *_, wanted = (set(VALUES.findall(form)) for form in in_english(message))
            *few, many = (set(VALUES.findall(form)) for form in forms(message))
            assert many == wanted, message.id
            assert all(form <= wanted for form in few), message.id


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_filled_in_by_the_device_has_no_percent_sign_of_its_own(language):
    for message in catalogue(language, "messages"):
        if message.id:
            assert set(PERCENT.findall(" ".join((*in_english(message), *forms(message))))) <= {"%%"}, message.id


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_shows_no_text_of_its_own_that_is_not_marked(path):
    markup = FILLED_IN.sub("", path.read_text())

    shown = [TAG.sub(" ", markup), *READ_OUT.findall(markup)]

    assert set(WORD.findall(" ".join(shown))) <= SAME_IN_ALL


def test_what_is_marked_is_found_wherever_it_stands():
    messages = {text for message in extracted("messages") for text in in_english(message)}
    scripts = {text for message in extracted("scripts") for text in in_english(message)}

    assert "Settings" in messages, "in a template"
    assert "%(num)s images" in messages, "counted in Python"
    assert "Packing the model" in messages, "said by the learner"
    assert "One box copied." in scripts, "counted in a script"
    assert "{count} to go." in scripts, "inside a template string"
