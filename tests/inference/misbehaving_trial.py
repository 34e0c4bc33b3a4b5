"""The real trial over the real runtimes, but for those of which `TRIALS` (JSON, by backend) says what they do.

Each backend that is tried is written down in the file that `TRIED` names.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import modules.inference.trial as trial
from edge_common.errors import RuntimeUnavailable

_open = trial.open_runtime


class Misbehaving:
    def __init__(self, runtime, what):
        self._runtime = runtime
        self._what = what

    def infer(self, image):
        outputs = self._runtime.infer(image)
        if self._what == "slow":
            time.sleep(0.05)
        if self._what == "wrong":
            return outputs | {"raw_probs": outputs["raw_probs"] * 0.9}
        if self._what == "nan":
            return outputs | {"raw_probs": outputs["raw_probs"] * float("nan")}
        return outputs


def open_misbehaving(kind, *arguments, **more):
    what = json.loads(os.environ["TRIALS"]).get(kind, "")
    with open(os.environ["TRIED"], "a") as tried:
        tried.write(f"{kind}\n")
    if what == "absent":
        raise RuntimeUnavailable(f"runtime {kind!r} is not installed here")
    if what == "illegal":
        os.kill(os.getpid(), signal.SIGILL)
    if what == "hang":
        time.sleep(600)
    if what == "fault":
        raise ZeroDivisionError
    return Misbehaving(_open(kind, *arguments, **more), what)


if __name__ == "__main__":
    trial.open_runtime = open_misbehaving
    trial.MEASURED_S = 0.1
    trial.main(Path(sys.argv[1]))
