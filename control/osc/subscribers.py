"""Who gets the state back, and the thread that sends it."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from pythonosc.osc_message_builder import OscMessageBuilder

from control.live import Live
from control.osc.feedback import PERIOD_S, Changes, Outgoing, outgoing
from control.osc.limits import Sender
from streamer.keep_going import KeepGoing

log = logging.getLogger(__name__)

# Beyond this the oldest is dropped: nobody has so many controllers, and every one costs packets.
MAX_SUBSCRIBERS: Final = 16

# Each receiver that is gone can hold up a message once before it is forgotten.
ATTEMPTS: Final = MAX_SUBSCRIBERS


class Subscribers:
    """The receivers of feedback; its thread lives only while there are any.

    ``always`` are receivers that get the state whether they asked or not, and are never forgotten.
    """

    def __init__(
        self,
        stream: Live,
        clock: Callable[[], float] = time.monotonic,
        *,
        always: Sequence[Sender] = (),
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()
        self._always = tuple(always)
        self._fresh: dict[Sender, bool] = {}  # receiver -> has had nothing yet
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._closed = False

    def use(self, sock: socket.socket | None) -> None:
        """Send from this socket, the one that listens: firewalls let its answers through."""
        self._socket = sock
        with self._lock:
            if sock is None or not (self._always or self._fresh):
                return
            # Also those who were there before the port was: they have had nothing yet.
            self._fresh = dict.fromkeys([*self._fresh, *self._always], True)
            self._begin()
        self._wake.set()

    def change(self, sender: Sender, port: int | None, on: bool) -> str:
        """Add or remove a sender's receivers: its own port, and the one that it named.

        Returns: where the state goes, in words.
        """
        targets = [sender] if port is None else [sender, (sender[0], port)]
        with self._lock:
            for target in targets:
                if target in self._always and not on:
                    continue
                self._fresh.pop(target, None)
                if on:
                    self._fresh[target] = True
            asked = [target for target in self._fresh if target not in self._always]
            for oldest in asked[:-MAX_SUBSCRIBERS]:
                del self._fresh[oldest]
            if on:
                self._begin()
        self._wake.set()
        return ", ".join(f"{host}:{port}" for host, port in dict.fromkeys(targets))

    def _begin(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="osc-feedback", daemon=True)
            self._thread.start()

    def unreachable(self, target: Sender) -> None:
        """Forget a receiver: its machine says that nobody listens there."""
        with self._lock:
            # A fixed one is only not there yet; it gets everything with the next heartbeat.
            if target not in self._always and self._fresh.pop(target, None) is not None:
                log.info("OSC feedback to %s:%d ended: nobody listens there", *target)

    def names(self) -> list[str]:
        """Return all receivers."""
        with self._lock:
            return [f"{host}:{port}" for host, port in self._fresh]

    def asked(self) -> list[Sender]:
        """Return the receivers that have asked, for a door that opens in the place of this one."""
        with self._lock:
            return [target for target in self._fresh if target not in self._always]

    def stop(self, timeout_s: float = 2.0) -> None:
        """End the thread."""
        with self._lock:
            self._closed = True
            self._fresh.clear()
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        changes = Changes()
        going = KeepGoing("The OSC feedback")
        while True:
            self._wake.wait(PERIOD_S)
            self._wake.clear()
            with self._lock:
                if not self._fresh:
                    self._thread = None
                    return
                fresh = [target for target, new in self._fresh.items() if new]
                others = [target for target, new in self._fresh.items() if not new]
                self._fresh = dict.fromkeys(self._fresh, False)
            with going:
                everything = outgoing(self._stream.state(), self._stream.presets.presets)
                self._send(everything, fresh)
                self._send(changes.pick(everything, self._clock()), others)

    def _send(self, messages: list[Outgoing], targets: list[Sender]) -> None:
        sock = self._socket
        if sock is None or not targets:
            return
        for address, args in messages:
            datagram = encode(address, args)
            for target in targets:
                self._send_one(sock, datagram, target)

    def _send_one(self, sock: socket.socket, datagram: bytes, target: Sender) -> None:
        """Send one message; it is repeated if news of an earlier one came in its place."""
        for _ in range(ATTEMPTS):
            try:
                sock.sendto(datagram, target)
                return
            except ConnectionError:
                # An earlier packet was refused, whosever it was; the receiving thread learns
                # which. This one did not leave.
                continue
            except OSError as exc:
                # No buffer space: the next turn sends it.
                log.debug("OSC feedback to %s:%d: %s", *target, exc)
                return


def encode(address: str, args: tuple[float | int | str, ...]) -> bytes:
    """Write one message, with plain types that every controller reads."""
    builder = OscMessageBuilder(address)
    for arg in args:
        builder.add_arg(arg)
    return bytes(builder.build().dgram)
