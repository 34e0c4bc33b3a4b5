"""Sentences for staff that are made where nobody knows who reads them, and said in a reader's language later."""

from collections.abc import Mapping


class Sentence(str):
    """A sentence in English that also knows what it was made of."""

    patterns: tuple[str, ...]
    """With `%(name)s` for values; of what is counted, for one and for many."""
    number: int
    """What is counted."""
    values: Mapping[str, object]

    def __new__(cls, patterns: tuple[str, ...], number: int, values: Mapping[str, object]) -> "Sentence":
        made = super().__new__(cls, patterns[0 if number == 1 else -1] % values)
        made.patterns, made.number, made.values = patterns, number, values
        return made


def sentence(pattern: str, **values: object) -> Sentence:
    return Sentence((pattern,), 1, values)


def counted(one: str, many: str, count: int, **values: object) -> Sentence:
    """The pattern that fits the count, which it shows as `%(num)s`."""
    return Sentence((one, many), count, {"num": count} | values)


def marked(text: str) -> str:
    """A text as it is; `make words` finds it, so that it is known in other languages wherever it turns up."""
    return text
