"""A program that tries one candidate on one image: `python -m modules.inference.trial FOLDER`.

It is a process of its own, so that a library that this processor cannot run, or that takes much memory, harms nothing.
FOLDER holds `question.json` (backend, path, device, threads, tflite: the manifest's facts or null) and `image.npy`;
`answer.json` is put beside them, {"ms": ...} with `outputs.npz`, or {"error": ...}. It ends when its input closes.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from edge_common.errors import EdgeError
from edge_common.service import end_with_input
from edge_common.tflite_facts import TfliteFacts
from modules.inference.runtimes.runtime import Image, Outputs, Runtime, open_runtime

MEASURED_S = 1.0
LEAST_RUNS = 3


def timed(runtime: Runtime, image: Image) -> tuple[Outputs, float]:
    """What it gives for an image, and what it takes for that in ms: a tenth of the runs of a second was faster.

    Whatever else runs beside it only adds to that, so the fastest runs say most; a single one can be an accident.
    """
    outputs = runtime.infer(image)
    took_s: list[float] = []
    end_s = time.perf_counter() + MEASURED_S
    while len(took_s) < LEAST_RUNS or time.perf_counter() < end_s:
        began_s = time.perf_counter()
        runtime.infer(image)
        took_s.append(time.perf_counter() - began_s)
    return outputs, 1000 * float(np.quantile(took_s, 0.1))


def main(folder: Path) -> None:
    end_with_input()
    # Frames come first: a trial takes what the models that run leave over.
    os.nice(19)
    asked = json.loads((folder / "question.json").read_bytes())
    facts = None if asked["tflite"] is None else TfliteFacts.model_validate(asked["tflite"])
    try:
        runtime = open_runtime(asked["backend"], Path(asked["path"]), asked["threads"], asked["device"], tflite=facts)
        outputs, ms = timed(runtime, np.load(folder / "image.npy"))
    except EdgeError as error:
        answer: dict[str, object] = {"error": str(error)}
    else:
        np.savez(folder / "outputs.npz", allow_pickle=False, **outputs)
        answer = {"ms": ms}
    (folder / "answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
