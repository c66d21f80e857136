"""How many frames of a network stream left lately, how many were skipped."""

from collections import deque
from typing import Final

# Figures are over the last seconds.
OVER_S: Final = 3.0


class Flow:
    """The frames of the last seconds; ``skipped`` counts all that were ever skipped.

    Times are in s, on one clock.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._sent: deque[tuple[float, int]] = deque()  # when each left, the bytes by then
        self._skips: deque[float] = deque()

    def begin(self) -> None:
        """Forget the seconds of the connection before."""
        self._sent.clear()
        self._skips.clear()

    def left(self, now: float, size: int) -> None:
        """Count a frame; ``size`` is how many bytes have left by now."""
        self._sent.append((now, size))
        while self._sent and now - self._sent[0][0] > OVER_S:
            self._sent.popleft()

    def skip(self, now: float) -> None:
        """Count a frame that nobody took."""
        self.skipped += 1
        self._skips.append(now)

    def lately(self, now: float) -> tuple[int, int]:
        """Return how many were skipped, how many left."""
        while self._skips and now - self._skips[0] > OVER_S:
            self._skips.popleft()
        return len(self._skips), len(self._sent)

    def rates(self, now: float) -> tuple[float, int]:
        """Return frames and kbit a second; zeros while there are too few frames to tell.

        Any thread may ask.
        """
        sent = [one for one in list(self._sent) if now - one[0] <= OVER_S]
        if len(sent) < 2:
            return 0.0, 0
        span = max(now - sent[0][0], 1e-3)
        kbit_s = round((sent[-1][1] - sent[0][1]) * 8 / span / 1000)
        return round((len(sent) - 1) / span, 1), kbit_s
