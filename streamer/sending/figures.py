"""What the sender counts: periods, what was shown in them, and how evenly they came."""

from typing import Final

import numpy as np

WINDOW: Final = 9000  # intervals, five minutes at 30 fps


class Figures:
    """Counters since the camera was asked for."""

    def __init__(self) -> None:
        self._counts = {"frames": 0, "held": 0, "standby": 0}
        self._late = 0
        self._dropped = 0
        self._last: float | None = None
        self._intervals = np.zeros(WINDOW, np.float32)
        self._count = 0

    def add(self, t: float, shows: str, late: bool, dropped: int) -> None:
        """Note one period: when it was sent (s), what it showed, periods missed before it."""
        self._counts[shows] += 1
        self._late += late
        self._dropped += dropped
        if self._last is not None:
            self._intervals[self._count % WINDOW] = t - self._last
            self._count += 1
        self._last = t

    def all(self) -> dict[str, object]:
        """Return them, JSON-able.

        ``sent`` is all periods; ``held`` and ``standby`` those of them without a new frame;
        ``dropped`` periods in which nothing was sent.
        """
        recent = self._intervals[: min(self._count, WINDOW)] * 1000.0
        p50, p99, top = (
            (*np.percentile(recent, (50, 99)), recent.max()) if len(recent) else (0.0, 0.0, 0.0)
        )
        return {
            "sent": sum(self._counts.values()),
            "held": self._counts["held"],
            "standby": self._counts["standby"],
            "late": self._late,
            "dropped": self._dropped,
            "interval_ms": {
                "p50": round(float(p50), 2),
                "p99": round(float(p99), 2),
                "max": round(float(top), 2),
            },
        }
