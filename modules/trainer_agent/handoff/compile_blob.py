"""Compiles an ONNX model for the Myriad X with the converter and compiler of the package azure-percept, without a VPU.

`PYTHON compile_blob.py MODEL.onnx OUT.blob [--package FOLDER] [--compiler COMMAND]`, run by the VPU's Python, which
is older than ours: 3.8 syntax, standard library only. FOLDER is where the package is unpacked, by default where this
Python has it; COMMAND stands before the compiler's own, to run it on another processor. The compiler gets the flags
that azureeyemodule gives it (`azureeyemodel.cpp`). Ends with 1 and says why on standard error when it fails.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Optional

# ruff: noqa: UP006, UP035, UP045 (that Python knows no newer forms)

FLAGS = ["-VPU_NUMBER_OF_SHAVES", "8", "-VPU_NUMBER_OF_CMX_SLICES", "8", "-ip", "U8", "-op", "FP32"]
_PERCEPT = Path("azure") / "iot" / "percept"
_MOST_TOLD = 2000


def site_of_package() -> Path:
    """The folder of this Python's packages that azure-percept is in; loading any of it would open the device."""
    for folder in sys.path:
        if (Path(folder or ".") / _PERCEPT / "mo.py").is_file():
            return Path(folder or ".")
    sys.exit(f"{sys.executable} has no package azure-percept")


def run(command: List[str], environment: Optional[Dict[str, str]] = None) -> None:
    """Run it to its end, and end with what it said if it fails."""
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error}")
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()[-_MOST_TOLD:]
        sys.exit(f"{Path(command[0]).name} ended with {done.returncode}: {said}")


def main() -> None:
    arguments = argparse.ArgumentParser(prog="compile_blob", description=__doc__)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("blob", type=Path)
    arguments.add_argument("--package", type=Path, help="folder in which azure-percept is unpacked")
    arguments.add_argument("--compiler", type=shlex.split, default=[], help="a command before the compiler's own")
    chosen = arguments.parse_args()
    site = (chosen.package or site_of_package()).resolve()
    percept = site / _PERCEPT
    libraries = [str(site / "azure_percept.libs"), str(site / "usr" / "lib")]
    if known := os.environ.get("LD_LIBRARY_PATH"):
        libraries.append(known)
    with tempfile.TemporaryDirectory() as folder:
        # Under names without surprises, as the converter takes the model's for its own files.
        shutil.copy(str(chosen.model), f"{folder}/model.onnx")
        convert = [sys.executable, str(percept / "mo.py"), "--input_model", f"{folder}/model.onnx"]
        run([*convert, "--output_dir", folder, "--model_name", "model"])
        compiler = percept / "assets" / "myriad_compile"
        paths = ["-m", f"{folder}/model.xml", "-o", f"{folder}/model.blob"]
        environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
        run([*chosen.compiler, str(compiler), *paths, *FLAGS], environment)
        made = Path(folder) / "model.blob"
        if not made.is_file() or made.stat().st_size == 0:
            sys.exit("the compiler ended well but wrote no blob")
        shutil.copy(str(made), str(chosen.blob))


if __name__ == "__main__":
    main()
