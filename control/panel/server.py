"""PanelServer: serves the page."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from flask import Flask

from control.kept_ports import KeptPorts
from control.panel.context import panel_of
from control.panel.http_server import HttpServer
from control.panel.limits import BodyLimit
from control.panel.names import is_any, is_this_machine, reachable_at
from control.panel.polite import Polite
from control.panel.slots import THREADS
from control.panel.wire import Channel, sweep
from control.ports import RETRY_S
from streamer import ConfigError

log = logging.getLogger(__name__)

# A slow viewer may have this much unsent; more would be old pictures in a queue.
UNSENT_BYTES: Final = 64 * 1024


class PanelServer(HttpServer):
    """Serves the app on ``host:port``; port 0 takes any free one.

    Raises: `ConfigError` for a host that others could reach, where the app asks for no token.
    """

    door = "page"
    flag = "--panel"
    thread = "page"
    connections = 128
    stop_s = 5.0

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
        self._panel = panel_of(app)
        if not is_this_machine(host) and self._panel.gate is None:
            raise ConfigError(
                f"--panel {host}:{port} would show the page to other machines, and it has no "
                f"token. Use --panel 127.0.0.1:{port}."
            )
        self._panel.names.add(host)
        super().__init__(
            Polite(app),
            host,
            port,
            limit=BodyLimit(app).of,
            retry_s=retry_s,
            now=now,
            ports=ports,
            threads=threads,
            outbuf_high_watermark=UNSENT_BYTES,
            # Reads on while it answers, and so sees at once that a client has left.
            channel_request_lookahead=1,
        )

    def stop(self) -> None:
        """End all answers and close the port; calling it twice is harmless."""
        self._stop.set()
        self._panel.close()
        super().stop()

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

    def on_reopened(self) -> None:
        """Say where the page is."""
        log.info("The page is at %s", self.url)

    def on_turn(self) -> None:
        """Let the next frame be drawn first."""
        self._panel.stream.courtesy.wait()

    def on_sweep(self, channels: list[Channel], now: float) -> None:
        """Cut off who is slow or silent."""
        sweep(channels, now, is_this_machine)
