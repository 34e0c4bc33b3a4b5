"""The script that runs azure-percept's tools, over a package of that form whose tools write what they were asked."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from modules.trainer_agent.handoff.blob import SCRIPT, BlobCompiler

CONVERTER = """
import pathlib, sys
asked = dict(zip(sys.argv[1::2], sys.argv[2::2]))
model = pathlib.Path(asked["--input_model"])
made = pathlib.Path(asked["--output_dir"]) / (asked["--model_name"] + ".xml")
made.write_bytes(b"of " + model.read_bytes())
"""
COMPILER = """#!/bin/sh
while [ "$1" != -o ]; do last="$2"; shift; done
echo "$LD_LIBRARY_PATH | $*" > "$2"
cat "$(dirname "$2")/model.xml" >> "$2"
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder in which something like azure-percept is unpacked."""
    assets = tmp_path / "site" / "azure" / "iot" / "percept" / "assets"
    assets.mkdir(parents=True)
    (assets.parent / "mo.py").write_text(CONVERTER)
    (assets / "myriad_compile").write_text(COMPILER)
    (assets / "myriad_compile").chmod(0o755)
    (tmp_path / "a model's.onnx").write_bytes(b"a model")
    return tmp_path / "site"


def run(package: Path, *more: str) -> subprocess.CompletedProcess[str]:
    model, blob = package.parent / "a model's.onnx", package.parent / "made.blob"
    command = [sys.executable, str(SCRIPT), str(model), str(blob), "--package", str(package), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_converts_and_compiles_with_the_flags_of_azureeyemodule(package: Path) -> None:
    done = run(package)

    assert (done.returncode, done.stderr) == (0, "")
    said, model = (package.parent / "made.blob").read_text().splitlines()
    libraries, asked = said.split(" | ")
    assert libraries.startswith(f"{package}/azure_percept.libs:{package}/usr/lib")
    assert asked.endswith("model.blob -VPU_NUMBER_OF_SHAVES 8 -VPU_NUMBER_OF_CMX_SLICES 8 -ip U8 -op FP32")
    assert model == "of a model"


def test_the_compiler_runs_behind_another_command_where_the_processor_is_another(package: Path) -> None:
    done = run(package, "--compiler", "env EMULATED='yes it is'")

    assert done.returncode == 0
    assert run(package, "--compiler", "/no/such/emulator").stderr.startswith("/no/such/emulator cannot be started")


@pytest.mark.parametrize(
    ("tool", "text", "told"),
    [
        ("mo.py", "import sys; print('no such layer'); sys.exit(2)", "ended with 2: no such layer"),
        ("assets/myriad_compile", "#!/bin/sh\necho out of memory >&2; exit 3\n", "myriad_compile ended with 3: out of"),
        ("assets/myriad_compile", "#!/bin/sh\n", "ended well but wrote no blob"),
    ],
)
def test_a_tool_that_fails_is_told_in_its_own_words(package: Path, tool: str, text: str, told: str) -> None:
    (package / "azure" / "iot" / "percept" / tool).write_text(text)

    done = run(package)

    assert done.returncode == 1
    assert told in done.stderr
    assert not (package.parent / "made.blob").exists()


def test_a_python_that_has_the_package_needs_no_folder_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(package))

    blob = BlobCompiler(sys.executable).compile(package.parent / "a model's.onnx")

    assert blob is not None
    assert blob.endswith(b"of a model")


def test_the_oldest_python_that_runs_it_can_read_it() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 8))
