"""The filter of the library in the address of a page, so that it can be shared and reloaded."""

from collections.abc import Callable
from typing import TypeVar, get_args

from flask import request

from edge_common.errors import InvalidInput
from modules.trainer_agent.annotations import Model
from modules.trainer_agent.library_search import NO_TAG, Show, Source, Wanted
from modules.trainer_agent.web.parsing import day_argument, whole_argument

Name = TypeVar("Name", Show, Source)


def wanted_images(model: Model, show: Show, doubted: Callable[[], frozenset[str]]) -> Wanted:
    """What the present request asks for; `show` where it does not say; raises InvalidInput.

    `doubted`: digests of images that are tagged differently than the model sees them.
    """
    return Wanted(
        show=_one_of("show", request.args.get("show") or show, get_args(Show)),
        tag=_tag(model),
        camera=request.args.get("camera") or None,
        source=_one_of("source", given, get_args(Source)) if (given := request.args.get("source")) else None,
        first=day_argument("from"),
        last=day_argument("to"),
        digests=doubted() if request.args.get("doubt") else None,
    )


def arguments(wanted: Wanted) -> dict[str, str]:
    """The filter as arguments of an address, what leaves out nothing left out."""
    all_of_them: dict[str, str | None] = {
        "show": wanted.show,
        "tag": None if wanted.tag is None else str(wanted.tag),
        "camera": wanted.camera,
        "source": wanted.source,
        "from": wanted.first.isoformat() if wanted.first else None,
        "to": wanted.last.isoformat() if wanted.last else None,
        "doubt": None if wanted.digests is None else "1",
    }
    return {name: value for name, value in all_of_them.items() if value is not None}


def _one_of(name: str, given: str, names: tuple[Name, ...]) -> Name:
    for one in names:
        if one == given:
            return one
    raise InvalidInput(f"{name}: one of {', '.join(names)} expected, got {given[:80]!r}.")


def _tag(model: Model) -> int | None:
    if not request.args.get("tag"):
        return None
    tag = whole_argument("tag", NO_TAG)
    if tag != NO_TAG and tag not in {one.id for one in model.tags}:
        raise InvalidInput(f"tag: the id of a tag of '{model.name}' expected, got {tag}. Was it removed?")
    return tag
