"""Numbers in words for staff."""

from edge_common.detections import ModelKind
from edge_common.packages import Score

KIND_NAMES: dict[ModelKind, str] = {"detection": "Object detection", "classification": "Classification"}
_VERDICTS = ((0.9, "Very good"), (0.75, "Good"), (0.5, "Fair"), (0.0, "Weak"))


def kind_name(kind: ModelKind) -> str:
    return KIND_NAMES[kind]


def percent(value: float) -> str:
    """0.873 as `87 %`."""
    return f"{value * 100:.0f} %"


def verdict(value: float) -> str:
    """One word for a score, 0 to 1."""
    return next(word for least, word in _VERDICTS if value >= least)


def score_sentence(score: Score) -> str:
    """What the score means, for somebody who never heard of one."""
    if score.name == "accuracy":
        meaning = f"It named {percent(score.value)} of the pictures rightly that it had not seen while it learned."
    else:
        meaning = (
            f"Shown pictures that it had not seen while it learned, it scored {percent(score.value)} in finding the "
            "areas that you tagged: 100 % is every area found and nothing else."
        )
    advice = "" if score.value >= _VERDICTS[1][0] else " More tagged images will help."
    return f"{verdict(score.value)}. {meaning}{advice}"


def amount(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}{'es' if noun.endswith('x') else 's'}"


def duration(seconds: float) -> str:
    """`8 seconds`, `3 minutes`."""
    if seconds < 90:
        return amount(max(1, round(seconds)), "second")
    return amount(round(seconds / 60), "minute")


FILTERS = {
    "kind_name": kind_name,
    "percent": percent,
    "score_sentence": score_sentence,
    "amount": amount,
    "duration": duration,
}
