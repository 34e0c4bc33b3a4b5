import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from edge_common.camera_urls import parse_camera_url
from modules.capture.rtsp_answer import signature, why_no_video

DIGEST = 'Digest realm="shop", nonce="abc"'
URL = parse_camera_url("rtsp://admin:p%40ss@192.0.2.7/main")


class Answering:
    """A camera that gives these answers, one a question, and keeps what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.asked: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(answers,))
        self._thread.start()

    def _run(self, answers: tuple[str, ...]) -> None:
        line, _ = self._server.accept()
        with line:
            for answer in answers:
                self.asked.append(line.recv(8192).decode())
                line.sendall(answer.replace("\n", "\r\n").encode())

    def close(self) -> None:
        self._thread.join(5)
        self._server.close()


@pytest.fixture
def answering() -> Iterator[Callable[..., Answering]]:
    made: list[Answering] = []

    def started(*answers: str) -> Answering:
        made.append(Answering(*answers))
        return made[-1]

    yield started
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("who", "answers", "reason"),
    [
        pytest.param("", ["RTSP/1.0 401 No\nWWW-Authenticate: Basic realm=x\n\n"], "asks for a user name", id="asks"),
        pytest.param(
            "a:b@", [f"RTSP/1.0 401 No\nWWW-Authenticate: {DIGEST}\n\n"] * 2, "or password is wrong", id="wrong"
        ),
        pytest.param(
            "a:b@", [f"RTSP/1.0 401 No\nWWW-Authenticate: {DIGEST}\n\n", "RTSP/1.0 404 No\n\n"], "no stream", id="path"
        ),
        pytest.param("", ["RTSP/1.0 404 Not Found\n\n"], "no stream of this path", id="no such path"),
        pytest.param("", ["RTSP/1.0 453 Not Enough Bandwidth\n\n"], "as many readers as it can", id="full"),
        pytest.param("", ["HTTP/1.1 400 Bad\n\n"], "it is no network camera", id="web server"),
        pytest.param("", ["RTSP/1.0 200 OK\n\n"], "gives no video", id="well, but no video"),
    ],
)  # fmt: skip
def test_the_reason_is_what_the_camera_says(
    answering: Callable[..., Answering], who: str, answers: list[str], reason: str
) -> None:
    camera = answering(*answers)

    assert reason in why_no_video(parse_camera_url(f"rtsp://{who}127.0.0.1:{camera.port}/main"))
    assert all("a:b@" not in question for question in camera.asked)


def test_where_nothing_listens_nothing_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert f"nothing answers at 127.0.0.1:{port}" in why_no_video(parse_camera_url(f"rtsp://127.0.0.1:{port}/main"))


def test_a_password_is_signed_and_not_sent_where_digest_is_asked() -> None:
    signed = signature(DIGEST, URL, "rtsp://192.0.2.7/main")

    assert 'username="admin"' in signed
    assert "p@ss" not in signed
    assert signature("Basic realm=x", URL, "rtsp://192.0.2.7/main") == "Basic YWRtaW46cEBzcw=="
