"""How much one sender may say: 2,000 messages a second; beyond that the newest wins."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

RATE: Final = 2000.0
"""Messages a second that are served for each sender."""

# Senders and waiting messages that are remembered; more only lose the oldest.
MAX_SENDERS: Final = 256
MAX_WAITING: Final = 512

Sender = tuple[str, int]


@dataclass
class _Account:
    """One sender's allowance (it fills at `RATE` and holds one second's worth) and backlog."""

    allowance: float
    filled_at: float
    waiting: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)


class Limiter:
    """Decides before anything is decoded, so that a flood costs next to nothing.

    Units: ``now`` s, any steady clock.
    """

    def __init__(self, rate: float = RATE) -> None:
        self.rate = rate
        self.dropped = 0
        self._accounts: OrderedDict[Sender, _Account] = OrderedDict()
        self._late: set[Sender] = set()

    def admit(self, sender: Sender, datagram: bytes, now: float) -> bool:
        """Whether to serve this datagram now; if not, it waits in place of an older one."""
        account = self._account(sender, now)
        if account.allowance >= 1.0 and not account.waiting:
            account.allowance -= 1.0
            return True
        key = topic(datagram)
        if account.waiting.pop(key, None) is not None:
            self.dropped += 1
        account.waiting[key] = datagram
        if len(account.waiting) > MAX_WAITING:
            account.waiting.popitem(last=False)
            self.dropped += 1
        self._late.add(sender)
        return False

    def charge(self, sender: Sender, messages: int) -> None:
        """Count the further messages of a bundle."""
        account = self._accounts.get(sender)
        if account is not None:
            account.allowance -= messages

    def due(self, now: float) -> list[tuple[Sender, bytes]]:
        """Return the waiting datagrams whose turn has come, oldest first."""
        ready: list[tuple[Sender, bytes]] = []
        for sender in list(self._late):
            account = self._account(sender, now)
            while account.waiting and account.allowance >= 1.0:
                account.allowance -= 1.0
                ready.append((sender, account.waiting.popitem(last=False)[1]))
            if not account.waiting:
                self._late.discard(sender)
        return ready

    @property
    def waits(self) -> bool:
        """Whether anything waits for its turn."""
        return bool(self._late)

    def _account(self, sender: Sender, now: float) -> _Account:
        account = self._accounts.get(sender)
        if account is None:
            account = self._accounts[sender] = _Account(self.rate, now)
            if len(self._accounts) > MAX_SENDERS:
                gone, old = self._accounts.popitem(last=False)
                self._late.discard(gone)
                self.dropped += len(old.waiting)
        else:
            self._accounts.move_to_end(sender)
            grown = account.allowance + (now - account.filled_at) * self.rate
            account.allowance = min(grown, self.rate)
            account.filled_at = now
        return account


def topic(datagram: bytes) -> bytes:
    """What a datagram is about: a newer one about the same replaces it.

    Messages with a text first (`/portrait/trigger smile`) differ by all they say; others by their
    address; bundles by the address of their first message.
    """
    start = 20 if datagram.startswith(b"#bundle\x00") else 0
    end = datagram.find(b"\x00", start)
    if end < 0:
        return datagram
    tags = end + 4 - end % 4
    if datagram[tags : tags + 2] in (b",s", b",S"):
        return datagram
    return b"#bundle" + datagram[start:end] if start else datagram[:end]
