"""The names and addresses under which this machine may be asked for the page."""

import socket
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import psutil

# A machine that joins another network gets other addresses; reading them costs about a millisecond.
READ_AGAIN_S: Final = 5.0

# Nobody answers there (RFC 5737); only asked which way a packet would take, none is sent.
FAR_AWAY: Final = ("203.0.113.1", 9)


class Names:
    """What a Host header may say beside 127.0.0.1, localhost and [::1], in lower case.

    ``own`` gives all names of this machine, ``now`` seconds.
    """

    def __init__(
        self,
        own: Callable[[], set[str]] = lambda: own_names(),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own, self._now = own, now
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._all_own = False
        self._next_read = -1e9

    def add(self, host: str) -> None:
        """Answer to the name the page is bound to; to all of this machine's for ``0.0.0.0``."""
        if is_any(host):
            self._all_own = True
        else:
            self._known.add(plain(host))

    def __contains__(self, name: object) -> bool:
        name = plain(str(name))
        if name in self._known:
            return True
        with self._lock:
            if not self._all_own or self._now() < self._next_read:
                return False
            self._next_read = self._now() + READ_AGAIN_S
            self._known = {*self._known, *self._own()}
        return name in self._known


def plain(host: str) -> str:
    """Write a name or address in one way only."""
    address = _address(host)
    return host.lower() if address is None else str(address)


def is_any(host: str) -> bool:
    """Whether a bind address means all of this machine's addresses."""
    address = _address(host)
    return address is not None and address.is_unspecified


def is_this_machine(host: str | None) -> bool:
    """Whether only programs on this machine have, or reach, an address."""
    if host is None or host.lower() == "localhost":
        return host is not None
    address = _address(host)
    return address is not None and address.is_loopback


def own_names() -> set[str]:
    """Return this machine's addresses, its name, and the name it has in the local network."""
    name = socket.gethostname().lower()
    return {plain(a) for a in _addresses()} | ({name, f"{name}.local"} if name else set())


def reachable_at(host: str) -> list[str]:
    """Return where others reach a page bound to ``host``, the most likely address first."""
    if not is_any(host):
        return [host]
    found = [
        a
        for a in map(_address, _addresses())
        if isinstance(a, IPv4Address) and not a.is_loopback and not a.is_link_local
    ]
    first = _way_out()
    return [str(a) for a in sorted(found, key=lambda a: (str(a) != first, not a.is_private))]


def _addresses() -> set[str]:
    families = (socket.AF_INET, socket.AF_INET6)
    return {
        each.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family in families
    }


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # an IPv4 client of a socket that serves both
    return address


def _way_out() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(FAR_AWAY)
        except OSError:  # no network at all
            return ""
        return str(sock.getsockname()[0])
