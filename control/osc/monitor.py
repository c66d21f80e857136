"""The last messages with sender and verdict, and how many there were of each kind."""

import threading
from collections import OrderedDict
from typing import Any, Final

from control.osc.messages import Argument
from control.osc.verdicts import KINDS, Kind, Verdict

# Enough to find a button pressed a moment ago between the moves of a fader.
MAX_LINES: Final = 200

# The same address with the same outcome within this time is one line with a count, so that a
# fader or a level sender does not push everything else out.
MERGE_S: Final = 1.0

_MAX_TEXT: Final = 120


class Monitor:
    """Written by the receiving thread, read by the page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._newest: dict[tuple[str, str, Kind], int] = {}
        self._serial = 0
        self._counters: dict[Kind, int] = dict.fromkeys(KINDS, 0)

    def add(
        self,
        sender: str,
        address: str,
        args: tuple[Argument, ...],
        verdict: Verdict,
        time: float,
        *,
        counted: bool = True,
    ) -> None:
        """Write one line; not ``counted`` if it is about a message that has or will have another.

        Units: ``time`` s since 1970, for people.
        """
        key = (sender, address[:_MAX_TEXT], verdict.kind)
        with self._lock:
            if counted:
                self._counters[verdict.kind] += 1
            count = 1
            before = self._lines.get(self._newest.get(key, -1))
            if before is not None and time - before["time"] < MERGE_S:
                count += before["count"]
                del self._lines[before["id"]]
            self._serial += 1
            self._newest[key] = self._serial
            self._lines[self._serial] = {
                "id": self._serial,
                "time": time,
                "sender": sender,
                "address": address[:_MAX_TEXT],
                "args": [_short(arg) for arg in args[:8]],
                "kind": verdict.kind,
                "code": verdict.code,
                "verdict": {"en": verdict.en, "ko": verdict.ko},
                "count": count,
            }
            if len(self._lines) > MAX_LINES:
                _, old = self._lines.popitem(last=False)
                old_key = (old["sender"], old["address"], old["kind"])
                if self._newest.get(old_key) == old["id"]:
                    del self._newest[old_key]

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines, newest first."""
        with self._lock:
            return [dict(line) for line in reversed(self._lines.values())]

    def counters(self) -> dict[str, int]:
        """Return how many messages there were in all, and of each kind."""
        with self._lock:
            kinds: dict[str, int] = {str(kind): n for kind, n in self._counters.items()}
        return {"received": sum(kinds.values()), **kinds}


def _short(arg: Argument) -> Argument:
    """An argument as JSON and the page can show it."""
    if isinstance(arg, str):
        return arg[:_MAX_TEXT]
    if isinstance(arg, float):
        # JSON knows neither NaN nor infinity.
        return round(arg, 4) if abs(arg) < 1e15 else str(arg)
    return arg
