import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edge_common.errors import ConfigError, EdgeError
from edge_common.settings import ActionSettings
from edge_common.skills.document import Skill
from edge_common.skills.steps import PostAction
from modules.inference.skills.actions.post import Post
from modules.inference.skills.changes import Job, host_of
from modules.inference.skills.doer import NotNow, Refused
from tests.inference.skills.bench import few_left
from tests.inference.skills.test_doer import job


class Server:
    """A real HTTP server that answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answer = 204
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.heard.append((self.path, dict(self.headers), body))
                self.send_response(server.answer)
                self.send_header("Location", "http://elsewhere.example/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def few_left_posting(url: str) -> Skill:
    return few_left(actions=[{"do": "post", "when": "low", "url": url}])


def posted(url: str, *hosts: str, secret: str = "", timeout_s: float = 2.0) -> None:
    settings = ActionSettings(hosts=hosts, secret=secret)
    asked = Job.model_validate_json(job(7)).model_copy(update={"actions": (PostAction(when="low", url=url),)})
    Post(lambda: settings, timeout_s)(asked)


def test_the_event_comes_as_json_with_a_key_and_a_signature(server: Server) -> None:
    posted(f"http://{server.host}/alerts?shop=3", server.host, secret="hush")

    ((path, headers, body),) = server.heard
    assert path == "/alerts?shop=3"
    assert json.loads(body)["skill"] == "few"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "7/raised"
    assert headers["X-Signature-256"] == "sha256=" + hmac.new(b"hush", body, hashlib.sha256).hexdigest()


def test_without_a_secret_nothing_is_signed(server: Server) -> None:
    posted(f"http://{server.host}", server.host)

    assert "X-Signature-256" not in server.heard[0][1]
    assert server.heard[0][0] == "/"


def test_letters_of_other_languages_go_out_in_percent_signs(server: Server) -> None:
    posted(f"http://{server.host}/Geschäft?n=a%20b&ö=\x01", server.host)

    assert server.heard[0][0] == "/Gesch%C3%A4ft?n=a%20b&%C3%B6=%01"


def test_a_port_that_there_is_not_is_refused_with_the_skill() -> None:
    with pytest.raises(ConfigError, match=r"actions\.0\.url: .*[Pp]ort out of range"):
        few_left_posting("http://example.org:99999/")


def test_a_host_that_is_not_allowed_hears_nothing(server: Server) -> None:
    for hosts in ((), ("127.0.0.1",), ("127.0.0.1:1",), ("example.org",)):
        with pytest.raises(Refused, match=r"a host of the setting actions\.hosts expected, got '127\.0\.0\.1:"):
            posted(f"http://{server.host}/", *hosts)

    assert server.heard == []


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (302, Refused, "redirects are not followed"),
        (307, Refused, "redirects are not followed"),
        (400, Refused, "answers 400"),
        (404, Refused, "answers 404"),
        (429, NotNow, "answers 429"),
        (500, NotNow, "answers 500"),
        (503, NotNow, "answers 503"),
    ],
)
def test_what_is_not_taken_is_tried_again_or_given_up(
    server: Server, answer: int, kind: type[EdgeError], reason: str
) -> None:
    server.answer = answer

    with pytest.raises(kind, match=reason):
        posted(f"http://{server.host}/", server.host)

    assert len(server.heard) == 1


def test_a_server_that_is_not_there_may_come_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"

        with pytest.raises(NotNow, match="refused"):
            posted(f"http://{host}/", host)


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "a byte now and then"])
def test_a_server_that_hangs_is_given_only_so_long(drips: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 100:
                    if over.wait(0.05):
                        return
                    if drips:
                        try:
                            connection.sendall(bytes([byte]))
                        except OSError:
                            return

        thread = threading.Thread(target=answer)
        thread.start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        began_s = time.monotonic()

        with pytest.raises(NotNow):
            posted(f"http://{host}/", host, timeout_s=0.4)

        assert time.monotonic() - began_s < 1.5
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org/x", "example.org"),
        ("https://example.org:443/x", "example.org"),
        ("http://example.org:443/x", "example.org:443"),
        ("http://example.org:80", "example.org"),
        ("http://10.0.0.1:8080/", "10.0.0.1:8080"),
    ],
)
def test_a_host_is_named_with_its_port_where_that_is_not_the_usual_one(url: str, host: str) -> None:
    assert host_of(url) == host
