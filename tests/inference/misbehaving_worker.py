"""The real worker over the real OpenVINO, with an SDK that does at its next call what a file says.

`BEHAVIOUR` names the file: "load hang", "infer segfault" and so on; a word after these makes it hold for that many
calls, then the file is emptied.
"""

import ctypes
import importlib.util
import os
import signal
import time
from pathlib import Path

import numpy as np

_SOURCE = Path(__file__).parents[2] / "modules" / "inference" / "vpu_worker.py"
_spec = importlib.util.spec_from_file_location("vpu_worker", _SOURCE)
vpu_worker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(vpu_worker)

_SCRIPT = Path(os.environ["BEHAVIOUR"])


def behaviour(at):
    """What to do now; each order is for one call unless it says "always"."""
    words = _SCRIPT.read_text().split() if _SCRIPT.exists() else []
    if not words or words[0] != at:
        return ""
    if words[-1] != "always":
        _SCRIPT.write_text("")
    return words[1]


def act(what):
    if what == "hang":
        # As an SDK does at its worst: without giving the interpreter's lock back.
        ctypes.PyDLL(None).sleep(1000)
    elif what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "exit":
        os._exit(7)
    elif what == "garbage":
        LINE.sendall(b"no answer at all, " * 100)
    elif what == "error":
        raise RuntimeError("Failed to read output from FIFO: NC_ERROR")
    elif what == "memory":
        raise RuntimeError("Failed to allocate graph: NC_OUT_OF_MEMORY")
    elif what == "refused":
        raise RuntimeError("[ GENERAL_ERROR ] Unsupported layer")
    elif what == "slow":
        time.sleep(1.5)
    elif what == "prints":
        print("[NOT A MESSAGE]", flush=True)
        os.write(1, b"nor this\n")


class Misbehaving(vpu_worker.OpenVino):
    def load(self, path, device, threads):
        act(behaviour("load"))
        model = super().load(path, device, threads)
        infer = model.infer

        def misbehave():
            what = behaviour("infer")
            act(what)
            outputs = infer()
            if what == "nan":
                return [(names, np.full_like(values, np.nan)) for names, values in outputs]
            if what == "wrong":
                # As a device does that computes, but not this model: probabilities of a picture without anything.
                return [(names, np.zeros_like(values)) for names, values in outputs]
            if what == "shape":
                return [(names, values[:, :1]) for names, values in outputs]
            return outputs

        model.infer = misbehave
        return model


if __name__ == "__main__":
    import socket
    import sys

    act(behaviour("start"))
    LINE = socket.socket(fileno=os.dup(int(sys.argv[1])))
    vpu_worker.SDKS = {"openvino": (Misbehaving,)}
    vpu_worker.main(sys.argv[1:])
