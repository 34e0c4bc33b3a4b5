"""Keeps the page reachable by HTTPS: gets a certificate, has it used, and gets the next one before it ends."""

import contextlib
import logging
import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edge_common.network import listen
from modules.trainer_agent.tls.certificates import Certificate, CertificateError, Source
from modules.trainer_agent.tls.terminator import Address, Terminator

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0
_LOOK_EVERY_S = 60.0
_RENEWED_AT = 2 / 3
"""Of a certificate's time here: there is then a third of it for a runtime that is away."""


class TlsPage:
    """A thread of its own. The page goes on by plain HTTP while there is no certificate."""

    def __init__(
        self,
        source: Source | None,
        host: str,
        port: int,
        report: Callable[[Mapping[str, Any]], None],
        *,
        first_pause_s: float = FIRST_PAUSE_S,
        look_every_s: float = _LOOK_EVERY_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """source: None where there is nothing to be had, then nothing is done; port 0: any."""
        self._source, self._host, self._port, self._report = source, host, port, report
        self._first_pause_s, self._look_every_s, self._clock = first_pause_s, look_every_s, clock
        self._stop = threading.Event()
        self._terminator: Terminator | None = None
        self._thread = threading.Thread(target=self._run, name="certificate", daemon=True)
        self._page: Address = ("", 0)

    @property
    def port(self) -> int | None:
        """Where it answers, None while it does not."""
        return self._terminator.port if self._terminator else None

    def peers(self) -> Mapping[Address, str]:
        """For `terminator.known_peers`."""
        return self._terminator.peers if self._terminator else {}

    def start(self, page: Address) -> None:
        """page: where the page's server answers on this machine."""
        self._page = page
        if self._source is not None:
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._source is not None:
            self._thread.join()
        if self._terminator is not None:
            self._terminator.close()

    def _run(self) -> None:
        assert self._source is not None
        due = self._clock()
        pause_s = self._first_pause_s
        said = ""
        while not self._stop.is_set():
            wait_s = self._look_every_s
            now = self._clock()
            if now >= due or self._source.changed():
                try:
                    certificate = self._source.fetch()
                    self._open(context_of(certificate))
                except (CertificateError, OSError) as error:
                    if str(error) != said:
                        log.error("the page has no (new) certificate: %s", error)
                        self._tell(None, str(error))
                    said = str(error)
                    wait_s, pause_s = min(pause_s, self._look_every_s), min(2 * pause_s, LONGEST_PAUSE_S)
                else:
                    said, pause_s = "", self._first_pause_s
                    due = now + max((certificate.ends - now) * _RENEWED_AT, timedelta(seconds=self._first_pause_s))
                    log.info(
                        "the page answers by HTTPS at port %s until %s, renewed before", self.port, certificate.ends
                    )
                    self._tell(certificate, "")
            self._stop.wait(wait_s)

    def _open(self, context: ssl.SSLContext) -> None:
        if self._terminator is None:
            self._terminator = Terminator(listen(self._host, self._port), context, self._page)
            self._terminator.start()
        self._terminator.context = context

    def _tell(self, certificate: Certificate | None, problem: str) -> None:
        about: dict[str, Any] = {"port": self.port, "error": problem}
        if certificate is not None:
            about["certificate_ends"] = certificate.ends.isoformat(timespec="seconds")
        self._report({"https": about})


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """For TLS 1.2 and newer with this certificate; raises CertificateError when it and its key do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # The library takes files only; these are in memory, as the key has no business on a disk.
    with _in_memory(certificate.chain) as chain, _in_memory(certificate.key) as key:
        try:
            context.load_cert_chain(chain, key)
        except (ssl.SSLError, ValueError) as error:
            raise CertificateError(
                f"the page's certificate and its key do not fit or cannot be read: {error}"
            ) from error
    return context


@contextlib.contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path that holds the text as long as the block lasts."""
    descriptor = os.memfd_create("certificate")
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
