"""OscDoor: what controllers send becomes wishes, and the state goes back to them."""

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from control.kept_ports import KeptPorts
from control.live import Live
from control.osc.actions import Actions
from control.osc.limits import Sender
from control.osc.messages import messages_in
from control.osc.monitor import Monitor
from control.osc.portrait_changes import PortraitChanges
from control.osc.subscribers import Subscribers
from control.osc.udp import UdpDoor
from control.osc.verdicts import Verdict
from control.ports import RETRY_S


class OscDoor(UdpDoor):
    """Listens for OSC on ``host:port``; port 0 takes any free one.

    ``allow`` names who may send beside this machine; ``feedback`` are receivers that get the state
    without having asked. Raises: `ConfigError`.
    """

    def __init__(
        self,
        stream: Live,
        host: str = "127.0.0.1",
        port: int = 7001,
        *,
        allow: Sequence[str] = (),
        feedback: Sequence[Sender] = (),
        monitor: Monitor | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        retry_s: float = RETRY_S,
        ports: KeptPorts | None = None,
    ) -> None:
        super().__init__(
            "OSC",
            "--osc",
            host,
            port,
            allow=allow,
            monitor=monitor,
            clock=clock,
            wall_clock=wall_clock,
            retry_s=retry_s,
            ports=ports,
            courtesy=stream.courtesy.wait,
        )
        self._subscribers = Subscribers(stream, clock, always=feedback)
        self._portraits = PortraitChanges(stream, self._portrait_changed)
        self._actions = Actions(
            stream, change_photo=self._portraits.request, subscribe=self._subscribers.change
        )

    def stop(self) -> None:
        """Close the port and end all threads; calling it twice is harmless."""
        super().stop()
        self._subscribers.stop()
        self._portraits.stop()

    def subscribers(self) -> list[Sender]:
        """Return who has asked for the state, and has not had it for good."""
        return self._subscribers.asked()

    def subscribe(self, receiver: Sender) -> None:
        """Send the state to somebody who has asked another door, which this one replaces."""
        self._subscribers.change(receiver, None, True)

    def state(self) -> dict[str, Any]:
        """Return whether the door is open, why not, and how much came in. JSON-able."""
        return {**super().state(), "subscribers": self._subscribers.names()}

    def _opened(self, sock: socket.socket) -> None:
        self._subscribers.use(sock)

    def _closed(self) -> None:
        self._subscribers.use(None)

    def _unreachable(self, receiver: Sender) -> None:
        self._subscribers.unreachable(receiver)

    def _handle(self, datagram: bytes, sender: Sender) -> None:
        packet = messages_in(datagram)
        self._limiter.charge(sender, len(packet.messages) - 1)
        for message in packet.messages:
            result = self._actions.handle(message, sender, self._clock())
            self._note(sender, message.address, message.args, result)
        for problem in packet.problems:
            self._note_malformed(sender, datagram, problem)

    def _portrait_changed(self, sender: Sender, name: str, result: Verdict) -> None:
        self._note(sender, "/portrait/photo", (name,), result, counted=False)
