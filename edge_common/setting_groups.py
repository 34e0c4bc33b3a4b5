"""What settings are made of: frozen groups of typed values, patches over them, refusals and acknowledgements."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from edge_common.errors import ConfigError

_PASSWORD = re.compile(r"(//[^/@:\s]*:)[^/\s]*@")
"""What stands between user name and host of a URL, with the user name before it."""
_SECRETS = frozenset({"password", "secret"})
"""Keys whose values nobody is told."""
_HIDDEN = "***"
_QUERY = re.compile(r"(https?://[^?\s]*\?|\bsig=)[^\s&]\S*", re.IGNORECASE)
"""What follows the path of a web address: whoever has a SAS, or another signed address, may do what it allows."""
HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
CameraId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


WITHIN = "within"
"""The type of pydantic's errors that carry several problems (`each`), all with their places below the error's own."""


class Settings(BaseModel):
    """A frozen group of settings; unknown keys are problems, not surprises."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def acknowledged(self) -> dict[str, Any]:
        """What is told of it in reports, as JSON values, but for secrets."""
        return self.model_dump(mode="json")


Group = TypeVar("Group", bound=Settings)


def parse_settings(kind: type[Group], desired: object) -> Group:
    """The settings in a desired section; raises ConfigError with every problem, each with its place and value."""
    if not isinstance(desired, Mapping):
        raise ConfigError([f"an object of settings expected, got {_shown(desired)}"])
    try:
        return kind.model_validate({key: value for key, value in desired.items() if not key.startswith("$")})
    except ValidationError as error:
        raise ConfigError([text for item in error.errors() for text in problems_of(dict(item))]) from error


def merge_patch(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396: `patch` laid over `target`, `null` deletes a key; neither is changed."""
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = merge_patch(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def acknowledgements(settings: Settings, version: int, code: int = 200, message: str = "") -> dict[str, Any]:
    """What to report for each desired key: {value, ac, av, ad}, the convention of IoT Plug and Play.

    Passwords, secrets and queries of web addresses are left out: more people read reported properties than desired
    ones.
    """
    values = without_passwords(settings.acknowledged())
    return {key: {"value": value, "ac": code, "av": version, "ad": message} for key, value in values.items()}


def problems_of(item: dict[str, Any]) -> list[str]:
    """The problems of one of pydantic's errors, each with its place and value."""
    if item["type"] != WITHIN:
        return [problem_of(item)]
    above = "".join(f"{part}." for part in item["loc"])
    return [f"{above}{text}" for text in item["ctx"]["each"]]


def problem_of(item: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"])
    shown = _HIDDEN if item["loc"] and item["loc"][-1] in _SECRETS else _shown(item["input"])
    return f"{place}: {item['msg']}, got {shown}"


def _shown(value: object) -> str:
    return re.sub(r"\s+", " ", repr(without_passwords(value)))[:80]


def without_passwords(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """JSON values with secrets, passwords of URLs and all queries of web addresses replaced by `***`."""
    if isinstance(value, dict):
        return {key: _HIDDEN if key in _SECRETS and one else without_passwords(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_passwords(one) for one in value]
    return _QUERY.sub(r"\1***", _PASSWORD.sub(r"\1***@", value)) if isinstance(value, str) else value
