"""Numbers and names in words for staff."""

import re
from collections.abc import Callable
from datetime import datetime

from edge_common.detections import ModelKind
from edge_common.scores import Score
from edge_common.sentences import marked
from modules.trainer_agent.annotations import Model
from modules.trainer_agent.checks import Reason
from modules.trainer_agent.web.language import _, ngettext, number, shown_time, told

KIND_NAMES: dict[ModelKind, str] = {
    "detection": marked("Object detection"),
    "classification": marked("Classification"),
}
GOOD = 0.75
_WHERE = re.compile(r"(?:rtsp|v4l2|file|folder|sim):\S* ")
"""What a reason begins with; the page shows the address beside it."""
_VERDICTS = ((0.9, marked("Very good")), (GOOD, marked("Good")), (0.5, marked("Fair")), (0.0, marked("Weak")))


def kind_name(kind: ModelKind) -> str:
    return told(KIND_NAMES[kind])


def percent(value: float) -> str:
    """0.873 as `87 %`."""
    return f"{value * 100:.0f} %"


def verdict(score: Score) -> str:
    """A word or two for a score."""
    return told(next(word for least, word in _VERDICTS if score.value >= least))


def is_good(score: Score) -> bool:
    return score.value >= GOOD


def score_label(score: Score) -> str:
    """What the figure of a score stands for, to be read after it."""
    return _("right at the first guess") if score.name == "accuracy" else _("overall score")


def score_sentence(score: Score) -> str:
    """What the score means, for somebody who never heard of one."""
    meaning = _("This is how it did on tagged pictures that it had not seen while it learned.")
    if score.name != "accuracy":
        # The figure is over all thresholds, while what is found and missed is counted at one.
        meaning = _(
            "This is how it did on tagged pictures that it had not seen while it learned; 100 %% is when it is always "
            "surer of what is there than of what is not."
        )
    advice = _("More tagged images will help.")
    return meaning if is_good(score) else f"{meaning} {advice}"


def in_plain_words(score: Score) -> str:
    """What to expect of the model as it is set: of what is there it finds so many, and so many of these are wrong."""
    if score.recall is None or score.precision is None:
        return ""
    share, false = _of_ten(score.recall.value), 1 - score.precision.value
    found = _("As it is set now, it finds %(share)s", share=share)
    if score.name == "accuracy":
        found = _("As it is set now, it names %(share)s", share=share)
    alarms = _("no false alarm seen")
    if false:
        alarms = _("%(share)s of what it reports is a false alarm", share=_one_in(false))
    low, high = percent(score.recall.low), percent(score.recall.high)
    rough = _("With so few images this is rough: it may find %(low)s to %(high)s.", low=low, high=high)
    return f"{found}; {alarms}. {rough}"


def _of_ten(share: float) -> str:
    """0.87 as `9 of 10`; a share close to one as `99 of 100`, so that it is not called perfect."""
    if share in (0, 1) or 0.05 <= share <= 0.95:
        return _("%(count)s of 10", count=round(share * 10))
    return _("%(count)s of 100", count=min(99, max(1, round(share * 100))))


def _one_in(share: float) -> str:
    """0.05 as `1 in 20`; of much, a percentage."""
    return _("1 in %(count)s", count=round(1 / share)) if share <= 0.4 else percent(share)


def measurement(score: Score) -> str:
    """How a score comes about, without a technical word."""
    held_back = _(
        "The device put some of your tagged images aside, learned from the others, and was then asked about those put "
        "aside. It did so in turns, until each image had been put aside once."
    )
    if score.name == "accuracy":
        share = _("The figure is the share of images for which its first guess was your tag.")
        return f"{held_back} {share}"
    if score.name == "mean_ap":
        order = _(
            "For each tag all images are put in order, what it was surest of first; images without the tag lower the "
            "figure by how far ahead they stand. It is the average over the tags."
        )
        return f"{held_back} {order}"
    areas = _(
        "An area counts as found if at least half of what it and yours cover is covered by both. All that it found is "
        "put in order, what it was surest of first; areas that are none lower the figure by how far ahead they stand, "
        "and areas missed lower it, too. With several tags, it is their average."
    )
    return f"{held_back} {areas}"


def amount(count: int, noun: str) -> str:
    """`1 image`, `2 images`."""
    return _AMOUNTS[noun](count)


_AMOUNTS: dict[str, Callable[[int], str]] = {
    "image": lambda count: ngettext("%(num)s image", "%(num)s images", count),
    "tagged image": lambda count: ngettext("%(num)s tagged image", "%(num)s tagged images", count),
    "box": lambda count: ngettext("%(num)s box", "%(num)s boxes", count),
    "tag": lambda count: ngettext("%(num)s tag", "%(num)s tags", count),
    "trained version": lambda count: ngettext("%(num)s trained version", "%(num)s trained versions", count),
    "false alarm": lambda count: ngettext("%(num)s false alarm", "%(num)s false alarms", count),
    "second": lambda count: ngettext("%(num)s second", "%(num)s seconds", count),
    "minute": lambda count: ngettext("%(num)s minute", "%(num)s minutes", count),
}


def size(size_bytes: int) -> str:
    """`12 kB`, `3.4 MB`, `1.2 GB`."""
    value, unit = size_bytes / 1e3, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1e3, larger
    return f"{number(value, '0' if value >= 10 or unit == 'kB' else '0.0')} {unit}"


def duration(seconds: float) -> str:
    """`8 seconds`, `3 minutes`."""
    if seconds < 90:
        return amount(max(1, round(seconds)), "second")
    return amount(round(seconds / 60), "minute")


def camera_name(camera: str) -> str:
    """The id `camera-1` as `Camera 1`."""
    return camera.replace("-", " ").capitalize()


def plain_reason(reason: str) -> str:
    """Why a camera gives no picture, as a sentence without its address."""
    words = told(_WHERE.sub("", reason, count=1) if _WHERE.match(reason) else reason)
    return words[:1].upper() + words[1:]


def moment(created: str) -> str:
    """A time of RFC 3339 as `5 Nov 2026, 14:03`, in the device's own time zone."""
    return shown_time(datetime.fromisoformat(created).astimezone(), _("d MMM yyyy, HH:mm"))


_REASONS: dict[Reason, str] = {
    "unsure": marked("The model was not sure here."),
    "flicker": marked("The model changed its mind from one moment to the next."),
    "nothing": marked("The model found nothing for a while."),
    "new": marked("This looks like no other image of the model."),
    "skill": marked("A skill asks for this image to be tagged."),
    "staff": marked("Somebody said on the Live page that this is wrong."),
}


def why_kept(reason: Reason) -> str:
    """Why an image is worth a look."""
    return told(_REASONS[reason])


def tag_class(label: str, model: Model) -> str:
    """The class of the colour that a tag has on every page."""
    names = [tag.name for tag in model.tags]
    return f"tag-{names.index(label) % 8}" if label in names else "tag-7"


FILTERS = {
    "tag_class": tag_class,
    "why_kept": why_kept,
    "kind_name": kind_name,
    "percent": percent,
    "verdict": verdict,
    "is_good": is_good,
    "score_label": score_label,
    "score_sentence": score_sentence,
    "in_plain_words": in_plain_words,
    "measurement": measurement,
    "plain_reason": plain_reason,
    "moment": moment,
    "amount": amount,
    "duration": duration,
    "size": size,
}
