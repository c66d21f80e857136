"""All doors that speak OSC, built from the settings and opened and closed together."""

from typing import Any

from control.kept_ports import KeptPorts
from control.live import Live
from control.osc.door import OscDoor
from control.osc.limits import Sender
from control.osc.monitor import Monitor
from control.osc.vmc import VmcDoor
from control.oscquery import QueryServer
from streamer import Config, parse_address


class OscDoors:
    """OSC, the trackers' VMC and OSCQuery; each may be off. Raises: `ConfigError`.

    They write into one monitor, and `state` is the OSC door's with the others in it.
    ``ports`` keeps them open while a renderer is started again.
    """

    def __init__(self, stream: Live, config: Config, ports: KeptPorts | None = None) -> None:
        self._monitor = Monitor()
        self.osc: OscDoor | None = None
        self.vmc: VmcDoor | None = None
        self.query: QueryServer | None = None
        if config.osc != "off":
            host, port = parse_address(config.osc, "osc")
            self.osc = OscDoor(
                stream,
                host,
                port,
                allow=config.osc_allow,
                feedback=[_receiver(text) for text in config.osc_feedback],
                monitor=self._monitor,
                ports=ports,
            )
        if config.vmc != "off":
            host, port = parse_address(config.vmc, "vmc")
            self.vmc = VmcDoor(
                stream, host, port, allow=config.osc_allow, monitor=self._monitor, ports=ports
            )
        if self.osc is not None and config.oscquery != "off":
            door = self.osc
            address = config.osc if config.oscquery == "auto" else config.oscquery
            host, port = parse_address(address, "oscquery")
            self.query = QueryServer(
                stream,
                host,
                port,
                osc_port=lambda: door.port,
                may_ask=door.may_send,
                ports=ports,
            )

    def start(self) -> None:
        """Open those that are wanted; a port that is taken is tried again until it is free."""
        for door in (self.osc, self.vmc, self.query):
            if door is not None:
                door.start()

    def stop(self) -> None:
        """Close all of them; calling it twice is harmless."""
        for door in (self.query, self.vmc, self.osc):
            if door is not None:
                door.stop()

    def state(self) -> dict[str, Any]:
        """Return whether they listen, where, and how much came in. JSON-able."""
        closed: dict[str, Any] = {"listening": False, "address": "", "message": "", "counters": {}}
        return {
            **(closed if self.osc is None else self.osc.state()),
            "vmc": None if self.vmc is None else self.vmc.state(),
            "query": None if self.query is None else self.query.state(),
        }

    def monitor(self) -> list[dict[str, Any]]:
        """Return the last messages with sender and verdict, newest first."""
        return self._monitor.lines()


def _receiver(text: str) -> Sender:
    return parse_address(text, "osc-feedback")
