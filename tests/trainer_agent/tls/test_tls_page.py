"""The page by HTTPS: a real server behind it, real TLS, certificates of the test device's workload API or of files."""

import datetime
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from modules.trainer_agent.tls.certificates import CertificateError, Source, source_of
from modules.trainer_agent.tls.terminator import known_peers
from modules.trainer_agent.tls.tls_page import TlsPage
from tests.edge.certificates import Authority, make_authority, make_server_certificate
from tests.edge.workload import GENERATION, Workload
from tests.trainer_agent.page_server import PageServer
from tests.waiting import wait_for

HOUR = datetime.timedelta(hours=1)


class Watched:
    """A page by HTTPS, what it reported, and a client of it."""

    def __init__(self, source: Source | None, authority: Authority) -> None:
        self.reports: list[dict[str, Any]] = []
        self.shift = datetime.timedelta()
        self._trust = ssl.create_default_context(cadata=authority.pem())
        self._trust.check_hostname = False
        self.page = TlsPage(
            source,
            "127.0.0.1",
            0,
            lambda patch: self.reports.append(dict(patch["https"])),
            first_pause_s=0.05,
            look_every_s=0.05,
            clock=lambda: datetime.datetime.now(datetime.UTC) + self.shift,
        )
        self._server = PageServer(known_peers(_app(), self.page.peers))
        self.plain_port = self._server.port
        self.page.start(("127.0.0.1", self.plain_port))

    def connect(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        wait_for(lambda: self.page.port is not None)
        plain = socket.create_connection(("127.0.0.1", self.page.port), timeout=5, source_address=(source, 0))
        return self._trust.wrap_socket(plain)

    def ask(self, path: str, body: bytes | None = None, source: str = "127.0.0.1") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1")
        connection.sock = self.connect(source)
        connection.request("GET" if body is None else "POST", path, body)
        with connection.getresponse() as answer:
            data = answer.read()
        connection.close()
        return data

    def serial(self) -> int:
        with self.connect() as opened:
            shown = opened.getpeercert()
        assert shown
        return int(str(shown["serialNumber"]), 16)

    def close(self) -> None:
        self.page.close()
        self._server.close()


def _app() -> Flask:
    app = Flask(__name__)

    @app.get("/who")
    def who() -> dict[str, str | None]:
        return {"address": request.remote_addr, "scheme": request.scheme}

    @app.post("/back")
    def back() -> bytes:
        return request.get_data()

    @app.get("/stream")
    def stream() -> Response:
        return Response((f"{number}\n" for number in iter(lambda: time.sleep(0.05), 1)), mimetype="text/plain")

    return app


@pytest.fixture
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def workload(authority: Authority, tmp_path: Path) -> Iterator[Workload]:
    opened = Workload(tmp_path / "workload.sock", authority, ["trainer_agent"])
    yield opened
    opened.stop()


@pytest.fixture
def watch(authority: Authority) -> Iterator[Callable[[Source | None], Watched]]:
    opened: list[Watched] = []

    def start(source: Source | None) -> Watched:
        opened.append(Watched(source, authority))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


Watch = Callable[[Source | None], Watched]


def edge(workload: Workload) -> Source | None:
    return source_of(
        {
            "IOTEDGE_WORKLOADURI": workload.uri(),
            "IOTEDGE_MODULEID": "trainer_agent",
            "IOTEDGE_MODULEGENERATIONID": GENERATION,
            "IOTEDGE_GATEWAYHOSTNAME": "shop-7",
        }
    )


def written(folder: Path, authority: Authority, *, lasts: datetime.timedelta = HOUR) -> Source | None:
    certificate, key = make_server_certificate(authority, ("shop-7",), ends=lasts)
    (folder / "page.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    names = {"FIFTEEN_TLS_CERTIFICATE": "page.pem", "FIFTEEN_TLS_KEY": "key.pem"}
    return source_of({name: str(folder / file) for name, file in names.items()})


def test_the_page_answers_by_https_with_the_devices_certificate_and_knows_who_asks(
    workload: Workload, watch: Watch
) -> None:
    watched = watch(edge(workload.start()))

    answer = json.loads(watched.ask("/who", source="127.0.0.9"))

    assert answer == {"address": "127.0.0.9", "scheme": "https"}
    assert watched.reports[-1]["port"] == watched.page.port
    assert watched.reports[-1]["error"] == ""


def test_the_certificate_is_renewed_before_it_ends_and_open_connections_stay(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    first = watched.serial()
    opened = http.client.HTTPConnection("127.0.0.1")
    opened.sock = watched.connect()

    watched.shift = datetime.timedelta(days=19)
    time.sleep(0.2)
    assert watched.serial() == first
    watched.shift = datetime.timedelta(days=21)
    wait_for(lambda: watched.serial() != first)

    opened.request("GET", "/who")
    assert opened.getresponse().status == 200
    opened.close()


def test_a_runtime_that_is_away_is_told_and_asked_again(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload))
    wait_for(lambda: bool(watched.reports))
    assert "the workload API did not answer" in watched.reports[-1]["error"]
    assert watched.page.port is None

    workload.start()

    assert json.loads(watched.ask("/who"))["scheme"] == "https"
    assert watched.reports[-1]["error"] == ""


def test_a_renewal_that_fails_leaves_the_certificate_that_still_holds(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    first = watched.serial()
    workload.fails = True

    watched.shift = datetime.timedelta(days=25)

    wait_for(lambda: "status 201 expected, got 500" in watched.reports[-1]["error"])
    assert watched.serial() == first


def test_files_of_the_operator_win_and_may_be_replaced(authority: Authority, watch: Watch, tmp_path: Path) -> None:
    watched = watch(written(tmp_path, authority))
    first = watched.serial()

    written(tmp_path, authority)

    wait_for(lambda: watched.serial() != first)


def test_a_key_of_another_certificate_is_told(authority: Authority, watch: Watch, tmp_path: Path) -> None:
    source = written(tmp_path, authority)
    _, other = make_server_certificate(authority, ("shop-7",), ends=HOUR)
    (tmp_path / "key.pem").write_text(other)

    watched = watch(source)

    wait_for(lambda: bool(watched.reports))
    assert "its key do not fit" in watched.reports[-1]["error"]


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), ("no certificate", "a PEM file with a certificate expected")]
)
def test_files_that_cannot_be_used_are_named(
    authority: Authority, tmp_path: Path, content: str | None, reason: str
) -> None:
    source = written(tmp_path, authority)
    path = tmp_path / "page.pem"
    path.unlink() if content is None else path.write_text(content)
    assert source is not None

    with pytest.raises(CertificateError, match=reason):
        source.fetch()


def test_one_file_without_the_other_is_refused() -> None:
    with pytest.raises(CertificateError, match="both or none"):
        source_of({"FIFTEEN_TLS_KEY": "key.pem"})


def test_where_there_is_nothing_to_be_had_nothing_listens(watch: Watch) -> None:
    watched = watch(source_of({}))

    assert watched.page.port is None
    assert watched.reports == []


def test_who_says_nothing_keeps_nobody_waiting(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    watched.serial()
    silent = [socket.create_connection(("127.0.0.1", watched.page.port)) for _ in range(20)]

    began_s = time.monotonic()
    watched.ask("/who")

    assert time.monotonic() - began_s < 2
    for one in silent:
        one.close()


def test_much_goes_through_unchanged_both_ways(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    data = bytes(range(256)) * 20_000

    assert watched.ask("/back", data) == data


def test_a_reader_who_leaves_ends_the_stream_behind(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    opened = watched.connect()
    opened.sendall(b"GET /stream HTTP/1.1\r\nHost: shop-7\r\n\r\n")
    assert opened.recv(100).startswith(b"HTTP/1.1 200")
    assert len(watched.page.peers()) == 1

    opened.close()

    wait_for(lambda: not watched.page.peers())


def test_plain_requests_stay_what_they_are_whatever_they_claim(workload: Workload, watch: Watch) -> None:
    watched = watch(edge(workload.start()))
    watched.serial()
    plain = http.client.HTTPConnection("127.0.0.1", watched.plain_port)

    plain.request("GET", "/who", headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https"})

    assert json.loads(plain.getresponse().read()) == {"address": "127.0.0.1", "scheme": "http"}
    plain.close()
