"""Writes the JSON Schemas of all messages: `python -m edge_common.telemetry_schemas docs/telemetry`."""

import argparse
import json
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, create_model

from edge_common.telemetry import Alert, Body, DetectionsSeen, Output, Stamp
from edge_common.telemetry_events import Event

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(output: Output) -> dict[str, Any]:
    """What every message at an output fits."""
    match output:
        case "alerts":
            schema = whole(Alert).model_json_schema(mode="serialization")
        case "detections":
            schema = whole(DetectionsSeen).model_json_schema(mode="serialization")
        case "events":
            schema = _events()
    return {"$schema": DRAFT, "$id": f"urn:fifteen:telemetry:{output}:1"} | schema | {"title": output}


def whole(body: type[Body]) -> type[BaseModel]:
    """The stamp and a body together, as a message has them."""
    both: tuple[type[BaseModel], ...] = (body, Stamp)
    return create_model(body.__name__, __base__=both, __doc__=body.__doc__)


def text_of(output: Output) -> str:
    """The file of an output's schema."""
    return json.dumps(schema_of(output), indent=1, ensure_ascii=False) + "\n"


def _events() -> dict[str, Any]:
    union, told_apart_by = get_args(Event)
    either: Any = reduce(or_, [whole(kind) for kind in get_args(union)])
    annotated: Any = Annotated
    adapter: TypeAdapter[Any] = TypeAdapter(annotated[either, told_apart_by])
    schema = adapter.json_schema(mode="serialization")
    # A hint of OpenAPI; each branch says by itself which events it is for.
    del schema["discriminator"]
    return schema


def main() -> None:
    arguments = argparse.ArgumentParser(prog="edge_common.telemetry_schemas", description=__doc__)
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for output in get_args(Output):
        (folder / f"{output}.schema.json").write_text(text_of(output), encoding="utf-8")


if __name__ == "__main__":
    main()
