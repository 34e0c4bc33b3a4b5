"""docs/skill.schema.json and docs/skills.md say what a skill is."""

import json
import re
from pathlib import Path
from typing import get_args

from edge_common.skill_docs import skill_schema
from edge_common.skills.document import parse_skill
from edge_common.skills.steps import AnyAction, AnyStep

DOCS = Path(__file__).parents[3] / "docs"
KINDS = {
    kind.model_fields["do"].default: kind for union in (AnyStep, AnyAction) for kind in get_args(get_args(union)[0])
}


def test_the_schema_is_what_the_models_say():
    assert (DOCS / "skill.schema.json").read_text(encoding="utf-8") == skill_schema(), "run `make docs`"


def test_low_stock_in_the_guide_is_a_skill():
    [document] = re.findall(r"```json\n(.*?)```", (DOCS / "skills.md").read_text(encoding="utf-8"), re.DOTALL)

    assert parse_skill(json.loads(document)).name == "Water is low"


def test_the_guide_has_an_example_of_every_step_and_action():
    examples = [
        json.loads(text) for text in re.findall(r"`(\{.*?\})`", (DOCS / "skills.md").read_text(encoding="utf-8"))
    ]

    for example in examples:
        KINDS[example["do"]].model_validate(example)
    assert {example["do"] for example in examples} == set(KINDS)
