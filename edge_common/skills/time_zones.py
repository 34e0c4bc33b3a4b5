"""The name of a time zone, checked."""

import zoneinfo
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field


@cache
def _names() -> frozenset[str]:
    # Each call reads hundreds of files.
    return frozenset(zoneinfo.available_timezones())


def _known(name: str) -> str:
    # The set first: looking one up by any text would reach for files by that name.
    if name not in _names():
        raise ValueError("the IANA name of a time zone expected, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known)]
