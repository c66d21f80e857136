"""Doorkeeper: holds the doors' ports open while one renderer has ended and the next one starts."""

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from control.kept_ports import VARIABLE
from control.passing import CAN_PASS, Line, PortName

# Read away at one port at most: a flood must not hold up who watches the others.
MOST: Final = 10_000


class Doorkeeper:
    """The sockets of the renderer's doors, for the renderer after it.

    ``say`` hears, once, that nothing can be kept. On Windows nothing is, and nobody is told.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._line: Line | None = None
        self._kept: dict[PortName, socket.socket] = {}
        self._said = False

    @contextlib.contextmanager
    def handed(self) -> Iterator[tuple[tuple[int, ...], Mapping[str, str]]]:
        """Hand over what is kept to the renderer that is started in this ``with`` block.

        Yields the handles that it must inherit, and what its environment must say.
        """
        self.look()  # the last words of the one before
        if self._line is not None:
            self._line.close()
            self._line = None
        there = self._new_line()
        if there is None:
            yield (), {}
            return
        try:
            yield (there.handle,), {VARIABLE: str(there.handle)}
        finally:
            there.close()  # the renderer has its own

    def look(self) -> None:
        """Take what the renderer has handed over, and let go of what it does not want any more."""
        for message in self._line.receive() if self._line is not None else ():
            if isinstance(message, tuple):
                name, sock = message
                self._drop(name)
                self._kept[name] = sock
            else:
                for name in self._kept.keys() - message:
                    self._drop(name)

    def turn_away(self) -> tuple[int, int]:
        """Drop what waits at the ports, which is too old to be served.

        Returns how many messages and how many connections that were.
        """
        found = {"udp": 0, "tcp": 0}
        for name, sock in self._kept.items():
            sock.setblocking(False)
            found[name.kind] += sum(1 for _ in _waiting(sock, name.kind))
        return found["udp"], found["tcp"]

    def close(self) -> None:
        """Close all ports; calling it twice is harmless."""
        self.look()
        for name in list(self._kept):
            self._drop(name)
        if self._line is not None:
            self._line.close()
            self._line = None

    def _new_line(self) -> Line | None:
        """Make the line to the next renderer, with all that is kept in it; returns its end."""
        if not CAN_PASS:
            return None
        try:
            self._line, there = Line.pair()
        except OSError as exc:
            self._cannot(exc)
            for name in list(self._kept):
                self._drop(name)
            return None
        for name, sock in list(self._kept.items()):
            try:
                self._line.send(name, sock)
            except OSError as exc:  # which could not open it beside this one
                self._cannot(exc)
                self._drop(name)
        return there

    def _cannot(self, exc: OSError) -> None:
        if not self._said:
            self._said = True
            self._say(f"Page and OSC are closed during a restart: {exc}.")

    def _drop(self, name: PortName) -> None:
        sock = self._kept.pop(name, None)
        if sock is not None:
            sock.close()


def _waiting(sock: socket.socket, kind: str) -> Iterator[None]:
    """Take what waits at a port, and yield for each."""
    for _ in range(MOST):
        try:
            if kind == "tcp":
                sock.accept()[0].close()
            else:
                sock.recv(1)
        except ConnectionError:  # of something sent earlier, or somebody who has left
            continue
        except OSError:
            return
        yield
