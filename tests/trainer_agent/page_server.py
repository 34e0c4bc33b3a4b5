"""The server that serves staff, on a port of its own, so that a test's process can do without it again."""

import threading
from wsgiref.types import WSGIApplication

from waitress.server import create_server
from waitress.wasyncore import dispatcher

_LONGEST_ANSWER_S = 30.0


class PageServer:
    """Waitress before an app. Closing it keeps what its threads still write out of everybody else's files."""

    def __init__(self, app: WSGIApplication, host: str = "127.0.0.1", threads: int = 4) -> None:
        self._server = create_server(app, host=host, port=0, threads=threads)
        self.port: int = self._server.effective_port
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more; each thread ends when it has given its answer."""
        self._server.task_dispatcher.set_thread_count(0)
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        # A thread that has answered wakes the server through a pipe, by the number of its file. Closed before that, the
        # number is another file's: a byte that went into a socket of ZeroMQ made that one deaf.
        trigger = self._server.trigger
        self._server.task_dispatcher.shutdown(timeout=_LONGEST_ANSWER_S)
        trigger.pull_trigger(self._leave)
        self._thread.join()
        trigger.close()

    def _leave(self) -> None:
        """In the server's own thread, whose loop ends when it has nothing left to look at."""
        trigger = self._server.trigger
        for one in list(self._server._map.values()):
            if one is not trigger:
                dispatcher.close(one)
        trigger.del_channel()
