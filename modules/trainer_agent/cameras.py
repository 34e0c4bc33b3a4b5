"""The cameras of this device as staff see and change them: the page's own ones, the twin's, and those plugged in."""

import threading
from dataclasses import dataclass

from edge_common.camera_questions import Answer, Question, QuestionAsker
from edge_common.camera_urls import CameraUrl, parse_camera_url
from edge_common.errors import ConfigError, Conflict, NotFound
from edge_common.frames import REMOVED, CameraState, FrameSubscriber
from edge_common.own_cameras import MOST_CAMERAS, OwnCameraList, OwnCameras
from edge_common.sentences import sentence
from edge_common.settings import CameraSettings
from modules.trainer_agent.camera_form import CameraForm, camera_id, settings_of, url_of

_FIND_S = 3.0
_LAST_S = 3.0
_TRY_S = 16.0
"""Longer than capture tries, so that its reason arrives."""
_UNHEARD = "the camera program does not report it"


@dataclass(frozen=True)
class FoundCamera:
    """A USB camera that is plugged in."""

    number: str
    name: str
    problem: str
    used_by: str
    """Name of the camera that has it already; empty when it is free."""


class Cameras:
    """Every method may be called from any thread."""

    def __init__(self, own: OwnCameras, asker: QuestionAsker, frames: FrameSubscriber) -> None:
        self._own = own
        self._asker = asker
        self._frames = frames
        self._adding = threading.Lock()

    def states(self) -> tuple[CameraState, ...]:
        """Every camera by name: those that capture tells of, and own ones that it does not; raises ConfigError."""
        heard = {
            camera: state
            for camera, state in self._frames.states().items()
            if not (state.phase == "off" and state.reason == REMOVED)
        }
        for camera, settings in self._own.read().cameras.items():
            if camera not in heard:
                name, source, location = settings.name, _shown(settings.url), settings.location
                heard[camera] = CameraState(
                    camera, "starting", _UNHEARD, 0.0, 0, 0, name, source, own=True, location=location
                )
        return tuple(sorted(heard.values(), key=lambda state: (state.name or state.camera).casefold()))

    def names(self) -> dict[str, str]:
        """What staff call each camera now, also those deleted last; those that have no name are left out."""
        heard = self._frames.states()
        names = {camera: state.name for camera, state in heard.items()}
        try:
            own = self._own.read()
        except ConfigError:
            own = OwnCameraList()  # told on the page of cameras
        for camera, settings in (own.removed | own.cameras).items():
            # A name that was just changed has not come back from capture yet.
            if camera not in heard or heard[camera].own:
                names[camera] = settings.name
        return {camera: name for camera, name in names.items() if name}

    def own(self, camera: str) -> CameraSettings:
        """Settings of a camera that was added on the page; raises NotFound."""
        found = self._own.read().cameras.get(camera)
        if found is None:
            raise NotFound(f"There is no camera '{camera[:40]}' that can be changed here.")
        return found

    def own_list(self) -> OwnCameraList:
        """Those added on the page, and those of them deleted last; raises ConfigError when the file is damaged."""
        return self._own.read()

    def add(self, form: CameraForm) -> str:
        """Add a camera and return its id; raises InvalidInput or Conflict."""
        settings = settings_of(form, None)
        with self._adding:
            known = self._own.read()
            taken = {state.camera for state in self.states()}
            if len(taken) >= MOST_CAMERAS:
                raise Conflict(
                    sentence("There are %(most)s cameras already, as many as there may be.", most=MOST_CAMERAS)
                )
            self._refuse_twice(settings, None)
            camera = camera_id(settings.name, taken | set(known.cameras) | set(known.removed))
            self._own.add(camera, settings)
            return camera

    def change(self, camera: str, form: CameraForm) -> None:
        """Raises InvalidInput, NotFound, or Conflict when another camera has the device."""
        settings = settings_of(form, self.own(camera))
        self._refuse_twice(settings, camera)
        self._own.change(camera, settings)

    def remove(self, camera: str) -> None:
        """Raises NotFound."""
        self._own.remove(camera)

    def put_back(self, camera: str) -> None:
        """Take back a removal; raises NotFound or Conflict."""
        self._own.put_back(camera)

    def found(self) -> tuple[FoundCamera, ...]:
        """USB cameras that are plugged in; raises NoAnswer when capture does not run."""
        names = {_device(state.source): state.name or state.camera for state in self.states()}
        return tuple(
            FoundCamera(one.url.partition(":")[2], one.name, one.problem, names.get(_device(one.url), ""))
            for one in self._asker.ask(Question("find"), _FIND_S).devices
        )

    def videos(self) -> frozenset[str]:
        """Paths of all that is played as a camera, also of those deleted last; raises ConfigError."""
        own = self._own.read()
        texts = [settings.url for settings in (*own.cameras.values(), *own.removed.values())]
        urls = map(_url, (*texts, *(state.source for state in self.states())))
        return frozenset(url.place for url in urls if url is not None and url.kind == "file")

    def try_form(self, form: CameraForm, camera: str | None) -> Answer:
        """A picture from what the form means, or the reason why there is none; `camera`: the one being changed.

        Raises InvalidInput, NotFound, NoAnswer.
        """
        url = url_of(form, None if camera is None else self.own(camera))
        return self._asker.ask(Question("try", url), _TRY_S)

    def try_again(self, camera: str) -> Answer:
        """A new picture of a camera, or the reason why there is none; raises NoAnswer."""
        return self._asker.ask(Question("again", camera), _TRY_S)

    def last(self, camera: str) -> Answer:
        """What a camera saw last, however long ago; raises NoAnswer."""
        return self._asker.ask(Question("last", camera), _LAST_S)

    def _refuse_twice(self, settings: CameraSettings, camera: str | None) -> None:
        device = _device(settings.url)
        for state in self.states():
            if device and state.camera != camera and _device(state.source) == device:
                name = state.name or state.camera
                raise Conflict(
                    sentence("'%(name)s' is this camera already; most cameras can be opened only once.", name=name)
                )


def _url(text: str) -> CameraUrl | None:
    try:
        return parse_camera_url(text)
    except ConfigError:
        return None


def _device(text: str) -> str:
    url = _url(text)
    return "" if url is None else url.device


def _shown(text: str) -> str:
    url = _url(text)
    return "" if url is None else url.shown
