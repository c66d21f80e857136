"""How long and how much a client may take before its request is handed to the app.

Waitress reads a whole request before the app sees it. These limits keep one that sends slowly,
much, or nothing at all from holding connections that others need.
"""

import time
from collections.abc import Callable
from copy import copy
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

# A request's headers, then its body, must have come in this time. A photo of 30 MB takes half a
# minute through a slow wireless network.
HEADERS_S: Final = 10.0
BODY_S: Final = 90.0
# An answer that its client does not read, and a connection that nothing comes through.
UNREAD_S: Final = 20.0
IDLE_S: Final = 60.0

# Connections from one other machine: two browsers with all they open.
PER_ADDRESS: Final = 32


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection. Its server has ``limit``: how large the body of a request may be."""

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        address = str(addr[0])
        self.parser_class = lambda adj: Parser(adj, lambda parser: server.limit(parser, address))
        self.began: float | None = None

    def received(self, data: bytes) -> bool:
        """Note when the present request began to come in."""
        going_on: bool = super().received(data)
        if self.request is None:
            self.began = None
        elif self.began is None:
            self.began = time.monotonic()
        return going_on


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """One request; how large its body may be depends on where it goes."""

    adj: Any

    def __init__(self, adj: Any, limit: Callable[[HTTPRequestParser], int]) -> None:
        super().__init__(adj)
        self._limit = limit

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, then look up the limit."""
        super().parse_header(header_plus)
        if self.chunked or self.content_length:
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = self._limit(self) + 1  # waitress refuses at its number


def sweep(channels: list[Channel], now: float, is_local: Callable[[str], bool]) -> None:
    """Close the connections that take too long; called about once a second. ``now``: monotonic."""
    wall = time.time()  # waitress' own clock, for its own notes
    by_address: dict[str, int] = {}
    for channel in channels:
        request, began = channel.request, channel.began
        quiet_s = wall - channel.last_activity
        if request is not None and began is not None:
            late = now - began > (BODY_S if request.headers_finished else HEADERS_S)
        elif channel.total_outbufs_len:
            late = quiet_s > UNREAD_S
        else:
            late = not channel.requests and quiet_s > IDLE_S
        address = str(channel.addr[0])
        if not is_local(address):
            by_address[address] = by_address.get(address, 0) + 1
            late = late or by_address[address] > PER_ADDRESS
        if late:
            channel.handle_close()  # wakes an answer that waits for its client to read
