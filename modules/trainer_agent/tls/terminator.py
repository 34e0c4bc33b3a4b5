"""TLS in front of the page: takes encrypted connections and hands on what they say to the page's server.

It knows whom it speaks for: `Terminator.peers` has the other end of each of its own connections to that server, so
`known_peers` gives the page the real address. Both are one program, so nobody else can claim to be one of them.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from edge_common.network import plain_address

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 100
_HANDSHAKE_S = 10.0
_SHUTDOWN_S = 3.0
_PIECE_BYTES = 65_536

Address = tuple[str, int]
"""Host and port."""

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Terminator:
    """A thread with all of its connections."""

    def __init__(self, door: socket.socket, context: ssl.SSLContext, page: Address) -> None:
        """door: a socket that listens, owned from here on; page: where the page's server answers on this machine."""
        self.peers: dict[Address, str] = {}
        """This end of a connection to the page: address of whoever it is for."""
        self.port: int = door.getsockname()[1]
        self.context = context
        """For new connections; replaced whole, as half of a new certificate fits nothing."""
        self._door, self._page = door, page
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End every connection."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._door.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # Whoever speaks no TLS is of no interest, and there are scanners in every network.
        self._loop.set_exception_handler(lambda loop, about: log.debug("tls: %s", about.get("message")))
        self._loop.run_until_complete(self._until_stopped())
        self._loop.close()

    async def _until_stopped(self) -> None:
        accepting = self._loop.create_task(self._accept())
        await self._stopping.wait()
        tasks = {accepting, *asyncio.all_tasks()} - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Connections that were aborted are closed in the next rounds.
        await asyncio.sleep(0.01)

    async def _accept(self) -> None:
        self._door.setblocking(False)
        serving: set[asyncio.Task[None]] = set()
        while True:
            try:
                accepted, (peer, *_) = await self._loop.sock_accept(self._door)
            except OSError as error:
                # No descriptors left, or a connection that has gone again: others may come.
                log.warning("tls: a connection is not taken: %s", error)
                await asyncio.sleep(1)
                continue
            if len(serving) >= MOST_CONNECTIONS:
                accepted.close()
                continue
            task = self._loop.create_task(self._serve(accepted, str(peer)))
            serving.add(task)
            task.add_done_callback(serving.discard)

    async def _serve(self, accepted: socket.socket, peer: str) -> None:
        reader = asyncio.StreamReader(_PIECE_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        # Within the task of this connection alone, however long its other end takes for the handshake.
        with contextlib.suppress(OSError):
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self.context,
                ssl_handshake_timeout=_HANDSHAKE_S,
                ssl_shutdown_timeout=_SHUTDOWN_S,
            )
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            with _ended(writer):
                await self._hand_on(reader, writer, peer)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        page_reader, page_writer = await asyncio.open_connection(*self._page, limit=_PIECE_BYTES)
        own = _address(*page_writer.get_extra_info("sockname")[:2])
        # Before anything is said: the page asks for it with the first request.
        self.peers[own] = peer
        with _ended(page_writer):
            try:
                await _either(_copy(reader, page_writer), _copy(page_reader, writer))
            finally:
                del self.peers[own]


@contextlib.contextmanager
def _ended(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Closed in the end; at once where the program ends, or the connection is broken anyway."""
    try:
        yield
    except BaseException:
        writer.transport.abort()
        raise
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until there is no more; as fast as the slower end takes it. The page's server ends what nobody uses."""
    while data := await reader.read(_PIECE_BYTES):
        writer.write(data)
        await writer.drain()


async def _either(*copying: Coroutine[Any, Any, None]) -> None:
    """Until one direction has ended: then the other one serves nobody."""
    tasks = [asyncio.ensure_future(one) for one in copying]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def known_peers(application: "WSGIApplication", peers: Callable[[], Mapping[Address, str]]) -> "WSGIApplication":
    """The page, told who it really speaks with where a `Terminator` is between; peers: its `peers`."""

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        peer = peers().get(_address(environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT", 0)))
        if peer is not None:
            environ |= {"REMOTE_ADDR": peer, "REMOTE_HOST": peer, "wsgi.url_scheme": "https"}
        return application(environ, start_response)

    return wrapped


def _address(host: str, port: int | str) -> Address:
    """An IPv4 address is written in two ways, depending on the socket that it is asked of."""
    return str(plain_address(host) or host), int(port)
