"""PanelServer: waitress in one named thread; a port that is taken is tried again."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from waitress import create_server

from control.kept_ports import KeptPorts
from control.panel.context import panel_of
from control.panel.limits import BodyLimit
from control.panel.names import is_any, is_this_machine, reachable_at
from control.panel.polite import Polite
from control.panel.slots import THREADS
from control.panel.wire import Channel, sweep
from control.passing import PortName
from control.ports import RETRY_S, listener, taken_message
from streamer import ConfigError
from streamer.keep_going import KeepGoing

log = logging.getLogger(__name__)

# A slow viewer may have this much unsent; more would be old pictures in a queue.
UNSENT_BYTES: Final = 64 * 1024
CONNECTIONS: Final = 128
STOP_S: Final = 5.0
# After an error that nobody foresaw; one that stays must not take a whole core.
PAUSE_S: Final = 0.1
SWEEP_S: Final = 1.0


class PanelServer:
    """Serves the app on ``host:port``; port 0 takes any free one.

    ``ports`` keeps the port open, and who connects waiting, while a renderer is started again.
    Raises: `ConfigError` for a host that others could reach, where the app asks for no token.
    """

    def __init__(
        self,
        app: Flask,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        threads: int = THREADS,
        retry_s: float = RETRY_S,
        now: Callable[[], float] = time.monotonic,
        ports: KeptPorts | None = None,
    ) -> None:
        if not is_this_machine(host) and panel_of(app).gate is None:
            raise ConfigError(
                f"--panel {host}:{port} would show the page to other machines, and it has no "
                f"token. Use --panel 127.0.0.1:{port}."
            )
        self._app, self._host, self._port = app, host, port
        self._name = PortName("page", "tcp", host, port)
        self._ports = KeptPorts() if ports is None else ports
        panel_of(app).names.add(host)
        self._threads, self._retry_s, self._now = threads, retry_s, now
        self._message = ""
        self._going = KeepGoing("The page", self._tell)
        self._server: Any = None
        self._closing = threading.Lock()  # the trigger is a pipe, which must not be closed midway
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the port and serve; returns when the port is open or known to be taken."""
        sock = self._open()
        self._thread = threading.Thread(target=self._run, args=(sock,), name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all answers and close the port; calling it twice is harmless."""
        self._stop.set()
        panel_of(self._app).close()
        with self._closing:
            if self._server is not None:
                self._server.pull_trigger()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def wait_listening(self, timeout_s: float) -> bool:
        """Wait until the port is open."""
        return self._listening.wait(timeout_s)

    @property
    def port(self) -> int:
        """The port that is, or is to be, open."""
        return self._port

    @property
    def url(self) -> str:
        """Where the page is, on this machine."""
        host = self._host
        if is_any(host):
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    @property
    def addresses(self) -> list[str]:
        """Where other machines reach it, the likeliest first; none if they cannot."""
        return [] if is_this_machine(self._host) else reachable_at(self._host)

    def state(self) -> dict[str, Any]:
        """Return whether the page is served, where, and why not. JSON-able."""
        return {"listening": self._listening.is_set(), "url": self.url, "message": self._message}

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
            self._serve(sock)
        if sock is not None:
            sock.close()

    def _open(self) -> socket.socket | None:
        try:
            sock = self._ports.open(
                self._name, lambda: listener(self._host, self._port, CONNECTIONS)
            )
        except OSError as exc:
            message = taken_message("page", "--panel", self._host, self._port, exc)
            if message != self._message:
                log.warning("%s", message)
            self._message = message
            return None
        self._port = sock.getsockname()[1]
        if self._message:
            log.info("The page is at %s", self.url)
        self._message = ""
        self._server = create_server(
            Polite(self._app),
            sockets=[sock],
            threads=self._threads,
            outbuf_high_watermark=UNSENT_BYTES,
            connection_limit=CONNECTIONS,
            # Reads on while it answers, and so sees at once that a client has left.
            channel_request_lookahead=1,
            log_socket_errors=False,
            ident=None,
        )
        self._server.channel_class = Channel
        self._server.limit = BodyLimit(self._app).of
        self._listening.set()
        return sock

    def _serve(self, sock: socket.socket) -> None:
        server, next_sweep = self._server, self._now()
        courtesy = panel_of(self._app).stream.courtesy
        try:
            while not self._stop.is_set():
                with self._going:
                    courtesy.wait()
                    # One turn of waitress' own loop; `stop` wakes it through the server's trigger.
                    server.asyncore.loop(timeout=SWEEP_S, use_poll=True, map=server._map, count=1)
                    if (now := self._now()) >= next_sweep:
                        next_sweep = now + SWEEP_S
                        sweep(list(server.active_channels.values()), now, is_this_machine)
                    continue
                self._stop.wait(PAUSE_S)
        finally:
            self._listening.clear()
            for channel in list(server.active_channels.values()):
                channel.close_now()  # wakes an answer that waits for its client to read
            server.task_dispatcher.shutdown(timeout=STOP_S)
            with self._closing:
                self._server = None
                server.close()
                server._map.clear()
