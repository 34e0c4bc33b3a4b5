"""Tries every candidate for a model on a real image, beside the model that runs: the fastest that is right is found."""

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge_common.errors import EdgeError, InferenceError, OutOfMemory, RuntimeUnavailable
from edge_common.packages import Manifest
from edge_common.results import Choice, Tried
from modules.inference.agreement import disagreement
from modules.inference.background import Background
from modules.inference.candidates import Candidate
from modules.inference.memory import check_memory
from modules.inference.runtimes.runtime import Image, Machine, Outputs, open_runtime
from modules.inference.trial import timed
from modules.inference.vpu_process import Sdk

log = logging.getLogger(__name__)

TRIAL = (sys.executable, "-m", "modules.inference.trial")
WITHIN_S = 120.0
"""Loading, trying and measuring one candidate on the processor."""
PROCESS_BYTES = 130_000_000
"""Of a trial without its model: interpreter and libraries."""
_LOOK_EVERY_S = 0.05
_LEAVE_WITHIN_S = 2.0
_LONGEST_REASON = 200


class Measuring(Background):
    """One model, measured once, in a thread of its own: loading it on a VPU can take minutes."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        candidates: Sequence[Candidate],
        image: Image,
        threads: int,
        machine: Machine,
        sdk: Sdk,
        program: Sequence[str] = TRIAL,
    ) -> None:
        """folder: the package's. machine: its VPU must have been joined, so that its process outlives the trial."""
        super().__init__("measuring")
        self.choice: Choice | None = None
        """Once the thread has ended; None where no candidate is of use."""
        self.lasting = True
        """Whether it holds for the next start too: a VPU that did not answer, or memory, may be there then."""
        self._folder = folder
        self._manifest = manifest
        self._candidates = candidates
        self._image = image
        self._threads = threads
        self._machine = machine
        self._sdk = sdk
        self._program = program

    def abandon(self) -> None:
        """End soon, without a choice."""
        self._stop.set()

    def close(self) -> None:
        self._stop.set()
        # Not for a VPU that loads for minutes: whoever closes that ends this.
        self._thread.join(_LEAVE_WITHIN_S)

    def _run(self) -> None:
        tried: list[Tried] = []
        right: dict[str, Outputs] = {}
        for candidate in self._candidates:
            ms, why = None, ""
            try:
                outputs, ms = self._on_vpu(candidate) if candidate.backend == "vpu" else self._apart(candidate)
                why = disagreement(outputs, right.get(candidate.like, outputs), candidate.tolerance)
            except (EdgeError, OSError) as error:
                why = str(error)
                self.lasting = self.lasting and not isinstance(error, OutOfMemory | OSError)
            self.lasting = self.lasting and not (why and candidate.backend == "vpu")
            if self._stop.is_set():
                return
            if not why:
                right.setdefault(candidate.like, outputs)
            about = {"backend": candidate.backend, "file": candidate.file, "device": candidate.device}
            tried.append(Tried(**about, ms=None if why or ms is None else round(ms, 2), why=why[:_LONGEST_REASON]))
        if any(one.ms is not None for one in tried):
            self.choice = Choice(tried=tuple(tried), measured=datetime.now(UTC).isoformat(timespec="seconds"))

    def _on_vpu(self, candidate: Candidate) -> tuple[Outputs, float]:
        path = self._folder / candidate.file
        runtime = open_runtime("vpu", path, self._threads, candidate.device, self._machine, self._sdk)
        try:
            return timed(runtime, self._image)
        finally:
            runtime.close()

    def _apart(self, candidate: Candidate) -> tuple[Outputs, float]:
        """In a process of its own."""
        facts, path = self._manifest.tflite, self._folder / candidate.file
        check_memory(path.stat().st_size, process_bytes=PROCESS_BYTES)
        question = {
            "backend": candidate.backend,
            "path": str(path.absolute()),
            "device": candidate.device,
            "threads": self._threads,
            "tflite": None if facts is None else facts.model_dump(mode="json"),
        }
        with tempfile.TemporaryDirectory(prefix="trial-") as name:
            folder = Path(name)
            (folder / "question.json").write_text(json.dumps(question))
            np.save(folder / "image.npy", self._image)
            self._wait_for(folder)
            answer = json.loads((folder / "answer.json").read_bytes())
            if "error" in answer:
                raise RuntimeUnavailable(str(answer["error"]))
            with np.load(folder / "outputs.npz") as outputs:
                return dict(outputs), float(answer["ms"])

    def _wait_for(self, folder: Path) -> None:
        deadline_s = time.monotonic() + WITHIN_S
        with subprocess.Popen([*self._program, str(folder)], stdin=subprocess.PIPE, stdout=2) as process:
            while process.poll() is None:
                if self._stop.wait(_LOOK_EVERY_S) or time.monotonic() > deadline_s:
                    process.kill()
                    raise InferenceError(f"it gave no answer within {WITHIN_S:g} s")
        if process.returncode:
            ended = f"by {signal.Signals(-process.returncode).name}" if process.returncode < 0 else "by a fault"
            raise InferenceError(f"the process that tried it was ended {ended}")
