"""Where the page's certificate comes from: the operator's own files, or the device's IoT Edge runtime."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from cryptography import x509

from edge_common.errors import EdgeError

LASTS = timedelta(days=30)
"""As long as one of the runtime is asked for; it may give a shorter one."""
_TIMEOUT_S = 20.0
_MOST_BYTES = 200_000


class CertificateError(EdgeError):
    """There is no certificate to be had now."""

    code = "no_certificate"


@dataclass(frozen=True)
class Certificate:
    """What the page shows who it is with."""

    chain: str
    """PEM, its own certificate first."""
    key: str
    """PEM, secret."""
    ends: datetime


class Source(Protocol):
    """One place that certificates come from."""

    def fetch(self) -> Certificate:
        """A certificate to use from now on; raises CertificateError."""
        ...

    def changed(self) -> bool:
        """Whether `fetch` would give another one than last time, although that has not ended."""
        ...


def source_of(environment: Mapping[str, str]) -> Source | None:
    """FIFTEEN_TLS_CERTIFICATE and FIFTEEN_TLS_KEY name files (PEM); else IoT Edge's, where this is one of its modules.

    Raises CertificateError when only one of the two is there.
    """
    certificate, key = (environment.get(name) for name in ("FIFTEEN_TLS_CERTIFICATE", "FIFTEEN_TLS_KEY"))
    if certificate and key:
        return Files(Path(certificate), Path(key))
    if certificate or key:
        raise CertificateError("FIFTEEN_TLS_CERTIFICATE and FIFTEEN_TLS_KEY: both or none of them expected")
    return Workload(environment) if "IOTEDGE_WORKLOADURI" in environment else None


class Files:
    """Two files of the operator's, which may be replaced at any time."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._paths = (certificate, key)
        self._seen: tuple[bytes, ...] = ()

    def fetch(self) -> Certificate:
        self._seen = self._read()
        chain, key = (data.decode(errors="replace") for data in self._seen)
        return Certificate(chain, key, end_of(chain))

    def changed(self) -> bool:
        try:
            return self._read() != self._seen
        except CertificateError:
            # While somebody is replacing it; what is in use stays.
            return False

    def _read(self) -> tuple[bytes, ...]:
        try:
            return tuple(path.read_bytes() for path in self._paths)
        except OSError as error:
            raise CertificateError(f"the page's certificate: {error.filename}: {error.strerror}") from error


class Workload:
    """The workload API of the IoT Edge runtime, on a Unix socket or by HTTP (its `certificate/server`)."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._uri = environment["IOTEDGE_WORKLOADURI"]
        self._version = environment.get("IOTEDGE_APIVERSION", "2019-01-30")
        module, generation = environment.get("IOTEDGE_MODULEID", ""), environment.get("IOTEDGE_MODULEGENERATIONID", "")
        self._path = f"/modules/{quote(module, safe='')}/genid/{quote(generation, safe='')}/certificate/server"
        self._name = environment.get("IOTEDGE_GATEWAYHOSTNAME") or socket.gethostname()

    def fetch(self) -> Certificate:
        ends = (datetime.now(UTC) + LASTS).isoformat(timespec="seconds")
        body = self._asked({"commonName": self._name, "expiration": ends})
        try:
            chain, key = str(body["certificate"]), str(body["privateKey"]["bytes"])
        except (KeyError, TypeError) as error:
            raise CertificateError("the page's certificate: certificate and privateKey.bytes expected") from error
        return Certificate(chain, key, end_of(chain))

    def changed(self) -> bool:
        return False

    def _asked(self, question: Mapping[str, str]) -> dict[str, dict[str, str]]:
        connection = _connection(self._uri)
        try:
            path = f"{self._path}?api-version={quote(self._version)}"
            connection.request("POST", path, json.dumps(question), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read(_MOST_BYTES)
            body = json.loads(data)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise CertificateError(f"the page's certificate: the workload API did not answer ({error})") from error
        finally:
            connection.close()
        if answer.status not in (200, 201) or not isinstance(body, dict):
            raise CertificateError(f"the page's certificate: status 201 expected, got {answer.status} {data[:80]!r}")
        return body


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_TIMEOUT_S)
        self.sock.connect(self._path)


def _connection(uri: str) -> http.client.HTTPConnection:
    parts = urlsplit(uri)
    if parts.scheme == "unix":
        return _UnixConnection(parts.path)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)


def end_of(chain: str) -> datetime:
    """When the first certificate of a PEM chain ends; raises CertificateError when there is none."""
    try:
        return x509.load_pem_x509_certificates(chain.encode())[0].not_valid_after_utc
    except ValueError as error:
        raise CertificateError("the page's certificate: a PEM file with a certificate expected") from error
