"""The token that other machines need, and how guessing it is made slow."""

import hashlib
import hmac
import json
import logging
import math
import os
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from control.problems import Problem
from streamer import ConfigError
from streamer.whole_file import private_folder, read_whole, write_whole

log = logging.getLogger(__name__)

FILE_NAME: Final = "panel-token.json"
MAX_FILE_BYTES: Final = 4096

# 128 bits: the age of the universe is too short to guess it, and it still fits a small QR code.
TOKEN_BYTES: Final = 16
KEY_BYTES: Final = 32
# One that somebody chose: what a header and an address carry unchanged, and no four-digit number.
CHOSEN: Final = re.compile(r"[A-Za-z0-9._~-]{12,128}")

# So many wrong tries are typing errors; each further one doubles the wait, up to the longest.
FREE_TRIES: Final = 5
LONGEST_WAIT_S: Final = 600.0
FORGET_S: Final = 3600.0
MAX_ADDRESSES: Final = 4096


@dataclass(frozen=True, repr=False)
class Secrets:
    """The token, and the key that its sign-ins are made with. Never shown by accident."""

    token: str
    key: bytes


def load_secrets(folder: Path, chosen: str | None = None) -> Secrets:
    """Return the token kept in ``folder``, made at the first call; or the ``chosen`` one.

    The file can be read by its owner alone. Raises: `ConfigError`.
    """
    if chosen is not None and not CHOSEN.fullmatch(chosen):
        raise ConfigError(
            "The panel token must have 12 to 128 letters, digits, or signs of '._~-'. "
            "Leave it out, and one is made."
        )
    kept = _kept(folder / FILE_NAME)
    return kept if chosen is None else Secrets(chosen, kept.key)


class Gate:
    """Lets in who knows the token; who guesses waits longer and longer. ``now`` in seconds."""

    def __init__(self, known: Secrets, *, now: Callable[[], float] = time.monotonic) -> None:
        self._known = known
        self._now = now
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float, float]] = OrderedDict()
        signed = b"living-portrait session " + known.token.encode()
        # Stays good over restarts, and ends with the token.
        self.session: Final = hmac.new(known.key, signed, hashlib.sha256).hexdigest()

    def knows(self, session: str | None) -> bool:
        """Whether a browser has signed in. Of 256 bits, so that guesses need no count."""
        return session is not None and _same(session, self.session)

    def admits(self, address: str, token: str) -> bool:
        """Whether a token is right. Raises `Problem` (429) while an address has to wait."""
        place = _place(address)
        with self._lock:
            now = self._now()
            count, last, until = self._wrong.get(place, (0, now, 0.0))
            if now < until:
                wait_s = math.ceil(until - now)
                raise Problem(
                    429,
                    "too-many-tries",
                    f"Too many wrong tokens came from {address}. Try again in {wait_s} s.",
                    retry_after_s=wait_s,
                )
            if _same(token, self._known.token):
                self._wrong.pop(place, None)
                return True
            count = 1 if now - last > FORGET_S else count + 1
            beyond = count - FREE_TRIES
            wait = min(LONGEST_WAIT_S, 2.0 ** min(beyond, 30)) if beyond >= 0 else 0.0
            self._wrong[place] = (count, now, now + wait)
            self._wrong.move_to_end(place)
            if len(self._wrong) > MAX_ADDRESSES:
                self._wrong.popitem(last=False)
        if count == FREE_TRIES:
            log.warning("Several wrong tokens for the page came from %s; it has to wait.", address)
        return False


def _same(one: str, other: str) -> bool:
    """Compare without telling by the time it takes where, or that the lengths, differ."""
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (one, other)]
    return hmac.compare_digest(*digests)


def _place(address: str) -> str:
    """An IPv6 machine chooses among the addresses of its network at will; they count as one."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)


def _kept(file: Path) -> Secrets:
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(0o600)
        read = json.loads(read_whole(file, MAX_FILE_BYTES))
        known = Secrets(str(read["token"]), bytes.fromhex(read["key"]))
        if CHOSEN.fullmatch(known.token) and len(known.key) >= KEY_BYTES:
            return known
        reason = "its token or key is too short"
    except FileNotFoundError:
        return _made(file)
    except (KeyError, TypeError, ValueError, RecursionError):
        reason = "it does not hold what was written there"  # and no word of what it does hold
    except OSError as exc:
        raise ConfigError(f"The token's file {file} cannot be read: {exc.strerror}.") from exc
    log.warning("%s was damaged (%s); there is a new token.", file, reason)
    return _made(file)


def _made(file: Path) -> Secrets:
    made = Secrets(secrets.token_urlsafe(TOKEN_BYTES), secrets.token_bytes(KEY_BYTES))
    try:
        private_folder(file.parent)
        # Never readable by others, not even for the time of writing.
        write_whole(file, json.dumps({"token": made.token, "key": made.key.hex()}).encode())
    except OSError as exc:
        raise ConfigError(f"The token cannot be kept in {file}: {exc.strerror}.") from exc
    return made
