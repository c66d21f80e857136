"""KeptPorts: the renderer's doors take their sockets from here, and the next renderer's find them.

The process that watches the renderer holds each of them, too (`control.doorkeeper`), so that a port
stays open while there is no renderer: who connects then waits, and what is sent is kept.
"""

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, MutableMapping
from typing import Final

from control.passing import Line, PortName

log = logging.getLogger(__name__)

# Names the line in the environment of the renderer.
VARIABLE: Final = "LIVING_PORTRAIT_PORTS"


class KeptPorts:
    """Sockets that outlive this process; without a ``line`` none does, and nothing else changes.

    Where keeping fails it is logged once: the doors work as they would without.
    """

    def __init__(self, line: Line | None = None) -> None:
        self._line = line
        self._lock = threading.Lock()  # doors open in threads of their own
        self._waiting: dict[PortName, socket.socket] = {}
        self._held: set[PortName] = set()
        for message in line.receive() if line is not None else ():
            if isinstance(message, tuple):
                self._waiting[message[0]] = message[1]

    @classmethod
    def inherited(cls, environment: MutableMapping[str, str] = os.environ) -> "KeptPorts":
        """Open what the process that started this one has kept for it."""
        handle = environment.pop(VARIABLE, "")
        try:
            return cls(Line.attach(int(handle)) if handle else None)
        except (OSError, ValueError) as exc:
            log.warning("Page and OSC are closed during a restart: %s.", exc)
            return cls()

    def open(self, name: PortName, make: Callable[[], socket.socket]) -> socket.socket:
        """Return the socket that was kept under this name, or a new one, which is kept from now on.

        Raises: `OSError` where it has to be made and cannot be.
        """
        with self._lock:
            kept = self._waiting.pop(name, None)
            if kept is not None and _fits(name, kept):
                self._held.add(name)
                return kept
        if kept is not None:
            kept.close()
        made = make()
        with self._lock:
            self._held.add(name)
            self._try(lambda line: line.send(name, made))
        return made

    def lost(self, name: PortName) -> None:
        """Let go of a socket that has failed, so that its port can be opened anew."""
        with self._lock:
            self._held.discard(name)
            self._tell()

    def settle(self) -> None:
        """Close the ones that no door has asked for: all doors have had their turn."""
        with self._lock:
            for sock in self._waiting.values():
                sock.close()
            self._waiting.clear()
            self._tell()

    def close(self) -> None:
        """Keep nothing any more; the doors go on. Calling it twice is harmless."""
        with self._lock:
            for sock in self._waiting.values():
                sock.close()
            self._waiting.clear()
            if self._line is not None:
                self._line.close()
                self._line = None

    def _tell(self) -> None:
        names = {*self._held, *self._waiting}
        self._try(lambda line: line.send_held(names))

    def _try(self, send: Callable[[Line], None]) -> None:
        if self._line is None:
            return
        try:
            send(self._line)
        except OSError as exc:
            log.warning("Page and OSC are closed during a restart: %s.", exc)
            self._line.close()
            self._line = None


def _fits(name: PortName, sock: socket.socket) -> bool:
    """Whether a socket is of the kind that its name says, and still bound."""
    wanted = socket.SOCK_STREAM if name.kind == "tcp" else socket.SOCK_DGRAM
    with contextlib.suppress(OSError):
        port = sock.getsockname()[1]
        return sock.type == wanted and port > 0 and name.port in (0, port)
    return False
