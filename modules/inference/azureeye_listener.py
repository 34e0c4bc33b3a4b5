"""Takes azureeyemodule's messages from the hub, has them published as results, and keeps watch over its state.

A message names no picture, so its result goes with the newest one of the camera: the message and the picture have both
come a moment after the Eye saw what they show.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge_common.detections import Detection, Result
from edge_common.errors import CodecError
from edge_common.frames import FrameSubscriber
from edge_common.handed_off import HandoffFolder, ModelZip
from edge_common.hub import Hub, Incoming
from edge_common.results import AzureEyeState
from edge_common.settings import AzureEyeSettings, InferenceSettings
from modules.inference.azureeye import INPUT, ForeignLabel, Sighting, parse_message
from modules.inference.azureeye_state import EyeFacts, is_black, jumped, phase_of
from modules.inference.background import Background
from modules.inference.loop import InferenceLoop
from modules.inference.vpu_usb import USB_DEVICES, usb_ids

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
_USB_EVERY_S = 2.0
_GONE = ("lost", "starting")
_NEWEST_NS = 5_000_000_000
"""An older picture of the camera is not what a message is about."""


class EyeListener(Background):
    """Sets the loop's `azureeye`, and has it publish."""

    def __init__(
        self,
        hub: Hub,
        frames: FrameSubscriber,
        loop: InferenceLoop,
        handed: HandoffFolder,
        settings: InferenceSettings,
        *,
        usb: Path = USB_DEVICES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("azureeye")
        self.settings = settings
        """Replaced whole by whoever gets new ones."""
        self._hub = hub
        self._frames = frames
        self._loop = loop
        self._handed = handed
        self._usb = usb
        self._clock = clock
        self._following: AzureEyeSettings | None = None
        self._facts = EyeFacts(clock())
        self._timestamp: tuple[float, int] | None = None
        """When the last message with a timestamp came, and that."""
        self._foreign = False
        """Another model was seen to run, so that an empty message says nothing of ours."""
        self._refused_code = ""
        """Of the last message's error."""
        self._counted = 0
        self._usb_seen: frozenset[str] = frozenset()
        self._usb_due_s = 0.0

    def _run(self) -> None:
        while not self._stop.is_set():
            message = self._hub.next_message(_LOOK_EVERY_S)
            self.look(message)

    def look(self, message: Incoming | None) -> None:
        """Take in a message, if there is one, and how all else stands."""
        settings = self.settings.azureeye
        if settings != self._following:
            self._follow(settings)
        if message is not None and message.input != INPUT:
            log.warning("a message at input %r is left aside: there is only %r", message.input[:80], INPUT)
            message = None
        if not settings.enabled or settings.camera is None or settings.model is None:
            self._loop.azureeye = None
            return
        handed = self._handed.read(settings.model).in_use
        if message is not None:
            self._take(message, settings.camera, settings.model, handed)
        self._see(settings.camera)
        self._tell(settings, settings.camera, settings.model, handed)

    def _follow(self, settings: AzureEyeSettings) -> None:
        """Forget what was known: it was of another camera or model."""
        self._following = settings
        self._facts = EyeFacts(self._clock())
        self._timestamp, self._foreign, self._refused_code = None, False, ""

    def _take(self, message: Incoming, camera: str, model_id: str, handed: ModelZip | None) -> None:
        now_s = self._clock()
        refused = ""
        try:
            if handed is None:
                raise CodecError(f"no version of model {model_id} was handed to azureeyemodule")
            sighting = parse_message(message.body, handed.labels)
            self._check(sighting)
            result = self._result(sighting, camera, model_id, handed)
        except CodecError as error:
            self._foreign = self._foreign or isinstance(error, ForeignLabel)
            # One line, and one report, for as long as the same is wrong with every message.
            same = error.code == self._refused_code
            refused, self._refused_code = self._facts.refused if same else str(error), error.code
            if not same:
                log.error("a message of azureeyemodule is refused: %s", refused)
        else:
            self._refused_code = ""
            if result is not None:
                newest = self._frames.frames.after(camera, 0, 0)
                frame = newest[1] if newest is not None and newest[1].id == result.frame_id else None
                self._loop.publish(result, frame)
        self._facts = replace(self._facts, message_s=now_s, refused=refused)

    def _check(self, sighting: Sighting) -> None:
        """Raises CodecError for what cannot be of the model that was handed over."""
        if sighting.timestamp_ns is None:
            if self._foreign:
                raise ForeignLabel(self._facts.refused)
            return
        if sighting.kind != "detection":
            raise CodecError("NEURAL_NETWORK: boxes expected of a detection model, got a classification")
        self._foreign = False

    def _result(self, sighting: Sighting, camera: str, model_id: str, handed: ModelZip) -> Result | None:
        """None for a message that came twice."""
        now_s, taken_ns = self._clock(), sighting.timestamp_ns
        if taken_ns is not None:
            before = self._timestamp
            if before is not None and before[1] == taken_ns:
                return None
            self._timestamp = (now_s, taken_ns)
            leapt = before is not None and jumped(before[1], taken_ns, now_s - before[0])
            self._facts = replace(self._facts, jumped=leapt)
        self._counted += 1
        frame_id, frame_ns = self._newest_frame(camera)
        return Result(
            camera=camera,
            frame_id=frame_id or f"azureeye-{frame_ns}-{self._counted}",
            taken_ns=frame_ns,
            model_id=model_id,
            model_version=handed.version,
            kind="detection",
            detections=self._sure_enough(sighting.detections),
            inference_ms=0.0,
        )

    def _sure_enough(self, found: tuple[Detection, ...]) -> tuple[Detection, ...]:
        """Those that reach the one threshold set for all; by itself azureeyemodule tells of no less than one half."""
        least = self.settings.minimum_confidence or 0.0
        return tuple(one for one in found if one.confidence >= least)

    def _newest_frame(self, camera: str) -> tuple[str, int]:
        """Its id, empty where there is none, and when it was taken: now where there is none."""
        newest, now_ns = self._frames.frames.after(camera, 0, 0), time.time_ns()
        if newest is None or now_ns - newest[1].taken_ns > _NEWEST_NS:
            return "", now_ns
        return newest[1].id, newest[1].taken_ns

    def _see(self, camera: str) -> None:
        """What the camera and USB show."""
        now_s, known = self._clock(), self._facts
        state = self._frames.states().get(camera)
        newest = self._frames.frames.after(camera, 0, 0)
        gone = state is not None and state.phase in _GONE
        begins = gone and known.camera == "live"
        ends = state is not None and not gone and known.camera in _GONE and known.lost_s is not None
        if now_s >= self._usb_due_s:
            self._usb_due_s, self._usb_seen = now_s + _USB_EVERY_S, usb_ids(self._usb)
        self._facts = replace(
            known,
            camera=state.phase if state else None,
            camera_reason=state.reason if state else "",
            lost_s=now_s if begins or ends else known.lost_s,
            black=newest is not None and is_black(newest[1].pixels),
            usb=self._usb_seen,
        )

    def _tell(self, settings: AzureEyeSettings, camera: str, model_id: str, handed: ModelZip | None) -> None:
        phase, why = phase_of(self._facts, settings, self._clock())
        before = self._loop.azureeye
        version = handed.version if handed else ""
        same = before is not None and (before.camera, before.model, before.phase) == (camera, model_id, phase)
        since = before.since if before is not None and same else datetime.now(UTC).isoformat(timespec="seconds")
        if not same:
            log.info("azureeyemodule with %s on %s: %s%s", model_id, camera, phase, f": {why}" if why else "")
        self._loop.azureeye = AzureEyeState(
            camera=camera, model=model_id, version=version, phase=phase, why=why, since=since
        )
