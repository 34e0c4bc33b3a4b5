"""A bench for the loop: a camera's side, a reader's side, and inference between them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_common.detections import Result
from edge_common.frames import Frame, FramePublisher, FrameSubscriber
from edge_common.hub import LocalHub
from edge_common.packages import PackageStore
from edge_common.results import InferenceState, ResultPublisher, ResultSubscriber, result_key
from edge_common.settings import InferenceSettings
from modules.inference.loader import ModelLoader
from modules.inference.loop import InferenceLoop
from tests.inference.tiny_models import coloured_frame
from tests.inference.vpus import Rig
from tests.waiting import wait_for

SETTINGS = InferenceSettings(backend="onnx", threads=1)


@pytest.fixture
def sockets() -> Iterator[Path]:
    # The path of a Unix socket may have about 100 characters; pytest's own folders are longer.
    folder = tempfile.mkdtemp(prefix="sockets-")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture
def store(tmp_path: Path) -> PackageStore:
    return PackageStore(tmp_path / "models")


@pytest.fixture
def hub(tmp_path: Path) -> LocalHub:
    return LocalHub(tmp_path / "twin")


@pytest.fixture
def loader(store: PackageStore, hub: LocalHub) -> ModelLoader:
    """Not started: tests call `look` with a time of their own."""
    return ModelLoader(store, hub, SETTINGS)


class Bench:
    """A camera in front of inference and a reader behind it."""

    def __init__(self, sockets: Path, loader: ModelLoader) -> None:
        self.camera = FramePublisher(f"ipc://{sockets}/frames")
        self._frames = FrameSubscriber(f"ipc://{sockets}/frames", everything=True)
        self._publisher = ResultPublisher(f"ipc://{sockets}/results")
        self.reader = ResultSubscriber(f"ipc://{sockets}/results")
        self.loader = loader
        self.loop = InferenceLoop(self._frames, self._publisher, loader, loader.settings)
        self._sequence = 0

    def start(self) -> None:
        self.loader.start()
        self.loop.start()

    def close(self) -> None:
        self.loop.close()
        self.loader.close()
        self.reader.close()
        self._publisher.close()
        self._frames.close()
        self.camera.close()

    def show(self, colour: tuple[int, int, int] = (0, 255, 0), camera: str = "camera-1") -> Frame:
        self._sequence += 1
        frame = coloured_frame(colour, camera=camera, sequence=self._sequence, taken_ns=time.time_ns())
        self.camera.publish(frame)
        return frame

    def result_of(self, frame: Frame, timeout_s: float = 10.0) -> Result | None:
        """The result of this very frame; None if another one or none comes."""
        deadline_s = time.monotonic() + timeout_s
        seen = 0
        while (left_s := deadline_s - time.monotonic()) > 0:
            newest = self.reader.results.after(result_key(frame.camera, "shelf"), seen, left_s)
            if newest is None:
                return None
            seen, result = newest
            if result.frame_id == frame.id:
                return result
        return None

    def first_result(self) -> Result:
        """Show frames until results come: sockets join when they join, and a model is loaded first."""
        for _ in range(300):
            result = self.result_of(self.show(), 0.1)
            if result is not None:
                return result
        raise AssertionError("no result came")

    def state_when(self, fits: Callable[[InferenceState], bool]) -> InferenceState:
        return wait_for(
            lambda: (state := self.reader.state()) and fits(state) and state,
            says=lambda: f"the last state was {self.reader.state()}",
        )


@pytest.fixture
def bench(sockets: Path, loader: ModelLoader) -> Iterator[Bench]:
    made = Bench(sockets, loader)
    yield made
    made.close()


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    made = Rig(tmp_path, monkeypatch)
    yield made
    made.vpu.close()
