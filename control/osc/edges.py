"""Presses and releases out of levels: buttons that send both, one, or their level all the time."""

from collections import OrderedDict
from typing import Final, Literal

Edge = Literal["press", "release", "repeat"]

# A level that comes again sooner is the same press; press-only buttons send nothing in between,
# and nobody presses a button four times a second on purpose.
REPEAT_S: Final = 0.25

# How many buttons are remembered; a sender that makes up more only loses the memory of old ones.
MAX_BUTTONS: Final = 2048


class Edges:
    """Remembers the last level of every button of every sender."""

    def __init__(self, repeat_s: float = REPEAT_S) -> None:
        self._repeat_s = repeat_s
        self._last: OrderedDict[tuple[object, str], tuple[bool, float]] = OrderedDict()

    def edge(self, sender: object, button: str, value: float, now: float) -> Edge:
        """Say what a value means.

        It is a press (above 0) or a release if it differs from the value before, or if nothing
        came for `REPEAT_S` from that sender for that button. Units: ``now`` s, any steady clock.
        """
        key, on = (sender, button), value > 0.0
        before = self._last.pop(key, None)
        self._last[key] = (on, now)
        if len(self._last) > MAX_BUTTONS:
            self._last.popitem(last=False)
        if before is not None and before[0] == on and now - before[1] < self._repeat_s:
            return "repeat"
        return "press" if on else "release"
