"""Writes docs/skill.schema.json: `python -m edge_common.skill_docs > docs/skill.schema.json`."""

import json

from edge_common.skills.document import Skill


def skill_schema() -> str:
    """The JSON Schema of a skill's document, as text."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Skill.model_json_schema()}
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    print(skill_schema(), end="")
