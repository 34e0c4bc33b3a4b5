"""Makes a deployment manifest of a template, as the IoT Edge tools do: names filled in, createOptions as text.

`FIFTEEN_IMAGE=... python -m edge_common.deployment deployment.template.json > deployment.json`
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_common.errors import ConfigError

CHUNK_CHARACTERS = 512
"""Of one `createOptions` key in a twin; edgeAgent joins `createOptions`, `createOptions01`, ..."""
MOST_CHUNKS = 8
"""iotedgedev refuses more than 4 KB."""
_NAME = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def expand(template: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The manifest; raises ConfigError naming every `${NAME}` without a value and createOptions that are too long."""
    missing = sorted({name for name in _NAME.findall(json.dumps(template)) if not values.get(name)})
    if missing:
        raise ConfigError([f"{name}: a value expected in the environment, there is none" for name in missing])
    filled: dict[str, Any] = json.loads(
        _NAME.sub(lambda found: json.dumps(values[found[1]])[1:-1], json.dumps(template))
    )
    filled.pop("$schema-template", None)
    return _flattened(filled)


def _flattened(value: dict[str, Any]) -> dict[str, Any]:
    made = {key: _flattened(item) if isinstance(item, dict) else item for key, item in value.items()}
    options = value.get("createOptions")
    if isinstance(options, dict):
        del made["createOptions"]
        made.update(_chunks(options))
    return made


def _chunks(options: Mapping[str, Any]) -> dict[str, str]:
    text = json.dumps(options, separators=(",", ":"))
    chunks = [text[start : start + CHUNK_CHARACTERS] for start in range(0, len(text), CHUNK_CHARACTERS)]
    if len(chunks) > MOST_CHUNKS:
        raise ConfigError([f"createOptions: {CHUNK_CHARACTERS * MOST_CHUNKS} characters at most, got {len(text)}"])
    return {f"createOptions{number:02}" if number else "createOptions": chunk for number, chunk in enumerate(chunks)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="edge_common.deployment", description=__doc__)
    parser.add_argument("template", type=Path)
    try:
        manifest = expand(json.loads(parser.parse_args().template.read_bytes()), os.environ)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(manifest, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
