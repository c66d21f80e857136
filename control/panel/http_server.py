"""HttpServer: waitress in one named thread, on a port that is tried again while it is taken."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

from waitress import create_server

from control.kept_ports import KeptPorts
from control.panel.wire import Channel
from control.passing import PortName
from control.ports import RETRY_S, Door, listener, taken_message
from streamer.keep_going import KeepGoing

log = logging.getLogger(__name__)

# After an error that nobody foresaw; one that stays must not take a whole core.
PAUSE_S: Final = 0.1
SWEEP_S: Final = 1.0


class HttpServer:
    """Serves ``app`` on ``host:port``; port 0 takes any free one.

    What differs from server to server is in the class variables and the methods that begin with
    ``on``. ``limit`` says how large a body may be, ``how`` is passed to waitress. ``ports`` keeps
    the port open, and who connects waiting, while a renderer is started again.
    """

    door: ClassVar[Door]
    flag: ClassVar[str]
    thread: ClassVar[str]
    connections: ClassVar[int]
    stop_s: ClassVar[float]

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        limit: Callable[[Any, str], int],
        retry_s: float = RETRY_S,
        now: Callable[[], float] = time.monotonic,
        ports: KeptPorts | None = None,
        **how: Any,
    ) -> None:
        self._app, self._host, self._port = app, host, port
        self._limit, self._how = limit, how
        self._name = PortName(self.door, "tcp", host, port)
        self._ports = KeptPorts() if ports is None else ports
        self._retry_s, self._now = retry_s, now
        self._message = ""
        self._going = KeepGoing(f"The {self.door}", self._tell)
        self._server: Any = None
        self._closing = threading.Lock()  # the trigger is a pipe, which must not be closed midway
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the port and serve; returns when the port is open or known to be taken."""
        sock = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(sock,), name=self.thread, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End all answers and close the port; calling it twice is harmless."""
        self._stop.set()
        with self._closing:
            if self._server is not None:
                self._server.pull_trigger()
        if self._thread is not None:
            self._thread.join(self.stop_s)

    def wait_listening(self, timeout_s: float) -> bool:
        """Wait until the port is open."""
        return self._listening.wait(timeout_s)

    @property
    def port(self) -> int:
        """The port that is, or is to be, open."""
        return self._port

    # --- what a server does in its own way

    def on_reopened(self) -> None:
        """Take note that the port, which was taken, is open."""

    def on_turn(self) -> None:
        """Do what comes before each turn."""

    def on_sweep(self, channels: list[Channel], now: float) -> None:
        """Look at the connections, once a second."""

    # --- the thread

    def _tell(self, message: str) -> None:
        """Show what went wrong inside; it is logged already."""
        self._message = message

    def _run(self, sock: socket.socket | None) -> None:
        while not self._stop.is_set():
            if sock is None:
                self._stop.wait(self._retry_s)
                if not self._stop.is_set():
                    sock = self._open()
                continue
            self._serve()
        if sock is not None:
            sock.close()

    def _open(self) -> socket.socket | None:
        try:
            sock = self._ports.open(
                self._name, lambda: listener(self._host, self._port, self.connections)
            )
        except OSError as exc:
            message = taken_message(self.door, self.flag, self._host, self._port, exc)
            if message != self._message:
                log.warning("%s", message)
            self._message = message
            return None
        self._port = sock.getsockname()[1]
        if self._message:
            self.on_reopened()
        self._message = ""
        self._server = create_server(
            self._app,
            sockets=[sock],
            connection_limit=self.connections,
            log_socket_errors=False,
            ident=None,
            **self._how,
        )
        # Who sends slowly, much or nothing is cut off, and nobody else waits.
        self._server.channel_class = Channel
        self._server.limit = self._limit
        self._listening.set()
        return sock

    def _serve(self) -> None:
        server, next_sweep = self._server, self._now()
        try:
            while not self._stop.is_set():
                with self._going:
                    self.on_turn()
                    # One turn of waitress' own loop; `stop` wakes it through the server's trigger.
                    server.asyncore.loop(timeout=SWEEP_S, use_poll=True, map=server._map, count=1)
                    if (now := self._now()) >= next_sweep:
                        next_sweep = now + SWEEP_S
                        self.on_sweep(list(server.active_channels.values()), now)
                    continue
                self._stop.wait(PAUSE_S)
        finally:
            self._listening.clear()
            for channel in list(server.active_channels.values()):
                channel.close_now()  # wakes an answer that waits for its client to read
            server.task_dispatcher.shutdown(timeout=self.stop_s)
            with self._closing:
                self._server = None
                server.close()
                server._map.clear()
