"""Tries a model that comes from outside, in a process that can do little: `Job` starts it, one line in, one line out.

It has nothing of our environment, where secrets may be, a bounded part of memory and processor, writes no file, and
reaches no network where the kernel lets a process give that up. What it loads must not be loaded anywhere else before
it has said that all is well.
"""

import ctypes
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from edge_common.errors import EdgeError, PackageError
from edge_common.service import EXIT_CLEAN, end_with_input, leave

BARE = ("env", "--ignore-environment", f"PYTHONPATH={os.pathsep.join(sys.path)}", sys.executable)
COMMAND = (*BARE, "-m", "modules.trainer_agent.cloud.check_version")
SILENCE_S = 180.0
_CPU_S = 120
_MEMORY_BYTES = 1_500_000_000
"""Beyond what the libraries have mapped before the model is loaded."""
_SIZES_PX = range(32, 4097)
_CLONE_NEWUSER, _CLONE_NEWNET, _PR_SET_NO_NEW_PRIVS = 0x10000000, 0x40000000, 38


def main() -> int:
    request = json.loads(sys.stdin.readline())
    # Before the libraries are loaded: the kernel asks for a process of one thread.
    offline = _leave_network()
    from modules.trainer_agent.exchange import trial  # noqa: F401 (loaded while files may be opened)

    end_with_input()
    _bound()
    try:
        told: dict[str, Any] = {"size_px": check(request), "offline": offline}
    except EdgeError as error:
        told = {"problem": str(error)}
    except MemoryError:
        told = {"problem": "the model takes more memory than a model may"}
    print(json.dumps(told), flush=True)
    return EXIT_CLEAN


def check(request: dict[str, Any]) -> int:
    """The input's side in pixels of `models`, files that must all be as `manifest` tells; raises EdgeError."""
    from edge_common.onnx_graph import external_files
    from edge_common.onnx_session import OnnxSession
    from edge_common.packages import Manifest
    from modules.trainer_agent.exchange.trial import try_model

    told = request["manifest"]
    for path in request["models"]:
        model = Path(path).read_bytes()
        if outside := external_files(model):
            raise PackageError(f"{Path(path).name}: all weights expected in it, some are in {outside[0][:80]!r}")
        shape = OnnxSession(model, threads=1).inputs.get("image", ())
        side = shape[-1] if shape else None
        if not isinstance(side, int) or side not in _SIZES_PX or shape != (1, 3, side, side):
            raise PackageError(
                f"{Path(path).name}: an input 'image' of shape [1, 3, size, size] with a size of {_SIZES_PX.start} to "
                f"{_SIZES_PX.stop - 1} expected, got {list(shape)}"
            )
        if told.setdefault("input_size_px", side) != side:
            raise PackageError(f"{Path(path).name}: a size of {told['input_size_px']} expected, got {side}")
        try_model(Manifest.model_validate(told), model)
    return int(told["input_size_px"])


def _leave_network() -> bool:
    """Whether this process has a network of its own now, with nothing in it."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def _bound() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, mapped + _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    leave(main())
