"""What runs the models of `backend: auto`: known from before, or measured beside them, one model at a time."""

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

from edge_common.frames import Frame
from edge_common.model_io import to_input
from edge_common.packages import Manifest
from edge_common.results import Choice
from edge_common.settings import VpuSettings
from modules.inference.candidates import Candidate, Circumstances, candidates_of, circumstances
from modules.inference.choices import Choices
from modules.inference.measuring import TRIAL, Measuring
from modules.inference.model import ModelKey, in_int8
from modules.inference.runtimes.runtime import VPU_DEVICE, Machine
from modules.inference.vpu_process import Sdk

log = logging.getLogger(__name__)


class Chooser:
    """Used by one thread; what it measures has a thread of its own."""

    def __init__(self, machine: Machine, choices: Choices, program: Sequence[str] = TRIAL) -> None:
        """program: what tries one candidate, to be followed by a folder."""
        self._machine = machine
        self._choices = choices
        self._program = program
        self._measuring: tuple[ModelKey, Circumstances, Measuring] | None = None
        self._abandoned = False
        self._in_vain: set[ModelKey] = set()
        self._joined = False

    def known(self, key: ModelKey, manifest: Manifest) -> Choice | None:
        """What was measured of a model on a machine like this one."""
        return self._choices.find(self._circumstances(key, manifest, self._candidates(key, manifest)))

    def measure(self, key: ModelKey, manifest: Manifest, folder: Path, frame: Frame) -> None:
        """Begin, unless something is being measured or nothing was of use before. folder: the package's."""
        if self._measuring is not None or key in self._in_vain:
            return
        candidates = self._candidates(key, manifest)
        if not self._joined and self._machine.vpu is not None:
            # An Eye takes one process until it is switched off, so the one that is tried in has to stay.
            self._machine.vpu.join()
            self._joined = True
        image, sdk = to_input(frame.pixels, manifest.input_size_px), _sdk(key)
        measuring = Measuring(folder, manifest, candidates, image, key.threads, self._machine, sdk, self._program)
        self._measuring = (key, self._circumstances(key, manifest, candidates), measuring)
        self._abandoned = False
        measuring.start()

    def measured(self, wanted: Collection[ModelKey]) -> ModelKey | None:
        """A model of which something has become known since; what is measured of one not wanted any more is left."""
        if self._joined and self._machine.vpu is not None and not wanted:
            self._joined = False
            self._machine.vpu.leave()
        if self._measuring is None:
            return None
        key, about, measuring = self._measuring
        if key not in wanted and not self._abandoned:
            measuring.abandon()
            self._abandoned = True
        if measuring.alive():
            return None
        self._measuring = None
        choice = measuring.choice
        if choice is None:
            if not self._abandoned:
                log.error("model %s version %s: no candidate of auto is of use", key.model_id, key.version)
                self._in_vain.add(key)
            return None
        for one in choice.tried:
            told = f"{one.ms:.1f} ms an image" if one.ms is not None else f"left out: {one.why}"
            log.info("model %s on %s (%s, %s): %s", key.model_id, one.backend, one.file, one.device, told)
        self._choices.keep(about, choice, lasting=measuring.lasting)
        return key

    def close(self) -> None:
        if self._measuring is not None:
            self._measuring[2].close()
        if self._joined and self._machine.vpu is not None:
            self._joined = False
            self._machine.vpu.leave()

    def _candidates(self, key: ModelKey, manifest: Manifest) -> tuple[Candidate, ...]:
        device = key.device or VPU_DEVICE
        return candidates_of(manifest, self._machine, device, int8=in_int8(key, manifest))

    def _circumstances(self, key: ModelKey, manifest: Manifest, candidates: Sequence[Candidate]) -> Circumstances:
        tries_vpu = any(one.backend == "vpu" for one in candidates)
        return circumstances(manifest, candidates, key.threads, _sdk(key) if tries_vpu else None)


def _sdk(key: ModelKey) -> Sdk:
    return (key.vpu or VpuSettings()).sdk
