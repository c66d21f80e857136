"""QueryServer: serves OSCQuery, and announces it where others may use it."""

import time
from collections.abc import Callable
from typing import Any, Final

from control.kept_ports import KeptPorts
from control.live import Live
from control.oscquery.announce import Announcement, announce
from control.oscquery.app import create_query_app
from control.panel.http_server import HttpServer
from control.panel.names import Names, is_this_machine
from control.panel.wire import Channel, sweep
from control.ports import RETRY_S

# From one other machine, so that one alone cannot hold all; none from who may not ask.
PER_ADDRESS: Final = 4
MAX_BODY_BYTES: Final = 1024


class QueryServer(HttpServer):
    """Serves on ``host:port``; port 0 takes any free one.

    ``osc_port`` says where OSC listens, ``may_ask`` who may ask from other machines.
    """

    door = "OSCQuery"
    flag = "--oscquery"
    thread = "oscquery"
    # Browsers of OSCQuery ask now and then, one at a time.
    connections = 16
    stop_s = 3.0

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
        super().__init__(
            create_query_app(stream, osc_port=osc_port, names=names, may_ask=may_ask),
            host,
            port,
            limit=lambda _request, _address: MAX_BODY_BYTES,
            retry_s=retry_s,
            now=now,
            ports=ports,
            threads=1,
            max_request_body_size=MAX_BODY_BYTES,
        )
        self._osc_port, self._announcer, self._may_ask = osc_port, announcer, may_ask
        self._announcement: Announcement | None = None

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

    def on_sweep(self, channels: list[Channel], now: float) -> None:
        """Cut off who is slow, silent or greedy."""
        sweep(channels, now, is_this_machine, self._per_address)

    def _serve(self) -> None:
        if not is_this_machine(self._host):
            self._announcement = self._announcer(self._host, self._port, self._osc_port())
        try:
            super()._serve()
        finally:
            if self._announcement is not None:
                self._announcement.close()

    def _per_address(self, address: str) -> int:
        return PER_ADDRESS if self._may_ask(address) else 0
