"""The workload API of IoT Edge on a Unix socket: trust bundle, signatures, server certificates.

Every module has a key of its own that only this API and the hub know; modules ask for signatures.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import secrets
import socketserver
import threading
import time
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.edge.certificates import Authority, make_server_certificate

GENERATION = "gen1"
API_VERSION = "2019-01-30"


class Workload:
    """Answers until it is closed; its attributes are what tests make it do."""

    def __init__(self, path: Path, authority: Authority, modules: Iterable[str]) -> None:
        self.path = path
        self.authority = authority
        self.keys = {module: secrets.token_bytes(32) for module in modules}
        self.fails = False
        """Every request is answered with status 500."""
        self.slow_s = 0.0
        """Every request waits so long before it is answered."""
        self.signed = 0
        self._server: _Server | None = None

    def start(self) -> "Workload":
        self.path.unlink(missing_ok=True)
        self._server = _Server(str(self.path), self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="workload", daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.path.unlink(missing_ok=True)

    def uri(self) -> str:
        return f"unix://{self.path}"

    def answer(self, method: str, parts: list[str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        time.sleep(self.slow_s)
        if self.fails:
            return 500, {"message": "the test wants this to fail"}
        match method, parts:
            case "GET", ["trust-bundle"]:
                return 200, {"certificate": self.authority.pem()}
            case "POST", ["modules", module, "genid", generation, "sign"]:
                if module not in self.keys or generation != GENERATION:
                    return 404, {"message": f"no module {module} of generation {generation}"}
                if (body.get("keyId"), body.get("algo")) != ("primary", "HMACSHA256"):
                    return 400, {"message": "keyId primary and algo HMACSHA256 expected"}
                self.signed += 1
                return 200, {"digest": signature_of(self.keys[module], base64.b64decode(body["data"]))}
            case "POST", ["modules", module, "genid", _, "certificate", "server"] if module in self.keys:
                ends = datetime.datetime.fromisoformat(body["expiration"]) - datetime.datetime.now(datetime.UTC)
                certificate, key = make_server_certificate(self.authority, (body["commonName"],), ends=ends)
                return 201, {
                    "privateKey": {"type": "key", "bytes": key},
                    "certificate": certificate,
                    "expiration": body["expiration"],
                }
        return 404, {"message": "no such place"}


def signature_of(key: bytes, data: bytes) -> str:
    return base64.b64encode(hmac.digest(key, data, hashlib.sha256)).decode()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, path: str, workload: Workload) -> None:
        self.workload = workload
        super().__init__(path, _Request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is of no interest."""


class _Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0)))))

    def address_string(self) -> str:
        return "a module"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: tests look at what came of it."""

    def _answer(self, body: dict[str, Any]) -> None:
        place, _, query = self.path.partition("?")
        if "api-version" not in urllib.parse.parse_qs(query):
            status, answer = 400, {"message": "an api-version expected"}
        else:
            parts = [urllib.parse.unquote(part) for part in place.strip("/").split("/")]
            status, answer = self.server.workload.answer(self.command, parts, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
