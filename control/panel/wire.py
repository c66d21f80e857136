"""How long and how much a client may take before its request is handed to the app.

Waitress reads a whole request before the app sees it. These limits keep one that sends slowly,
much, or nothing at all from holding connections that others need.
"""

import socket
import time
from collections.abc import Callable
from copy import copy
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import RequestEntityTooLarge

# A request's headers, then its body, must have come in this time. A photo of 30 MB takes half a
# minute through a slow wireless network.
HEADERS_S: Final = 10.0
BODY_S: Final = 90.0
# An answer that its client does not read, and a connection that nothing comes through.
UNREAD_S: Final = 20.0
IDLE_S: Final = 60.0

# Who sends too much is told so, and must be let finish sending to hear it: a connection that is
# closed with unread bytes is reset, and the answer lost.
LINGER_S: Final = 5.0
LINGER_BYTES: Final = 64 * 2**20

# Connections from one other machine: two browsers with all they open.
PER_ADDRESS: Final = 32


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection. Its server has ``limit``: how large the body of a request may be."""

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        address = str(addr[0])
        self.parser_class = lambda adj: Parser(
            adj, lambda parser: server.limit(parser, address), self._refuse
        )
        self._left = False
        self._refused = False
        self._lingers = False
        self._left_bytes = LINGER_BYTES
        # What the sweep saw last, and since when.
        self.seen_request: object = None
        self.seen_activity = 0.0
        self.request_since = self.quiet_since = 0.0

    @property
    def lingers(self) -> bool:
        """Whether the answer has been given, and what still comes is thrown away."""
        return self._lingers

    def _refuse(self) -> None:
        self._refused = True

    def handle_close(self) -> None:
        """Close; after a body that was too large, only our end at first."""
        if self._refused and not self._lingers and self.connected:
            self._lingers = True
            try:
                self.socket.shutdown(socket.SHUT_WR)
                return
            except OSError:  # the client has left already
                pass
        super().handle_close()

    def close_now(self) -> None:
        """Close both ends."""
        self._lingers = True
        self.handle_close()

    def check_client_disconnected(self) -> bool:
        """Whether nobody waits for a long answer any more; routes see it in their environment.

        A client that has said all it will say may still read a short one (``... | ncat``).
        """
        return self._left or not self.connected

    def readable(self) -> bool:
        """Whether the server should read."""
        if self._left and not self.requests and not self.total_outbufs_len:
            self.will_close = True
        return self._lingers or (not self._left and bool(super().readable()))

    def writable(self) -> bool:
        """Whether the server should write."""
        return not self._lingers and bool(super().writable())

    def handle_read(self) -> None:
        """Read; to no purpose while it lingers."""
        try:
            data = self.socket.recv(self.adj.recv_bytes)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close_now()
            return
        if self._lingers:
            self._left_bytes -= len(data)
            if not data or self._left_bytes < 0:
                self.close_now()
        elif data:
            self.last_activity = time.time()
            self.received(data)
        else:
            self._left = True


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """One request; how large its body may be depends on where it goes."""

    adj: Any
    # Waitress names it in its log when a client leaves, of a request that had none, too.
    path: str = ""

    def __init__(
        self, adj: Any, limit: Callable[[HTTPRequestParser], int], refuse: Callable[[], None]
    ) -> None:
        super().__init__(adj)
        self._limit = limit
        self._refuse = refuse

    def received(self, data: bytes) -> int:
        """Take bytes in; returns how many."""
        taken: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self._refuse()
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, then look up the limit."""
        super().parse_header(header_plus)
        if self.chunked or self.content_length:
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = self._limit(self) + 1  # waitress refuses at its number


def sweep(
    channels: list[Channel],
    now: float,
    is_local: Callable[[str], bool],
    most: Callable[[str], int] = lambda _address: PER_ADDRESS,
) -> None:
    """Close the connections that take too long; called about once a second. ``now`` in seconds.

    ``most`` says how many another machine may have.
    """
    by_address: dict[str, int] = {}
    for channel in channels:
        if channel.seen_request is not channel.request:
            channel.seen_request, channel.request_since = channel.request, now
        if channel.seen_activity != channel.last_activity:
            channel.seen_activity, channel.quiet_since = channel.last_activity, now
        address = str(channel.addr[0])
        by_address[address] = by_address.get(address, 0) + 1
        too_many = not is_local(address) and by_address[address] > most(address)
        if too_many or _late(channel, now):
            channel.close_now()  # wakes an answer that waits for its client to read


def _late(channel: Channel, now: float) -> bool:
    if channel.lingers:
        return now - channel.quiet_since > LINGER_S
    if channel.request is not None:  # one that is still coming in
        limit = BODY_S if channel.request.headers_finished else HEADERS_S
        return now - channel.request_since > limit
    quiet_s = now - channel.quiet_since
    if channel.total_outbufs_len:
        return quiet_s > UNREAD_S
    return not channel.requests and quiet_s > IDLE_S
