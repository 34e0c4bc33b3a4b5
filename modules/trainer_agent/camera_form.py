"""A camera as staff describe it in a form, and the settings that this makes. Pure."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, get_args

from edge_common.camera_urls import CameraUrl, parse_camera_url
from edge_common.errors import ConfigError, InvalidInput
from edge_common.sentences import marked
from edge_common.settings import CameraSettings

CameraKind = Literal["rtsp", "v4l2", "file", "folder", "sim"]
LONGEST_NAME = 40
LONGEST_LOCATION = 80
LONGEST_ID = 32
DEFAULT_RATE = 10.0
_LONGEST_ADDRESS = 1000
_LONGEST_SECRET = 128
_RATES = (0.1, 30.0)
_SHAPES = {
    "rtsp": "for example rtsp://192.168.1.20:554/stream1",
    "v4l2": "the number of the camera, for example 0",
    "file": "the place of a video on this device, beginning with /",
    "folder": "the place of a folder on this device, beginning with /",
    "sim": "shelf, or with another arrangement shelf?seed=2",
}


@dataclass(frozen=True)
class CameraForm:
    """What was typed. `user` and `password` are for network cameras; empty ones leave those kept before."""

    name: str
    kind: CameraKind
    address: str
    user: str = ""
    password: str = ""
    forget: bool = False
    """Whether user and password that were kept before shall be forgotten."""
    frames_per_s: float = DEFAULT_RATE
    enabled: bool = True
    location: str = ""
    """Where it hangs; may be empty."""


def checked_kind(text: str) -> CameraKind:
    """Raises InvalidInput."""
    for kind in get_args(CameraKind):
        if text == kind:
            found: CameraKind = kind
            return found
    raise InvalidInput(f"Kind of camera: one of {', '.join(get_args(CameraKind))} expected, got {text[:40]!r}.")


def settings_of(form: CameraForm, before: CameraSettings | None) -> CameraSettings:
    """The settings that a form means, for a new camera or one that was so before; raises InvalidInput.

    User and password that are kept are for the host they were typed for: another host never gets them.
    """
    url = url_of(form, before)
    name = " ".join(form.name.split())
    if not name:
        raise InvalidInput(marked("Name: say what staff shall call this camera, for example: Till."))
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"Name: at most {LONGEST_NAME} letters expected, got {len(name)}.")
    location = " ".join(form.location.split())
    if len(location) > LONGEST_LOCATION:
        raise InvalidInput(f"Place: at most {LONGEST_LOCATION} letters expected, got {len(location)}.")
    low, high = _RATES
    if not low <= form.frames_per_s <= high:
        raise InvalidInput(f"Pictures a second: a number from {low:g} to {high:g} expected, got {form.frames_per_s:g}.")
    start = before or CameraSettings(url=url)
    # Bounds were checked above; sizes that the page does not offer stay as they are.
    return start.model_copy(
        update={
            "url": url,
            "name": name,
            "location": location,
            "frames_per_s": form.frames_per_s,
            "enabled": form.enabled,
        }
    )


def url_of(form: CameraForm, before: CameraSettings | None) -> str:
    """The URL that a form means; raises InvalidInput in words without user or password."""
    old = _parsed(before.url) if before else None
    address = form.address.strip()
    if not address:
        raise InvalidInput(f"Address: {_SHAPES[form.kind]}.")
    if len(address) > _LONGEST_ADDRESS or max(len(form.user), len(form.password)) > _LONGEST_SECRET:
        raise InvalidInput(
            f"Address, user name and password: at most {_LONGEST_ADDRESS}, {_LONGEST_SECRET} and {_LONGEST_SECRET} "
            "letters expected."
        )
    if old is not None and old.kind == form.kind and address == address_of(old):
        # What was shown may have had a password taken out of it.
        url = replace(old, user="", password="")
    else:
        url = _typed(form.kind, address)
    if form.kind != "rtsp":
        return url.text
    user, password = form.user.strip() or url.user, form.password or url.password
    if not (user or password) and not form.forget and old is not None and old.host == url.host:
        user, password = old.user, old.password
    elif user and not password and not form.forget and old is not None and (old.host, old.user) == (url.host, user):
        password = old.password
    return url.signed_in(user, password).text


def address_of(url: CameraUrl) -> str:
    """What the form shows of a URL: nothing secret."""
    return url.shown if url.kind == "rtsp" else url.place


def camera_id(name: str, taken: Collection[str]) -> str:
    """An id made of a name that is not among those taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ID].strip("-")
    if plain and plain not in taken:
        return plain
    stem = (plain or "camera")[: LONGEST_ID - 4]
    # One more try than there are ids taken finds a free one.
    tries = (f"{stem}-{number}" for number in range(2 if plain else 1, len(taken) + 3))
    return next(one for one in tries if one not in taken)


def _parsed(url: str) -> CameraUrl | None:
    try:
        return parse_camera_url(url)
    except ConfigError:
        return None


def _typed(kind: CameraKind, address: str) -> CameraUrl:
    if kind == "rtsp":
        text = address if "://" in address else f"rtsp://{address}"
    else:
        text = f"{kind}:{address.removeprefix(f'{kind}:')}"
    place = text.partition(":")[2].partition("?")[0]
    fits = {
        "rtsp": text.lower().startswith("rtsp://"),
        "v4l2": place.isascii() and place.isdigit() and int(place) < 256,
        "file": place.startswith("/"),
        "folder": place.startswith("/"),
        "sim": place == "shelf",
    }
    try:
        if not fits[kind]:
            raise ConfigError([])
        return parse_camera_url(text[:4].lower() + text[4:] if kind == "rtsp" else text)
    except ConfigError as error:
        raise InvalidInput(f"Address: {_SHAPES[kind]} expected.") from error
