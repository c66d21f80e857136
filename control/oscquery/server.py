"""QueryServer: serves OSCQuery in one named thread, and announces it where others may use it."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from waitress import create_server

from control.kept_ports import KeptPorts
from control.live import Live
from control.oscquery.announce import Announcement, announce
from control.oscquery.app import create_query_app
from control.panel.names import Names, is_this_machine
from control.panel.wire import Channel, sweep
from control.passing import PortName
from control.ports import RETRY_S, listener, taken_message

log = logging.getLogger(__name__)

# Browsers of OSCQuery ask now and then, one at a time.
THREADS: Final = 1
CONNECTIONS: Final = 16
# From one other machine, so that one alone cannot hold all; none from who may not ask.
PER_ADDRESS: Final = 4
STOP_S: Final = 3.0
SWEEP_S: Final = 1.0
MAX_BODY_BYTES: Final = 1024


class QueryServer:
    """Serves on ``host:port``; port 0 takes any free one.

    ``osc_port`` says where OSC listens, ``may_ask`` who may ask from other machines;
    ``ports`` keeps the port open while a renderer is started again.
    """

    def __init__(
        self,
        stream: Live,
        host: str,
        port: int,
        *,
        osc_port: Callable[[], int],
        may_ask: Callable[[str], bool] = is_this_machine,
        retry_s: float = RETRY_S,
        announcer: Callable[[str, int, int], Announcement | None] = announce,
        now: Callable[[], float] = time.monotonic,
        ports: KeptPorts | None = None,
    ) -> None:
        names = Names()
        names.add(host)
        self._app = create_query_app(stream, osc_port=osc_port, names=names, may_ask=may_ask)
        self._host, self._port, self._osc_port = host, port, osc_port
        self._name = PortName("OSCQuery", "tcp", host, port)
        self._ports = KeptPorts() if ports is None else ports
        self._retry_s, self._announcer, self._now = retry_s, announcer, now
        self._may_ask = may_ask
        self._announcement: Announcement | None = None
        self._message = ""
        self._server: Any = None
        self._closing = threading.Lock()  # the trigger is a pipe, which must not be closed midway
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the port and serve. A port that is taken is tried again until it is free."""
        sock = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(sock,), name="oscquery", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port; calling it twice is harmless."""
        self._stop.set()
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

    def state(self) -> dict[str, Any]:
        """Return whether it is served, where, why not, and under which name it is announced."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        announced = self._announcement
        return {
            "listening": self._listening.is_set(),
            "url": f"http://{host}:{self._port}",
            "message": self._message,
            "announced": announced.name if announced else None,
        }

    def _run(self, sock: socket.socket | None) -> None:
        while not self._stop.is_set():
            if sock is None:
                self._stop.wait(self._retry_s)
                if not self._stop.is_set():
                    sock = self._open()
                continue
            if not is_this_machine(self._host):
                self._announcement = self._announcer(self._host, self._port, self._osc_port())
            self._serve()
        if self._announcement is not None:
            self._announcement.close()
        if sock is not None:
            sock.close()

    def _per_address(self, address: str) -> int:
        return PER_ADDRESS if self._may_ask(address) else 0

    def _open(self) -> socket.socket | None:
        try:
            sock = self._ports.open(
                self._name, lambda: listener(self._host, self._port, CONNECTIONS)
            )
        except OSError as exc:
            message = taken_message("OSCQuery", "--oscquery", self._host, self._port, exc)
            if message != self._message:
                log.warning("%s", message)
            self._message = message
            return None
        self._port = sock.getsockname()[1]
        self._message = ""
        self._server = create_server(
            self._app,
            sockets=[sock],
            threads=THREADS,
            max_request_body_size=MAX_BODY_BYTES,
            connection_limit=CONNECTIONS,
            log_socket_errors=False,
            ident=None,
        )
        # The page's own: who sends slowly, much or nothing is cut off, and nobody else waits.
        self._server.channel_class = Channel
        self._server.limit = lambda _request, _address: MAX_BODY_BYTES
        self._listening.set()
        return sock

    def _serve(self) -> None:
        server, next_sweep = self._server, self._now()
        try:
            while not self._stop.is_set():
                # One turn of waitress' own loop; `stop` wakes it through the server's trigger.
                server.asyncore.loop(timeout=SWEEP_S, use_poll=True, map=server._map, count=1)
                if (now := self._now()) >= next_sweep:
                    next_sweep = now + SWEEP_S
                    channels = list(server.active_channels.values())
                    sweep(channels, now, is_this_machine, self._per_address)
        finally:
            self._listening.clear()
            for channel in list(server.active_channels.values()):
                channel.close_now()  # wakes an answer that waits for its client to read
            server.task_dispatcher.shutdown(timeout=STOP_S)
            with self._closing:
                self._server = None
                server.close()
                server._map.clear()
