"""The real trial over the real runtimes, but for those of which `TRIALS` (JSON, by backend) says what they do.

Each backend that is tried is written down in the file that `TRIED` names. One of which `TRIALS` says a number takes so
many ms and gives what is in the file that `OUTPUTS` names: no runtime is loaded for that, nor what comes with one.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path


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


def tell(folder, ms):
    shutil.copy(os.environ["OUTPUTS"], folder / "outputs.npz")
    (folder / "answer.json").write_text(json.dumps({"ms": ms}))


def try_really(folder, what):
    import modules.inference.trial as trial
    from edge_common.errors import RuntimeUnavailable

    open_really = trial.open_runtime

    def open_misbehaving(kind, *arguments, **more):
        if what == "absent":
            raise RuntimeUnavailable(f"runtime {kind!r} is not installed here")
        if what == "fault":
            raise ZeroDivisionError
        return Misbehaving(open_really(kind, *arguments, **more), what)

    trial.open_runtime = open_misbehaving
    trial.MEASURED_S = 0.1
    trial.main(folder)


def main(folder):
    backend = json.loads((folder / "question.json").read_bytes())["backend"]
    what = json.loads(os.environ["TRIALS"]).get(backend, "")
    with open(os.environ["TRIED"], "a") as tried:
        tried.write(f"{backend}\n")
    if what == "illegal":
        os.kill(os.getpid(), signal.SIGILL)
    elif what == "hang":
        time.sleep(600)
    elif isinstance(what, float):
        tell(folder, what)
    else:
        try_really(folder, what)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
