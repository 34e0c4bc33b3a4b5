"""A real inference process between a benchmark's frames and the results that come back: its transport, its figures."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
import zmq

from bench.protocol import ROOT
from edge_common.frames import Frame, FramePublisher
from edge_common.hub import LocalHub
from edge_common.images import Pixels, shrink
from edge_common.results import result_topic

SETTLE_S = 1.0
_MOST_FRAMES = 60
_LONGEST_SIDE_PX = 1280
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Answer(TypedDict):
    """What a benchmark needs of a result; to check the rest would cost as much as sending it did."""

    camera: str
    frame_id: str
    model_version: str


@dataclass
class Line:
    """Frames out and results in, as capture and the page have them."""

    publisher: FramePublisher
    results: "zmq.Socket[bytes]"
    pictures: Sequence[Pixels]
    cameras: Sequence[str]
    sent: dict[str, int] = field(default_factory=dict)
    """Time of sending by frame id, ns; of those that have not been answered."""
    results_a_frame: int = 1
    """As many as models look."""
    _heard: Counter[str] = field(default_factory=Counter)
    _counter: Iterator[int] = field(default_factory=itertools.count)

    def send(self, camera: str) -> str:
        number = next(self._counter)
        frame = Frame(camera, number, time.time_ns(), self.pictures[number % len(self.pictures)])
        self.sent[frame.id] = frame.taken_ns
        self.publisher.publish(frame)
        return frame.id

    def answers(self, wait_ms: int) -> list[tuple[Answer, int]]:
        """The last result of every frame that was answered since, with the time since it was sent, ns."""
        found = []
        while self.results.poll(wait_ms):
            result: Answer = json.loads(self.results.recv_multipart()[-1])
            self._heard[result["frame_id"]] += 1
            if result["frame_id"] in self.sent and self._heard[result["frame_id"]] >= self.results_a_frame:
                del self._heard[result["frame_id"]]
                found.append((result, time.time_ns() - self.sent.pop(result["frame_id"])))
            wait_ms = 0
        return found


def read_video(path: Path) -> list[Pixels]:
    """The first frames of a video, as large as capture sends them; raises SystemExit when there are none."""
    video = cv2.VideoCapture(str(path))
    pictures: list[Pixels] = []
    while len(pictures) < _MOST_FRAMES:
        there, pixels = video.read()
        if not there:
            break
        pictures.append(shrink(np.asarray(pixels, dtype=np.uint8), _LONGEST_SIDE_PX))
    if not pictures:
        raise SystemExit(f"{path}: a video expected, no frame could be read")
    return pictures


@contextmanager
def inference(data: Path, backend: str, threads: int) -> Iterator["tuple[subprocess.Popen[bytes], str, str]"]:
    """The real module on a data folder, with the endpoints of its frames and results."""
    LocalHub(data / "twins" / "inference").desire({"backend": backend, "threads": threads})
    frames, results = f"ipc://{data}/frames", f"ipc://{data}/results"
    command = [sys.executable, "-m", "modules.inference", "--data", str(data), "--frames", frames]
    process = subprocess.Popen([*command, "--results", results], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process, frames, results
    finally:
        process.terminate()
        process.wait()


@contextmanager
def line(
    frames: str, results: str, pictures: Sequence[Pixels], cameras: Sequence[str], models: int = 1
) -> Iterator[Line]:
    with closing(FramePublisher(frames)) as publisher, results_of(results, cameras) as socket:
        made = Line(publisher, socket, pictures, cameras, results_a_frame=models)
        deadline_s = time.monotonic() + 60
        while not made.answers(50):
            if time.monotonic() > deadline_s:
                raise SystemExit("inference gave no result within a minute")
            made.send(cameras[0])
        # What was on its way while the sockets joined is none of the measurement.
        time.sleep(SETTLE_S)
        made.answers(0)
        yield made


@contextmanager
def results_of(endpoint: str, cameras: Sequence[str]) -> "Iterator[zmq.Socket[bytes]]":
    """A socket that hears the results of these cameras, as many as may wait in a measurement."""
    context = zmq.Context()
    socket: zmq.Socket[bytes] = context.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 10_000)
    for camera in cameras:
        socket.setsockopt(zmq.SUBSCRIBE, result_topic(camera))
    socket.connect(endpoint)
    try:
        yield socket
    finally:
        context.destroy(linger=0)


def processor_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def resident_mb(process: int, which: str = "VmRSS") -> float:
    """which: VmHWM for what it had most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:")) / 1000
