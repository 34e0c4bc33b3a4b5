"""Compiles ONNX models for the Myriad X on any machine: `make vpu-check`.

`python -m bench.vpu_blob FOLDER [MODEL.onnx ...]`, with what `make vpu-check` puts into FOLDER: azure-percept's
converter and compiler, the Python that the one needs and the emulator that the other needs here. Without a model, the
newest trained one of `data/models`. Prints what came of each as JSON, and ends with 1 if one fails.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edge_common.images import digest_of

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "modules" / "trainer_agent" / "handoff" / "compile_blob.py"
NAMES = (b"image", b"raw_boxes", b"raw_probs")
"""By which azureeyemodule finds the outputs of an S1 model."""
READY_MADE = "ready-made-"
"""So begin the ids of models that were not trained here; compiling the zoo's detector takes very long."""
MOST_BYTES = 50_000_000
"""What its README advises; "serious trouble" begins at twice as much."""


def compiled(folder: Path, model: Path) -> dict[str, object]:
    """What came of one model."""
    unpacked = folder / "root" / "usr"
    emulator = f"{unpacked / 'bin' / 'qemu-aarch64-static'} -L {unpacked / 'aarch64-linux-gnu'}"
    with tempfile.TemporaryDirectory() as made:
        blob = Path(made) / "model.blob"
        command = [str(folder / "venv/bin/python"), str(SCRIPT), str(model), str(blob)]
        began_s = time.monotonic()
        done = subprocess.run(
            [*command, "--package", str(folder / "azure-percept"), "--compiler", emulator],
            capture_output=True,
            check=False,
        )
        found: dict[str, object] = {"model": str(model), "seconds": round(time.monotonic() - began_s, 1)}
        if done.returncode != 0:
            return found | {"problem": done.stderr.decode(errors="replace").strip()}
        data = blob.read_bytes()
    without = [name.decode() for name in NAMES if not re.search(rb"(?<![A-Za-z_])" + name + rb"\0", data)]
    found |= {"bytes": len(data), "sha256": digest_of(data)}
    if without:
        return found | {"problem": f"the blob does not name {', '.join(without)}"}
    if len(data) > MOST_BYTES:
        return found | {"problem": f"{MOST_BYTES} bytes at most are advised"}
    return found


def newest_trained() -> Path:
    """Ends the program where there is none."""
    files = (ROOT / "data" / "models").glob("*/*/model.onnx")
    trained = [path for path in files if not path.parent.parent.name.startswith(READY_MADE)]
    if not trained:
        sys.exit("no trained model in data/models: MODEL=... names one")
    return max(trained, key=lambda path: path.stat().st_mtime)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.vpu_blob", description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("models", type=Path, nargs="*")
    chosen = arguments.parse_args()
    found = [compiled(chosen.folder.resolve(), model) for model in chosen.models or [newest_trained()]]
    print(json.dumps(found, indent=2))
    return 1 if any("problem" in one for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
