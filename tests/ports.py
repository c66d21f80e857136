"""Ports that nobody has."""

import socket


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port of this machine that is free now."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
