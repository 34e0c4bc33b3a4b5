"""A model that runs on a VPU while there is one: the processor stands in, and the VPU is tried again by itself.

The processor's runtime stays loaded, so that a frame on which the VPU is lost is looked at at once, and so that there
is something to hold the VPU's answers against. Loading on the VPU and trying it happen in a thread of its own, beside
the frames; the two are swapped between two frames.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from edge_common.errors import DeviceBusy, DeviceLost, EdgeError, LossKind, RuntimeUnavailable
from edge_common.results import VpuState
from edge_common.settings import VpuSettings
from modules.inference.agreement import FP16, disagreement
from modules.inference.runtimes.runtime import Image, Outputs, Runtime

log = logging.getLogger(__name__)

STEADY_AFTER_S = 60.0
"""A VPU that worked for so long is tried after the first pause again."""
_NEWEST_WITHIN_S = 2.0
_BUSY_PAUSE_S = 0.1

Tell = Callable[[Literal["vpu lost", "vpu back"], str], None]
"""An event and what there is to say about it."""


class Fallback:
    """A `Runtime` of two, with the state of the one that may be lost."""

    def __init__(
        self,
        processor: Runtime,
        open_vpu: Callable[[], Runtime],
        device: str,
        settings: VpuSettings,
        tell: Tell,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        """open_vpu may take minutes and raise any EdgeError; left is called once, when all is closed.

        `tell` is called from another thread than `infer`.
        """
        self.state = VpuState(device=device, phase="starting")
        """Replaced whole."""
        self._processor = processor
        self._open_vpu = open_vpu
        self._settings = settings
        self._tell = tell
        self._left = left
        self._vpu: Runtime | None = None
        self._lost: EdgeError | None = None
        self._newest: tuple[Image, Outputs] | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._awake = threading.Event()
        """Set when the VPU is lost, or all is over."""
        self._seen = threading.Event()
        """Set by each image that the processor looks at."""
        threading.Thread(target=self._keep_trying, name="vpu", daemon=True).start()

    def infer(self, image: Image) -> Outputs:
        vpu = self._vpu
        if vpu is not None:
            try:
                outputs = vpu.infer(image)
            except DeviceBusy:
                self._now("running", "waiting")
            except DeviceLost as error:
                self._lose(vpu, error)
            else:
                self._now("waiting", "running")
                return outputs
        outputs = self._processor.infer(image)
        if not self._seen.is_set():
            # Whoever waits for it reads it later, when the caller may have written over what it owns.
            self._newest = (image.copy(), outputs)
            self._seen.set()
        return outputs

    def close(self) -> None:
        with self._lock:
            again = self._closed.is_set()
            self._closed.set()
            vpu, self._vpu = self._vpu, None
        self._awake.set()
        self._seen.set()
        if vpu is not None:
            vpu.close()
        self._processor.close()
        if not again:
            self._left()

    def _now(self, before: str, after: str) -> None:
        if self.state.phase == before:
            self.state = VpuState.model_validate(self.state.model_dump() | {"phase": after})

    def _lose(self, vpu: Runtime, error: DeviceLost) -> None:
        self._vpu, self._lost = None, error
        self.state = lost_state(self.state, error, _clock(), "")
        self._awake.set()
        vpu.close()

    def _keep_trying(self) -> None:
        pause_s = self._settings.first_pause_s
        told = False
        while not self._closed.is_set():
            try:
                self._connect()
            except EdgeError as error:
                self._lost = error
            else:
                log.info("the model runs on %s", self.state.device)
                if told:
                    self._tell("vpu back", self.state.device)
                    told = False
                since_s = time.monotonic()
                self._awake.wait()
                self._awake.clear()
                if time.monotonic() - since_s >= STEADY_AFTER_S:
                    pause_s = self._settings.first_pause_s
            if self._closed.is_set() or self._lost is None:
                return
            due = (datetime.now(UTC) + timedelta(seconds=pause_s)).isoformat(timespec="seconds")
            self.state = lost_state(self.state, self._lost, _clock(), due)
            if not told:
                log.error("%s is lost, the processor looks instead: %s", self.state.device, self._lost)
                self._tell("vpu lost", str(self._lost))
                told = True
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, max(pause_s, self._settings.longest_pause_s))

    def _connect(self) -> None:
        """Load the model on the VPU, try it, and have it look from the next image on."""
        vpu = self._open_vpu()
        try:
            self._try(vpu)
        except BaseException:
            vpu.close()
            raise
        with self._lock:
            if self._closed.is_set():
                vpu.close()
                return
            self._lost = None
            self.state = VpuState(device=self.state.device, phase="running")
            self._vpu = vpu

    def _try(self, vpu: Runtime) -> None:
        """Have it look at the newest image: its outputs have to be those of the processor, as far as 16 bits go."""
        self._seen.clear()
        while not self._seen.wait(_NEWEST_WITHIN_S) and self._newest is None and not self._closed.is_set():
            pass
        if self._newest is None:
            raise RuntimeUnavailable("the model was closed before it saw an image")
        image, expected = self._newest
        if why := disagreement(self._patiently(vpu, image), expected, FP16):
            raise DeviceLost("bad_answer", f"the VPU is not right: {why}")

    def _patiently(self, vpu: Runtime, image: Image) -> Outputs:
        """What it gives as soon as no other model is being prepared on it."""
        while True:
            try:
                return vpu.infer(image)
            except DeviceBusy:
                if self._closed.wait(_BUSY_PAUSE_S):
                    raise


def lost_state(before: VpuState, error: EdgeError, now: str, next_try: str) -> VpuState:
    """The state after an error: lost since now, unless it was lost already."""
    since = before.since or now
    return VpuState(
        device=before.device, phase="lost", kind=kind_of(error), why=str(error), since=since, next_try=next_try
    )


def kind_of(error: EdgeError) -> LossKind:
    if isinstance(error, DeviceLost):
        return error.kind
    return "not_set_up" if isinstance(error, RuntimeUnavailable) else "compile_failed"


def _clock() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
