"""UdpDoor: one named thread that listens on a UDP port, for any protocol written in OSC.

The loop is plain `recvfrom`: python-osc's servers let neither malformed packets nor packets
beyond the rate limit be seen, and its dispatcher would wait for time tags in this thread.
"""

import logging
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Any, Final

from control.kept_ports import KeptPorts
from control.osc.limits import Limiter, Sender
from control.osc.monitor import Monitor
from control.osc.verdicts import Verdict, verdict
from control.passing import PortName
from control.ports import RETRY_S, Door, family_of, taken_message
from streamer import ConfigError
from streamer.keep_going import KeepGoing

log = logging.getLogger(__name__)

# How soon the thread notices that it is to stop, and how soon a backlog is looked at.
IDLE_S: Final = 0.2
BACKLOG_S: Final = 0.005
# Datagrams read before the backlog gets a turn.
BATCH: Final = 256
LIMITED_LINE_S: Final = 0.5
# Room for a quarter of a second of a heavy burst while another thread holds the interpreter.
RECEIVE_BUFFER_BYTES: Final = 1 << 20

# Linux tells which receiver is gone only when asked; Python has no names for these.
# Source: ip(7), IP_RECVERR; linux/in6.h, IPV6_RECVERR.
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25


class UdpDoor:
    """Opens ``host:port`` and hands on what may come in; port 0 takes any free one.

    ``allow`` names the addresses or networks that may send when the door is open to more than
    this machine; this machine always may. ``courtesy`` is called before each datagram is read;
    ``ports`` keeps the port open, and what was sent to it, while a renderer is started again.
    Raises: `ConfigError`.
    """

    def __init__(
        self,
        door: Door,
        flag: str,
        host: str,
        port: int,
        *,
        allow: Sequence[str] = (),
        limiter: Limiter | None = None,
        monitor: Monitor | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        retry_s: float = RETRY_S,
        courtesy: Callable[[], None] = lambda: None,
        ports: KeptPorts | None = None,
    ) -> None:
        self._door: Door = door
        self._flag = flag
        self._host, self._port = host, port
        self._name = PortName(door, "udp", host, port)
        self._ports = KeptPorts() if ports is None else ports
        self._allowed = [_network(text) for text in allow]
        self._clock, self._wall_clock, self._retry_s = clock, wall_clock, retry_s
        self._monitor = monitor or Monitor()
        self._limiter = limiter or Limiter()
        self._courtesy = courtesy
        self._message = ""
        self._going = KeepGoing(f"The {door} door", self._tell)  # until a datagram is served again
        self._turning = KeepGoing(f"The {door} door's turn")
        self._limited_shown = -LIMITED_LINE_S
        self._listening = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # --- what a protocol fills in; all of it is called by the receiving thread

    def _handle(self, datagram: bytes, sender: Sender) -> None:
        """Serve one datagram from somebody who may send."""
        raise NotImplementedError

    def _opened(self, sock: socket.socket) -> None:
        """Hear that the port is open."""

    def _closed(self) -> None:
        """Hear that the port is closed."""

    def _turn(self) -> None:
        """Have a turn of the loop, a few times a second."""

    def _unreachable(self, receiver: Sender) -> None:
        """Hear that nobody listens where something was sent."""

    # --- life

    def start(self) -> None:
        """Open the port and listen. A port that is taken is tried again until it is free."""
        sock = self._open()
        self._thread = threading.Thread(
            target=self._run, args=(sock,), name=self._door.lower(), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread; calling it twice is harmless."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=3.0)

    def wait_listening(self, timeout_s: float) -> bool:
        """Wait until the port is open."""
        return self._listening.wait(timeout_s)

    # --- what others may see

    @property
    def port(self) -> int:
        """The port that is, or is to be, open."""
        return self._port

    def state(self) -> dict[str, Any]:
        """Return whether the door is open, why not, and how much came in. JSON-able."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return {
            "listening": self._listening.is_set(),
            "address": f"{host}:{self._port}",
            "message": self._message,
            "counters": self._counters(),
        }

    def may_send(self, host: str) -> bool:
        """Whether an address is this machine's or one of those that were allowed."""
        try:
            address = ip_address(plain(host))
        except ValueError:
            return False
        return address.is_loopback or any(address in network for network in self._allowed)

    def monitor(self) -> list[dict[str, Any]]:
        """Return the last messages with sender and verdict, newest first."""
        return self._monitor.lines()

    def _counters(self) -> dict[str, int]:
        """Messages by verdict; ``limited`` ones never were read."""
        counters, dropped = self._monitor.counters(), self._limiter.dropped
        return {**counters, "limited": dropped, "received": counters["received"] + dropped}

    # --- the thread

    def _run(self, sock: socket.socket | None) -> None:
        while not self._stop.is_set():
            if sock is None:
                self._stop.wait(self._retry_s)
                if not self._stop.is_set():
                    sock = self._open()
                continue
            try:
                self._serve(sock)
            except OSError as exc:
                # The network below went away; the door opens again when it is back.
                self._say(f"{self._door} stopped listening: {exc}. It opens again by itself.")
                self._ports.lost(self._name)
            finally:
                self._listening.clear()
                self._closed()
                sock.close()
                sock = None

    def _open(self) -> socket.socket | None:
        try:
            sock = self._ports.open(self._name, self._bound)
        except OSError as exc:
            self._say(taken_message(self._door, self._flag, self._host, self._port, exc))
            return None
        self._port = sock.getsockname()[1]
        self._say("")
        self._opened(sock)
        self._listening.set()
        return sock

    def _bound(self) -> socket.socket:
        sock = socket.socket(family_of(self._host), socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            if sys.platform == "win32":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            if sys.platform == "linux":
                if sock.family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
                else:
                    sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            sock.setblocking(False)
            sock.bind((self._host, self._port))
        except OSError:
            sock.close()
            raise
        return sock

    def _say(self, message: str) -> None:
        if message and message != self._message:
            log.warning("%s", message)
        elif self._message and not message:
            log.info("%s listens on %s:%d", self._door, self._host, self._port)
        self._message = message

    def _tell(self, message: str) -> None:
        """Show what went wrong inside; it is logged already."""
        self._message = message

    def _serve(self, sock: socket.socket) -> None:
        while not self._stop.is_set():
            wait_s = BACKLOG_S if self._limiter.waits else IDLE_S
            if select.select([sock], [], [], wait_s)[0]:
                for _ in range(BATCH):
                    self._courtesy()
                    if not self._receive(sock):
                        break
            for sender, datagram in self._limiter.due(self._clock()):
                self._serve_one(datagram, sender)
            with self._turning:
                self._turn()

    def _receive(self, sock: socket.socket) -> bool:
        """Take one datagram; returns whether there may be more."""
        try:
            datagram, address = sock.recvfrom(65536)
        except BlockingIOError:
            return False
        except ConnectionError:
            # "Nobody listens there" for feedback sent earlier; Windows does not say who.
            self._forget_unreachable(sock)
            return True
        except OSError as exc:
            if self._forget_unreachable(sock):
                log.debug("%s feedback: %s", self._door, exc)
                return True
            raise
        sender = (plain(address[0]), address[1])
        if sender[1] == self._port and self._is_self(sender[0]):
            # Somebody subscribed this very port; the state must not come back as commands.
            self._note(sender, "", (), verdict("echo"))
        elif not self.may_send(sender[0]):
            self._note(sender, "", (), verdict("not_allowed", name=sender[0]))
        elif self._limiter.admit(sender, datagram, self._clock()):
            self._serve_one(datagram, sender)
        else:
            self._say_limited(sender)
        return True

    def _serve_one(self, datagram: bytes, sender: Sender) -> None:
        """Serve a datagram; an error that nobody foresaw costs this one alone."""
        with self._going:
            self._handle(datagram, sender)

    def _say_limited(self, sender: Sender) -> None:
        """Show a flood in the monitor, now and then: a line for each message would be another."""
        now = self._clock()
        if now - self._limited_shown >= LIMITED_LINE_S:
            self._limited_shown = now
            limited = verdict("limited", value=f"{self._limiter.rate:g}")
            self._note(sender, "", (), limited, counted=False)

    def _forget_unreachable(self, sock: socket.socket) -> int:
        """Read from the error queue which receivers are gone; returns how many."""
        gone = 0
        if sys.platform == "linux":
            with suppress(BlockingIOError):
                while True:
                    address = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)[3]
                    self._unreachable((plain(address[0]), address[1]))
                    gone += 1
        return gone

    def _note(
        self,
        sender: Sender,
        address: str,
        args: tuple[Any, ...],
        result: Verdict,
        *,
        counted: bool = True,
    ) -> None:
        name = f"{sender[0]}:{sender[1]}"
        self._monitor.add(name, address, args, result, self._wall_clock(), counted=counted)

    def _note_malformed(self, sender: Sender, datagram: bytes, problem: str) -> None:
        self._note(sender, printable(datagram), (), verdict("malformed", reason=problem))

    def _is_self(self, host: str) -> bool:
        return ip_address(host).is_loopback or host == self._host


def plain(host: str) -> str:
    """An address without IPv6 scope, and IPv4 as such even through an IPv6 socket."""
    return host.partition("%")[0].removeprefix("::ffff:")


def _network(text: str) -> Any:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise ConfigError(
            f"--osc-allow takes addresses such as 192.168.0.23 or 192.168.0.0/24, not '{text}'."
        ) from None


def printable(datagram: bytes) -> str:
    """The beginning of a datagram that is no OSC, for people."""
    return "".join(chr(b) if 32 <= b < 127 else "·" for b in datagram[:40])
