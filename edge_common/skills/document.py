"""A skill as a document, stored on the device and settable by twin, and the problems of one that is none."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from edge_common.errors import ConfigError
from edge_common.setting_groups import WITHIN, problems_of
from edge_common.skills.fitting import misfits
from edge_common.skills.steps import AnyAction, AnyStep, Chain, CropStep, ModelStep

SkillId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]

LONGEST_NAME = 64
MOST_SKILLS = 32
"""Of a device."""
_KINDS = {kind.model_fields["do"].default for union in (AnyStep, AnyAction) for kind in get_args(get_args(union)[0])}


class Skill(Chain):
    """A chain of models and rules on some cameras; each camera is judged by itself."""

    version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="as staff know it")
    enabled: bool = Field(default=True, description="false: nothing is looked at and nothing done")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if problems := misfits(self):
            raise PydanticCustomError(WITHIN, "{problems}", {"problems": "; ".join(problems), "each": problems})
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it needs, those that look at whole pictures first."""
        whole = [step.model for step in self.steps if isinstance(step, ModelStep)]
        return tuple(dict.fromkeys([*whole, *(step.model for step in self.steps if isinstance(step, CropStep))]))


def parse_skill(values: object) -> Skill:
    """The skill in JSON values; raises ConfigError with every problem, each with its place and value."""
    if not isinstance(values, Mapping):
        raise ConfigError([f"an object expected, got {str(values)[:40]!r}"])
    try:
        return Skill.model_validate(values)
    except ValidationError as error:
        raise ConfigError([text for item in error.errors() for text in _problems(dict(item))]) from error


def _problems(item: dict[str, Any]) -> list[str]:
    # pydantic names the kind of a step behind its number: it is no key of the document.
    parts = item["loc"]
    item["loc"] = [part for at, part in enumerate(parts) if not (part in _KINDS and isinstance(parts[at - 1], int))]
    return [re.sub(r"\s+", " ", problem) for problem in problems_of(item)]


def _with_each_problem(values: object) -> object:
    if not isinstance(values, Mapping):
        return values
    try:
        return parse_skill(values)
    except ConfigError as error:
        raise PydanticCustomError(WITHIN, "{problems}", {"problems": str(error), "each": error.problems}) from error


SkillDocument = Annotated[Skill, BeforeValidator(_with_each_problem)]
"""A skill within other settings: its problems are told as `parse_skill` does, with their places below its own."""
