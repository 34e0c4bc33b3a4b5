"""Writes docs/twin.md from the settings models: `python -m edge_common.twin_docs > docs/twin.md`."""

import json

from edge_common.setting_groups import Settings
from edge_common.settings import CaptureSettings, InferenceSettings, TrainerSettings

INTRODUCTION = """# Twins: settings and reports

Made by `make docs` from `edge_common/settings.py`; a test holds it to the code.

Every module has desired properties, which are its settings, and reported properties, which say how it is. A desired
section that has a mistake is refused whole: all its problems are reported with code 400, and the last good settings
stay. They are kept on disk too (`settings/<module>.json`) and serve at the next start. Each key is acknowledged under
`settings` as `{value, ac, av, ad}`: the value in force, a status code, the version of the desired section, a message.

Under Azure IoT Edge these are the module's twin. Reported properties are cut to what a hub takes (32 KB in all, 4 KB a
text, ten levels); `cut` then says how many values went, and where the first was. `outbox.dropped` counts messages that
were given up because they waited too long, or too many did, by output.

`telemetry` tells, at most once an hour, what the module's messages cost this month (UTC): `messages`, `blocks` of 4 KB
as IoT Hub bills them, `estimated_blocks` by the end of the month if it goes on like this (not there in the first
hour), and the first two of each of its `outputs`. Without IoT Hub it is what they would cost.

Without IoT Hub the twins are files: edit `data/twins/<module>/desired.json`, read `reported.json` beside it. Changes
are taken within a second.
"""
MODULES: dict[str, type[Settings]] = {
    "capture": CaptureSettings,
    "inference": InferenceSettings,
    "trainer_agent": TrainerSettings,
}


REPORTS = {
    "inference": """Of each model that runs, `state.models[]` tells `backend` and `device` that run it now,
`vpu` where it is to run on one, and with `backend: auto` what was measured (`choice`):

```json
{"measured": "2026-11-26T20:03:03+00:00", "tried": [
 {"backend": "onnx", "file": "model.onnx", "device": "CPU", "ms": 11.58, "why": ""},
 {"backend": "openvino", "file": "model.onnx", "device": "CPU", "ms": 10.69, "why": ""},
 {"backend": "tflite", "file": "model.tflite", "device": "CPU", "ms": 10.67, "why": ""},
 {"backend": "vpu", "file": "model.onnx", "device": "MYRIAD", "ms": null, "why": "USB shows no Myriad X"}]}
```

`ms` is what an image takes, `why` the reason for which a candidate was left out. `choice` is null until then: a model
goes live at once on OpenVINO and is measured beside that, on the first real frame. [operations.md](operations.md) tells
what that means.
"""
}
"""What a module reports, where that takes more words."""


def twin_page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for name, kind in MODULES.items():
        parts.append(f"## {name}\n\n| key | type | default | bounds | meaning |\n|---|---|---|---|---|")
        parts.append("\n".join(_rows(kind.model_json_schema(), "")) + "\n")
        if name in REPORTS:
            parts.append(REPORTS[name])
        schema = json.dumps(kind.model_json_schema(), indent=1)
        parts.append(f"<details><summary>JSON Schema</summary>\n\n```json\n{schema}\n```\n\n</details>\n")
    return "\n".join(parts)


def _rows(schema: dict[str, object], prefix: str, root: dict[str, object] | None = None) -> list[str]:
    root = root or schema
    properties = schema.get("properties")
    rows: list[str] = []
    if not isinstance(properties, dict):
        return rows
    for key, item in properties.items():
        below, path = _inner(item, root), f"{prefix}{key}"
        if below is not None:
            by_id = "&lt;id&gt;." if "patternProperties" in item else ""
            rows += _rows(below, f"{path}.{by_id}", root)
        else:
            rows.append(_row(path, item, _type(item)))
    return rows


def _inner(item: dict[str, object], root: dict[str, object]) -> dict[str, object] | None:
    """The schema of a group inside: referred to, or of a mapping's values."""
    patterns = item.get("patternProperties")
    values = next(iter(patterns.values())) if isinstance(patterns, dict) else item
    reference = values.get("$ref")
    definitions = root.get("$defs")
    if not isinstance(reference, str) or not isinstance(definitions, dict):
        return None
    found: dict[str, object] = definitions[reference.rsplit("/", 1)[-1]]
    return found


def _type(item: dict[str, object]) -> str:
    options = item.get("anyOf")
    if isinstance(options, list):
        return " or ".join(str(option.get("type")) for option in options)
    return str(item.get("type", "object"))


def _row(path: str, item: dict[str, object], kind: str) -> str:
    options = item.get("anyOf")
    source = options[0] if isinstance(options, list) else item
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "maxLength": "length ≤"}
    bounds = ", ".join(f"{sign} {source[name]}" for name, sign in signs.items() if name in source)
    if "pattern" in source:
        bounds = "`" + str(source["pattern"]).replace("|", "\\|") + "`"
    default = json.dumps(item["default"]) if "default" in item else "-"
    return f"| `{path}` | {kind} | {default} | {bounds} | {item.get('description', '')} |"


if __name__ == "__main__":
    print(twin_page(), end="")
