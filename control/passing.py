"""Line: open sockets go through it from one process to another, each under its name (POSIX).

A socket that two processes hold is one and the same to the kernel: it stays open, and what waits
in it stays there, until both have closed it.
"""

import contextlib
import json
import os
import socket
import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, NamedTuple

# Many times what the names of all doors take.
MESSAGE_BYTES: Final = 4096

CAN_PASS: Final = sys.platform != "win32"


class PortName(NamedTuple):
    """What a door asked for; ``port`` 0 is any free one, and stays 0 here."""

    door: str
    kind: Literal["tcp", "udp"]
    host: str
    port: int


class Line:
    """One end of a pair; nothing here waits, and no message is lost but with an error."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setblocking(False)

    @classmethod
    def pair(cls) -> tuple["Line", "Line"]:
        """Make both ends. Raises `OSError`."""
        # Datagrams: a message comes whole and with its own socket, or not at all.
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        return cls(here), cls(there)

    @classmethod
    def attach(cls, handle: int) -> "Line":
        """Open an inherited end; no child of this process gets it. Raises `OSError`."""
        end = socket.socket(fileno=handle)
        os.set_inheritable(handle, False)
        return cls(end)

    @property
    def handle(self) -> int:
        """What a child process must inherit."""
        return self._end.fileno()

    def send(self, name: PortName, sock: socket.socket) -> None:
        """Let the other end hold this socket, too. Raises `OSError`."""
        socket.send_fds(self._end, [json.dumps({"name": name}).encode()], [sock.fileno()])

    def send_held(self, names: Iterable[PortName]) -> None:
        """Tell the other end which ones are still wanted. Raises `OSError`."""
        self._end.send(json.dumps({"held": list(names)}).encode())

    def receive(self) -> Iterator[tuple[PortName, socket.socket] | set[PortName]]:
        """Yield what has come: a socket under its name, or the names of those still wanted."""
        while True:
            try:
                data, extra, _, _ = self._end.recvmsg(
                    MESSAGE_BYTES,
                    socket.CMSG_SPACE(array("i").itemsize),
                    getattr(socket, "MSG_CMSG_CLOEXEC", 0),
                )
            except OSError:  # nothing more, or nobody there any more
                return
            if not data and not extra:
                return
            sock = _socket_in(extra)
            message = _read(data)
            if sock is None and isinstance(message, set):
                yield message
            elif sock is not None and isinstance(message, PortName):
                yield message, sock
            elif sock is not None:
                sock.close()

    def close(self) -> None:
        """Close this end; calling it twice is harmless."""
        self._end.close()


def _socket_in(extra: list[tuple[int, int, bytes]]) -> socket.socket | None:
    handles = array("i")
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            handles.frombytes(data[: len(data) - len(data) % handles.itemsize])
    if not handles:
        return None
    for handle in handles:
        os.set_inheritable(handle, False)  # macOS cannot do it on the way
    for handle in handles[1:]:
        os.close(handle)
    try:
        return socket.socket(fileno=handles[0])
    except OSError:  # it is no socket
        with contextlib.suppress(OSError):
            os.close(handles[0])
        return None


def _read(data: bytes) -> PortName | set[PortName] | None:
    try:
        message: dict[str, Any] = json.loads(data)
        if "held" in message:
            return {PortName(*name) for name in message["held"]}
        return PortName(*message["name"])
    except (ValueError, TypeError, KeyError):
        return None
