"""Runs the whole product on one machine: the three modules as processes, started again when they die.

Environment: CAMERA (a camera URL), PORT (of the page), DATA_DIR (where everything is kept), ZOO_DIR (backbones).
"""

import fcntl
import http.client
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge_common.errors import ConfigError, Conflict, EdgeError
from edge_common.hub import LocalHub
from edge_common.network import EVERYWHERE, PIN_FILE, listen, network_addresses
from edge_common.own_cameras import PLACE, OwnCameras
from edge_common.service import EXIT_CLEAN, EXIT_FAULT, end_with_parent, start_logging, stop_on_signals
from edge_common.settings import CameraSettings

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent
CAMERA = "camera-1"
DEFAULT_CAMERA = "sim:shelf"
DEFAULT_PORT = 8080
PORTS_TRIED = 20
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0
STOP_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.2


class Child:
    """One module's process; it is started again after pauses that grow while it keeps dying early."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._command = [sys.executable, "-m", f"modules.{name}", *arguments]
        self._pause_s = FIRST_PAUSE_S
        self._due_s: float | None = None
        self._start()

    def look(self, now_s: float) -> None:
        """Start it again if it has died and its pause is over."""
        if self._due_s is None:
            code = self._process.poll()
            if code is None:
                return
            if now_s - self._started_s >= STEADY_AFTER_S:
                self._pause_s = FIRST_PAUSE_S
            log.error("%s ended (%s); it starts again in %.1f s", self.name, _how(code), self._pause_s)
            self._due_s = now_s + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        elif now_s >= self._due_s:
            self._start()

    def ask_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, deadline_s: float) -> None:
        """Wait until it has ended; by force, with all it has started, once the time is up."""
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("%s does not stop when asked to; it is ended by force", self.name)
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            # To IoT Edge, where there is one (`make run-edge`), each is a module of its own.
            env=os.environ | {"IOTEDGE_MODULEID": self.name},
            stdin=subprocess.DEVNULL,
            # A session of its own: Ctrl-C in the terminal comes to this program alone, which then stops all in order.
            start_new_session=True,
            # Asked for before the module itself could, so that none is left behind even in its first second.
            preexec_fn=end_with_parent,
        )
        self._started_s = time.monotonic()
        self._due_s = None
        log.info("%s started (process %d)", self.name, self._process.pid)


def main() -> int:
    data = Path(os.environ.get("DATA_DIR", "data")).absolute()
    start_logging("standalone", data)
    stop = stop_on_signals()
    zoo = Path(os.environ.get("ZOO_DIR", "zoo")).absolute()
    try:
        with only_one(data), socket_folder() as sockets:
            choose_camera(data, os.environ.get("CAMERA", ""))
            port = free_port(port_number(os.environ.get("PORT", str(DEFAULT_PORT))))
            children = [Child(name, arguments) for name, arguments in modules(data, zoo, sockets, port).items()]
            answering = False
            try:
                while not stop.wait(_LOOK_EVERY_S):
                    for child in children:
                        child.look(time.monotonic())
                    if not answering and (answering := page_answers(port)):
                        log.info("ready: open http://localhost:%d in a browser", port)
                        tell_the_network(data, port)
            finally:
                end_all(children)
    except (EdgeError, OSError) as error:
        log.error("cannot run: %s", error)
        return EXIT_FAULT
    return EXIT_CLEAN


def modules(data: Path, zoo: Path, sockets: Path, port: int) -> dict[str, list[str]]:
    """The arguments of each module."""
    at_data = ["--data", str(data)]
    at_frames = ["--frames", f"ipc://{sockets}/frames"]
    at_results = ["--results", f"ipc://{sockets}/results"]
    at_questions = ["--questions", f"ipc://{sockets}/questions"]
    page = ["--zoo", str(zoo), "--port", str(port)]
    return {
        "capture": at_data + at_frames + at_questions,
        "inference": at_data + at_frames + at_results,
        "trainer_agent": at_data + at_frames + at_results + at_questions + page,
    }


def choose_camera(data: Path, wished: str) -> None:
    """Write the camera that was asked for into capture's twin.

    Without a wish, the default becomes a camera of the page, which may change or delete it, if there was never any.
    """
    hub, own = LocalHub(data / "twins" / "capture"), OwnCameras(data / PLACE)
    if wished:
        hub.desire({"cameras": {CAMERA: {"url": camera_url(wished)}}})
        return
    desired = hub.next_desired(0)
    cameras = desired.values.get("cameras") if desired else None
    if not (isinstance(cameras, Mapping) and cameras) and not own.exists():
        own.add(CAMERA, CameraSettings(url=DEFAULT_CAMERA))


def camera_url(text: str) -> str:
    """A camera URL with its path made absolute; raises ConfigError listing the forms there are."""
    kind, _, place = text.partition(":")
    path, mark, options = place.partition("?")
    match kind:
        case "file" | "folder" if path:
            found = Path(path).expanduser().absolute()
            if not (found.is_file() if kind == "file" else found.is_dir()):
                raise ConfigError([f"CAMERA: there is no {kind} {found}"])
            return f"{kind}:{found}{mark}{options}"
        case "sim" if path == "shelf":
            return text
        case "v4l2" if path.isdecimal():
            return text
        case "rtsp" if place.startswith("//") and len(place) > 2:
            return text
    # A URL may hold a password, so no more of it is shown than its kind.
    forms = CameraSettings.model_fields["url"].description
    raise ConfigError([f"CAMERA: {forms} expected, got something else that begins with {kind[:20]!r}"])


def port_number(text: str) -> int:
    """Raises ConfigError."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ConfigError([f"PORT: a whole number from 1 to 65535 expected, got {text!r}"])
    return int(text)


def free_port(wished: int) -> int:
    """The port wished for, or the next one that is free; raises Conflict if twenty in a row are taken."""
    for port in range(wished, min(wished + PORTS_TRIED, 65536)):
        if is_free(port):
            if port != wished:
                log.warning("port %d is taken by another program; the page is at port %d instead", wished, port)
            return port
    raise Conflict(f"port {wished} and those after it are taken; set PORT to a free one")


def is_free(port: int) -> bool:
    """No one listens there at any address of this machine."""
    try:
        listen(EVERYWHERE, port).close()
    except OSError:
        return False
    return True


def page_answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tell_the_network(data: Path, port: int) -> None:
    """Say where others find the page, if it answers them."""
    if (data / PIN_FILE).exists():
        for address in network_addresses():
            log.info("in the network: http://%s:%d", address, port)
    else:
        log.info("it answers on this machine only; set a PIN on the page to open it in the network")


def end_all(children: Sequence[Child]) -> None:
    log.info("stopping")
    for child in children:
        child.ask_to_stop()
    deadline_s = time.monotonic() + STOP_WITHIN_S
    for child in children:
        child.end(deadline_s)


@contextmanager
def only_one(data: Path) -> Iterator[None]:
    """Keep the data folder to this program; raises Conflict if another one runs on it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "standalone.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"it is running already on {data}; stop that one, or set DATA_DIR to another") from error
        yield


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A private folder for the sockets between modules; in /tmp, as their paths may be 107 bytes long at most."""
    folder = Path(tempfile.mkdtemp(prefix="fifteen-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _how(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


if __name__ == "__main__":
    sys.exit(main())
