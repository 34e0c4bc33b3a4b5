"""The page over a real library, agent and camera transport: through Flask's test client, and in a browser."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from edge_common.camera_questions import Answer, Question, QuestionServer, VideoDevice
from edge_common.frames import CameraState, Frame, FramePublisher, FrameSubscriber
from edge_common.images import encode_jpeg
from edge_common.results import ResultSubscriber
from modules.trainer_agent.agent import Agent
from modules.trainer_agent.live import LiveView
from tests.trainer_agent.conftest import Serve, noise
from tests.trainer_agent.page_server import PageServer
from tests.waiting import wait_for
from tests.zoo_here import zoo_folder


class Shop:
    """Two cameras: `aisle-4` gives a picture that changes, `till-1` has lost its cable; a third is only plugged in.

    As capture does, it answers questions: whoever gets no answer waits for seconds.
    """

    def __init__(self, folder: Path) -> None:
        self.endpoint = f"ipc://{folder}/frames"
        self._publisher = FramePublisher(self.endpoint)
        self._questions = QuestionServer(f"ipc://{folder}/questions", self._answer)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _answer(self, question: Question) -> Answer:
        if question.kind == "find":
            return Answer(devices=(VideoDevice("v4l2:0", "HD Webcam", ""),))
        return Answer(jpeg=encode_jpeg(noise(0), 80), width=160, height=120, taken_ns=time.time_ns())

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            number += 1
            self._publisher.publish(Frame("aisle-4", number, time.time_ns(), noise(number, 640, 360)))
            camera, phase, reason = [("aisle-4", "live", ""), ("till-1", "lost", "the cable is unplugged")][number % 2]
            self._publisher.publish_state(CameraState(camera, phase, reason, 20, 640, 360))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._questions.close()
        self._publisher.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """The endpoint of a running shop."""
    opened = Shop(tmp_path)
    yield opened.endpoint
    opened.close()


BuildApp = Callable[..., Flask]


@pytest.fixture
def build_app(serve: Serve, tmp_path: Path) -> Iterator[BuildApp]:
    """Build the app over frames from an endpoint, once it knows so many cameras; by default from where none is."""
    opened: list[FrameSubscriber | ResultSubscriber] = []

    def build(agent: Agent | None = None, endpoint: str | None = None, cameras: int = 1) -> Flask:
        frames = FrameSubscriber(endpoint or f"ipc://{tmp_path}/no-frames")
        results = ResultSubscriber(f"ipc://{tmp_path}/no-results")
        opened.extend((frames, results))
        wait_for(lambda: endpoint is None or len(frames.states()) >= cameras)
        return serve(LiveView(frames, results), agent)

    yield build
    for subscriber in opened:
        subscriber.close()


def once_it_hears(app: Flask) -> Flask:
    """The app when it knows how inference does: sockets join when they join."""
    wait_for(app.extensions["services"].live.results.state)
    return app


@pytest.fixture
def client(build_app: BuildApp) -> FlaskClient:
    return build_app().test_client()


def with_zoo(app: Flask) -> Flask:
    """The app over the real zoo, or a skip that says how to make it."""
    services = app.extensions["services"]
    app.extensions["services"] = replace(services, zoo=zoo_folder())
    return app


class Site(PageServer):
    """The page, behind the server that serves staff, until the test ends."""

    opened: ClassVar[list["Site"]] = []

    def __init__(self, app: Flask, host: str = "127.0.0.1") -> None:
        super().__init__(app, host, threads=8)
        self.address = f"http://{host}:{self.port}"
        self.opened.append(self)


@pytest.fixture(autouse=True)
def _sites_are_closed() -> Iterator[None]:
    yield
    while Site.opened:
        Site.opened.pop().close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop window; an error in the page's own code fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone of 360 px with a touch screen."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []
