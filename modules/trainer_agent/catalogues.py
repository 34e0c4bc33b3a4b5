"""The page's words in other languages: gettext catalogues, read as they are written, so that none is compiled."""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = "en"
"""The language that the program is written in; it needs no catalogue."""
LANGUAGES = {SOURCE: "English", "de": "Deutsch"}
"""Each by the name that its speakers give it."""
FOLDER = Path(__file__).parent / "translations"

Domain = Literal["messages", "scripts"]
"""What the device says, and what the scripts say in the browser."""


def path_of(language: str, domain: Domain) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def catalogue(language: str, domain: Domain) -> Catalog:
    """As it is written; one of a language without a catalogue is empty."""
    path = path_of(language, domain)
    if not path.is_file():
        return Catalog(locale=language, domain=domain)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=domain)


@cache
def translations(language: str) -> GNUTranslations:
    """The words of the device in a language; what it does not have stays as it is."""
    compiled = BytesIO()
    write_mo(compiled, catalogue(language, "messages"))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def script_words(language: str) -> dict[str, str | list[str]]:
    """What scripts say: by its English words the translation, or of what is counted one for each plural form."""
    words: dict[str, str | list[str]] = {}
    for message in catalogue(language, "scripts"):
        if isinstance(message.id, str) and message.id:
            words[message.id] = forms(message)[0]
        elif message.id:
            words[message.id[0]] = list(forms(message))
    return words


def forms(message: Message) -> tuple[str, ...]:
    """The translation of a message, or of what is counted one for each plural form; empty where none is."""
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or ("",))
