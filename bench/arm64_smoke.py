"""Tries the image from inside: libraries, a model on each runtime, the three modules. Run by `bench.arm64_image`.

Takes, as JSON, how the deployment starts each module and asks whether it is well; prints one JSON object, or ends with
what went wrong. It imports nothing of ours before it has loaded each library by itself.
"""

import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

CAMERA = "camera-1"
READY_WITHIN_S = 150.0
"""Emulation is about ten times as slow as the processor, so this is no measure of the device."""
FRAMES = 10
INSIDE = ("ai_edge_litert.interpreter", "azure.iot.device", "azure.storage.blob", "onnxruntime.quantization")
"""What the product uses of packages whose outermost name holds nothing."""
SIZE = 64


def imported() -> list[str]:
    """Loads every package that is installed, by the names under which it is imported."""
    found = sorted(name for name in importlib.metadata.packages_distributions() if name.isidentifier())
    public = [name for name in found if not name.startswith("_")] + [*INSIDE]
    for name in public:
        importlib.import_module(name)
    return public


def largest_difference(zoo: Path) -> dict[str, Any]:
    """One convolution on both runtimes and in numpy, and the zoo's files against their checksums."""
    import numpy as np

    from edge_common.onnx_graph import GraphBuilder
    from edge_common.zoo import find, read_index
    from modules.inference.runtimes.runtime import open_runtime

    for name in read_index(zoo):
        find(zoo, name)
    random = np.random.default_rng(0)
    weights = (random.normal(size=(8, 3, 1, 1)) / 255).astype(np.float32)
    image = random.uniform(0, 255, (1, 3, SIZE, SIZE)).astype(np.float32)
    builder = GraphBuilder()
    builder.node("Sigmoid", [builder.conv("image", weights, None)], "y")
    expected = 1 / (1 + np.exp(-np.einsum("oi,bihw->bohw", weights[:, :, 0, 0], image)))
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        model.write_bytes(
            builder.build("smoke", {"image": (1, 3, SIZE, SIZE)}, {"y": (1, 8, SIZE, SIZE)}).SerializeToString()
        )
        for kind in ("onnx", "openvino"):
            started_s = time.monotonic()
            runtime = open_runtime(kind, model, threads=1)
            loaded_s = time.monotonic()
            answer = runtime.infer(image)["y"]
            figures[kind] = {
                "load_s": round(loaded_s - started_s, 2),
                "infer_ms": round((time.monotonic() - loaded_s) * 1000, 1),
                "largest_difference": float(np.abs(answer - expected).max()),
            }
            runtime.close()
            if not figures[kind]["largest_difference"] < 1e-5:
                raise SystemExit(f"{kind}: a difference below 0.00001 to numpy's numbers expected, got {figures[kind]}")
    return figures


def usages(starts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Asks each module for its usage, as `docker run IMAGE modules.NAME --help` would."""
    for start in starts.values():
        entry = start["command"][: start["command"].index("--data")]
        subprocess.run([*entry, "--help"], check=True, stdout=subprocess.PIPE, timeout=READY_WITHIN_S)
    return list(starts)


def run_together(starts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Starts all as the deployment does, with the simulated camera; seconds until each was well and frames came."""
    from edge_common.frames import FrameSubscriber
    from edge_common.own_cameras import PLACE, OwnCameras
    from edge_common.settings import CameraSettings

    command = starts["capture"]["command"]
    argument = dict(pairwise(command))
    OwnCameras(Path(argument["--data"]) / PLACE).add(CAMERA, CameraSettings(url="sim:shelf"))
    started_s = time.monotonic()
    running = {
        name: subprocess.Popen(start["command"], env=os.environ | start["environment"])
        for name, start in starts.items()
    }
    frames = FrameSubscriber(argument["--frames"], everything=True)
    seen: set[str] = set()
    after_s: dict[str, float] = {}

    def wait(name: str, fits: Callable[[], bool]) -> None:
        while not fits():
            if ended := [module for module, process in running.items() if process.poll() is not None]:
                raise SystemExit(f"{', '.join(ended)} ended while {name} was waited for")
            if time.monotonic() - started_s > READY_WITHIN_S:
                raise SystemExit(f"{name}: not within {READY_WITHIN_S:.0f} s of the start")
            time.sleep(0.2)
        after_s[name] = round(time.monotonic() - started_s, 1)

    def is_healthy(name: str) -> bool:
        return subprocess.run(starts[name]["health"], stderr=subprocess.DEVNULL).returncode == 0

    def enough_frames() -> bool:
        if newest := frames.frames.take(0):
            seen.add(newest[1].id)
        return len(seen) >= FRAMES

    try:
        wait(f"{FRAMES} frames", enough_frames)
        for name in starts:
            wait(name, partial(is_healthy, name))
        wait("page", page_answers)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(READY_WITHIN_S)
        frames.close()
    if failed := {name: process.returncode for name, process in running.items() if process.returncode}:
        raise SystemExit(f"exit code 0 expected when asked to end, got {failed}")
    return after_s


def page_answers() -> bool:
    try:
        with urllib.request.urlopen("http://127.0.0.1:8080/", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def root_is_read_only() -> bool:
    try:
        Path("/app/written").touch()
    except OSError:
        return True
    return False


def main() -> int:
    starts = json.loads(sys.argv[1])
    seconds: dict[str, float] = {}
    found: dict[str, Any] = {
        "machine": os.uname().machine,
        "user": os.getuid(),
        "root_is_read_only": root_is_read_only(),
        "seconds": seconds,
    }
    steps: dict[str, Callable[[], Any]] = {
        "imports": imported,
        "runtimes": lambda: largest_difference(Path("zoo")),
        "help": lambda: usages(starts),
        "ready_after_s": lambda: run_together(starts),
    }
    for name, step in steps.items():
        started_s = time.monotonic()
        print(f"{name} ...", file=sys.stderr, flush=True)
        found[name] = step()
        seconds[name] = round(time.monotonic() - started_s, 1)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
