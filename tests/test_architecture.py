"""Which file may import what: the arrows between parts, the one home of each library, and the size of files."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("edge_common", "modules", "bench", "tests")
MODULES = ("capture", "inference", "trainer_agent")
MOST_LINES = 300

HOMES = {
    "ai_edge_litert": ("modules/inference/runtimes/runtime_tflite.py",),
    "azure": (
        "edge_common/azure_client.py",
        "modules/inference/vpu_worker.py",
        "modules/trainer_agent/cloud/blob_storage.py",
    ),
    "babel": (
        "modules/trainer_agent/catalogues.py",
        "modules/trainer_agent/web/language.py",
        "modules/trainer_agent/words.py",
    ),
    "cryptography": ("modules/trainer_agent/tls/certificates.py",),
    "cv2": (
        "bench/line.py",
        "edge_common/images.py",
        "modules/capture/__main__.py",
        "modules/capture/camera_file.py",
        "modules/capture/camera_rtsp.py",
        "modules/capture/camera_usb.py",
        "modules/capture/newest.py",
        "modules/capture/shelf_products.py",
        "modules/capture/shelf_scene.py",
        "modules/inference/__main__.py",
        "modules/trainer_agent/learning/augment.py",
        "modules/trainer_agent/rehearsal/video.py",
    ),
    "dlib": ("bench/peer_dlib.py",),
    "flask": ("modules/trainer_agent/web/*",),
    "matplotlib": ("bench/curve.py",),
    "onnx": ("edge_common/onnx_graph.py",),
    "onnxruntime": ("edge_common/onnx_session.py", "modules/trainer_agent/learning/quantise.py"),
    "openvino": (
        "bench/vpu_layers.py",
        "modules/inference/runtimes/runtime_openvino.py",
        "modules/inference/vpu_worker.py",
    ),
    "paho": ("modules/inference/skills/actions/publish.py",),
    "pycocotools": ("bench/fewshot.py",),
    "sqlite3": (
        "edge_common/outbox.py",
        "edge_common/sqlite_file.py",
        "modules/inference/skills/ledger.py",
        "modules/trainer_agent/database.py",
        "modules/trainer_agent/rows.py",
    ),
    "tflite2onnx": ("edge_common/zoo_setup.py",),
    "torch": (),
    "waitress": ("modules/trainer_agent/__main__.py",),
    "werkzeug": ("modules/trainer_agent/web/*",),
    "zmq": (
        "bench/line.py",
        "edge_common/camera_questions.py",
        "edge_common/frames.py",
        "edge_common/results.py",
        "edge_common/skill_feed.py",
    ),
}
"""Library to the only files that import it."""

PURE = (
    "alike",
    "assign",
    "augment",
    "boxes",
    "comparison",
    "detect",
    "doubts",
    "evaluate",
    "examples",
    "export",
    "features",
    "fit",
    "folds",
    "head",
    "held_back",
    "intervals",
    "losses",
    "outcome",
    "projection",
    "score",
)
"""Files of the learner that take values and give values back."""
RIM = {"datetime", "io", "logging", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "threading", "time"}
"""What reaches for clock, disk, network, threads or the log."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    """Dotted names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}: relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def first_parts(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("path", sources("edge_common"), ids=named)
def test_edge_common_imports_nothing_else_of_ours(path: Path) -> None:
    assert not first_parts(path) & {"modules", "bench", "tests", "standalone"}


@pytest.mark.parametrize("path", sources("modules"), ids=named)
def test_a_module_imports_no_other_module(path: Path) -> None:
    own = path.relative_to(ROOT / "modules").parts[0]

    others = {name for name in imports_of(path) if name.startswith("modules.") and name.split(".")[1] != own}

    assert not others
    assert not first_parts(path) & {"bench", "tests", "standalone"}


def test_the_modules_are_those_that_the_rules_are_for() -> None:
    found = {path.name for path in (ROOT / "modules").iterdir() if (path / "__init__.py").exists()}

    assert found == set(MODULES)


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_its_home(library: str) -> None:
    users = {path for path in sources("edge_common", "modules", "bench") if library in first_parts(path)}
    users |= {path for path in [ROOT / "standalone.py"] if library in first_parts(path)}

    homes = {path for pattern in HOMES[library] for path in ROOT.glob(pattern)}
    assert users <= homes, sorted(map(named, users - homes))


@pytest.mark.parametrize("library", HOMES)
def test_a_home_is_lived_in(library: str) -> None:
    for pattern in HOMES[library]:
        assert any(library in first_parts(path) for path in ROOT.glob(pattern) if path.suffix == ".py"), pattern


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_in_the_learner_reaches_for_nothing_outside(name: str) -> None:
    assert not first_parts(ROOT / "modules/trainer_agent/learning" / f"{name}.py") & RIM


@pytest.mark.parametrize("path", sources("edge_common/skills"), ids=named)
def test_a_skill_is_evaluated_without_clock_disk_or_network(path: Path) -> None:
    # Opening hours are told of a time that is given.
    allowed = {"datetime"} if path.stem == "opening_hours" else set()

    assert not first_parts(path) & RIM - allowed


def test_the_learner_knows_nothing_of_the_rest_of_its_module() -> None:
    for path in sources("modules/trainer_agent/learning"):
        mine = [name for name in imports_of(path) if name.startswith("modules.trainer_agent.")]
        assert all(name.startswith("modules.trainer_agent.learning.") for name in mine), named(path)


def test_training_loads_neither_pages_nor_database() -> None:
    code = "import sys, modules.trainer_agent.training_job; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)

    assert not {"flask", "waitress", "sqlite3", "zmq", "openvino", "tflite2onnx"} & set(loaded.stdout.split())


def test_what_asks_the_vpu_loads_no_sdk() -> None:
    code = "import sys, modules.inference.vpu, modules.inference.fallback; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)

    assert not {"openvino", "onnxruntime", "azure"} & set(loaded.stdout.split())


@pytest.mark.parametrize("path", [path for path in sources(*PARTS) if path.name == "__init__.py"], ids=named)
def test_package_files_are_empty(path: Path) -> None:
    if named(path) != "modules/trainer_agent/web/__init__.py":
        assert path.read_bytes() == b""


@pytest.mark.parametrize("path", [*sources("edge_common", "modules", "bench"), ROOT / "standalone.py"], ids=named)
def test_a_file_fits_a_readers_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", sources("edge_common", "modules", "bench"), ids=named)
def test_a_file_says_what_it_does(path: Path) -> None:
    text = path.read_text()

    assert not text or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", sources("modules", "edge_common", "bench"), ids=named)
def test_no_file_is_named_for_being_of_use(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "common", "manager", "base", "core", "misc"}
