"""Ports: opening one, and who holds one that is taken, in words a person can act on."""

import errno
import logging
import socket
import sys
from typing import Final, Literal

import psutil

from control.instances import Instances

log = logging.getLogger(__name__)

Door = Literal["OSC", "VMC", "OSCQuery", "page"]

# How often a door that found its port taken tries again.
RETRY_S: Final = 3.0

# With Windows' own numbers; its 10013 is a port that somebody holds for himself alone.
_TAKEN: Final = {errno.EADDRINUSE, 10048, 10013}


def is_taken(exc: OSError) -> bool:
    """Whether a bind failed because somebody else has the port."""
    return exc.errno in _TAKEN


def holder(port: int, kind: Literal["tcp", "udp"]) -> str:
    """Return ``name (process 123)`` for a port, or ``""`` where the system does not tell."""
    try:
        for connection in psutil.net_connections(kind=kind):
            listens = kind == "udp" or connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr and connection.laddr.port == port and connection.pid:
                process = psutil.Process(connection.pid)
                return _portrait(process) or f"{process.name()} (process {connection.pid})"
    except (psutil.Error, OSError) as exc:
        log.debug("Looking for the holder of %s port %d: %s", kind, port, exc)
    return ""


def _portrait(process: psutil.Process) -> str:
    """Name another Living Portrait that this process belongs to, or ``""``."""
    family = {process.pid, *(parent.pid for parent in process.parents())}
    for other in Instances().others():
        if other.pid in family:
            return f"another Living Portrait (process {other.pid})"
    return ""


def taken_message(door: Door, flag: str, host: str, port: int, exc: OSError) -> str:
    """Say why a door is closed, and what opens it."""
    if not is_taken(exc):
        return (
            f"The {door} cannot open {host}:{port}: {exc.strerror or exc}. "
            f"The stream goes on; another address: {flag} HOST:PORT."
        )
    who = holder(port, "udp" if door in ("OSC", "VMC") else "tcp")
    by = f" by {who}" if who else ""
    return (
        f"Port {port} is taken{by}, so the {door} is closed. The stream goes on, and the {door} "
        f"opens when the port is free; another port: {flag} {_shown(host)}:{port + 1}."
    )


def family_of(host: str) -> socket.AddressFamily:
    """IPv6 for addresses with a colon, IPv4 for everything else."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def listener(host: str, port: int, backlog: int) -> socket.socket:
    """Open a TCP port that nobody else can share, and listen. Raises `OSError`."""
    sock = socket.socket(family_of(host), socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Only forgets connections that have ended; a living listener keeps its port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock
