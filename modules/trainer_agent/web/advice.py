"""What would help a model most, in sentences for staff with the images that they are about. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_common.packages import Manifest
from edge_common.scores import Doubt
from modules.trainer_agent.annotations import Counts, LibraryImage, Tag
from modules.trainer_agent.web.language import _, ngettext
from modules.trainer_agent.web.wording import amount

BETTER_PER_TAG = 15
"""Images a tag that the page recommends, beyond the minimum."""
_WEAK = 0.8
"""A tag with a score below this gains from more images, even where it has enough."""


@dataclass(frozen=True)
class Shown:
    """An image with what there is to say of it."""

    image: LibraryImage
    caption: str


@dataclass(frozen=True)
class Advice:
    """What to do, why, and with which images."""

    title: str
    text: str
    shown: tuple[Shown, ...] = ()


def digests_in(manifest: Manifest) -> set[str]:
    """Of all images that the advice, or the score, speaks of."""
    wrong = manifest.score.wrong if manifest.score else ()
    return {
        *(one.digest for one in wrong),
        *(doubt.digest for doubt in manifest.doubts),
        *(twin for twin, _twin_of in manifest.alike),
    }


def advise(
    tags: Sequence[Tag], counts: Counts, manifest: Manifest, images: Mapping[str, LibraryImage]
) -> tuple[Advice, ...]:
    """What to do next, what helps most first. `images`: those of the model, by digest; others are left out."""
    return (*_more_images(tags, counts, manifest), *_second_look(manifest, images), *_other_views(manifest, images))


def wrong_shown(manifest: Manifest, images: Mapping[str, LibraryImage]) -> tuple[Shown, ...]:
    """The images that the model was wrong about while it had not learned from them, worst first."""
    wrong = manifest.score.wrong if manifest.score else ()
    counted = manifest.kind == "detection" or manifest.several
    return tuple(
        Shown(images[one.digest], ", ".join(_faults(one.missed, one.false, counted)))
        for one in wrong
        if one.digest in images
    )


def _faults(missed: int, false: int, counted: bool) -> Iterator[str]:
    if not counted:
        yield _("named otherwise") if false else _("not recognised")
        return
    if missed:
        yield _("%(count)s missed", count=missed)
    if false:
        yield amount(false, "false alarm")


def _more_images(tags: Sequence[Tag], counts: Counts, manifest: Manifest) -> Iterator[Advice]:
    scores = manifest.score.per_label if manifest.score else {}
    few = [tag for tag in tags if counts.per_tag[tag.id] < BETTER_PER_TAG or scores.get(tag.name, 1.0) < _WEAK]
    if not few:
        return
    # The tag that does worst gains most; of those alike, the one with the fewest images.
    neediest = min(few, key=lambda tag: (round(scores.get(tag.name, 0.0), 1), counts.per_tag[tag.id]))
    has = counts.per_tag[neediest.id]
    sentences = (
        _("It is in %(images)s.", images=amount(has, "tagged image")),
        _("%(better)s are better.", better=BETTER_PER_TAG)
        if has < BETTER_PER_TAG
        else _("It is found less well than it could be."),
        _("Take them at another time of day, from another place, with things moved."),
    )
    yield Advice(_("More images of '%(tag)s'", tag=neediest.name), " ".join(sentences))


def _second_look(manifest: Manifest, images: Mapping[str, LibraryImage]) -> Iterator[Advice]:
    shown = tuple(
        Shown(images[doubt.digest], _doubt_words(doubt)) for doubt in manifest.doubts if doubt.digest in images
    )
    if shown:
        text = _(
            "The model sees these otherwise than they are tagged. Where it is right, correct the tag; one wrong tag "
            "among few costs much."
        )
        yield Advice(_("A second look at some tags"), text, shown)


def _doubt_words(doubt: Doubt) -> str:
    if doubt.kind == "not tagged":
        return _("'%(seen)s' forgotten?", seen=doubt.seen)
    if doubt.kind == "not seen":
        return _("'%(tag)s' not seen", tag=doubt.tag)
    return _("'%(tag)s', or '%(seen)s'?", tag=doubt.tag, seen=doubt.seen)


def _other_views(manifest: Manifest, images: Mapping[str, LibraryImage]) -> Iterator[Advice]:
    shown = tuple(Shown(images[twin], _("like another")) for twin, _twin_of in manifest.alike if twin in images)
    if shown:
        title = ngettext("%(num)s image of the same", "%(num)s images of the same", len(shown))
        text = _("They show the same as another image, tagged in the same places. Images that differ teach more.")
        yield Advice(title, text, shown)
