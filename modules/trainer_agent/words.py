"""`make words`: finds what the page says and brings the catalogues in line; translating is left to people."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from modules.trainer_agent.catalogues import LANGUAGES, SOURCE, Domain, catalogue, forms, path_of

_ROOT = Path(__file__).parents[2]
_METHODS: Mapping[Domain, list[tuple[str, str]]] = {
    "messages": [("**.py", "python"), ("**.html", "jinja2")],
    "scripts": [("**.js", "javascript")],
}
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("_", "sentence", "marked")),
    **dict.fromkeys(("ngettext", "counted"), (1, 2)),
}


def extracted(domain: Domain) -> Catalog:
    """All that is marked to be translated, with the files where it is."""
    found = Catalog(domain=domain, charset="utf-8", header_comment="# What the page says, by `make words`.")
    options = {"**.html": {"newstyle_gettext": "true"}, "**.js": {"parse_template_string": "true"}}
    for folder in ("edge_common", "modules/trainer_agent"):
        for file, _line, message, _comments, _context in extract_from_dir(
            _ROOT / folder, _METHODS[domain], options, keywords=_KEYWORDS
        ):
            found.add(message, locations=[(f"{folder}/{file}", 0)])
    return found


def brought_in_line(language: str) -> Iterator[tuple[Domain, Catalog]]:
    """The catalogues of a language with what is marked now; what has gone is dropped, nothing is guessed."""
    for domain in _METHODS:
        known = catalogue(language, domain)
        begun = known.creation_date
        known.update(extracted(domain), no_fuzzy_matching=True, update_header_comment=True)
        # A date that changes with every run would be all that changes in most of them.
        known.creation_date = begun
        yield domain, known


def main() -> None:
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        for domain, known in brought_in_line(language):
            path = path_of(language, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, known, width=120, include_lineno=False, ignore_obsolete=True, sort_output=False)
            print(f"{path.name} ({language}): {len(known)} messages, {len(untranslated(known))} without a translation")


def untranslated(known: Catalog) -> list[str]:
    """The English of those that have no translation, or not for every plural form."""
    return [str(message.id) for message in known if message.id and not all(forms(message))]


if __name__ == "__main__":
    main()
