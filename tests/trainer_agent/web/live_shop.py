"""A shop with one camera, `aisle-4`, and inference that looks at it: what it finds, and how it does, is each test's."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_common.detections import Result
from edge_common.frames import CameraState, Frame, FramePublisher
from edge_common.results import AzureEyeState, InferenceState, LiveModel, ResultPublisher
from tests.trainer_agent.conftest import noise

Look = Callable[[Frame], tuple[InferenceState, Sequence[Result]]]


class LiveShop:
    """Ten frames a second, each with what `look` says of it, until it is closed."""

    def __init__(self, folder: Path, look: Look) -> None:
        self.endpoint = f"ipc://{folder}/frames"
        self._look = look
        self._camera, self._inference = FramePublisher(self.endpoint), ResultPublisher(f"ipc://{folder}/no-results")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._camera.close()
        self._inference.close()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.1):
            number += 1
            frame = Frame("aisle-4", number, time.time_ns(), noise(number, 640, 360))
            state, results = self._look(frame)
            self._inference.publish_state(state)
            self._camera.publish_state(CameraState(frame.camera, "live", "", 10, 640, 360))
            self._camera.publish(frame)
            for result in results:
                self._inference.publish(result)


def looking(*models: LiveModel, azureeye: AzureEyeState | None = None) -> InferenceState:
    return InferenceState(
        models=models, runtime="openvino", frames_per_s=9, inference_ms=1, last_error="", azureeye=azureeye
    )
