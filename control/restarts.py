"""When a process that has failed is started again: at once, then with growing patience."""

from typing import Final

FIRST_WAITS_S: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
LONGEST_WAIT_S: Final = 30.0

# A process that has worked for this long has made good its failures.
GOOD_S: Final = 60.0

# So many failures within `GOOD_S` of each other, and the renderer draws with the engine that needs
# least.
CAREFUL_AFTER: Final = 3


class Restarts:
    """Counts the failures of one process; times are seconds on any clock."""

    def __init__(self) -> None:
        self.failures = 0
        self._due_at = 0.0
        self._failed_at = 0.0

    @property
    def careful(self) -> bool:
        """Whether it fails so often that the next one should do with less."""
        return self.failures >= CAREFUL_AFTER

    def lost(self, now: float) -> float:
        """Note a failure; returns how long to wait, s."""
        waits = FIRST_WAITS_S
        wait_s = waits[self.failures] if self.failures < len(waits) else LONGEST_WAIT_S
        self.failures += 1
        self._failed_at = now
        self._due_at = now + wait_s
        return wait_s

    def due(self, now: float) -> bool:
        """Whether it may be started."""
        return now >= self._due_at

    def good(self, now: float) -> None:
        """Note that it works."""
        if self.failures and now - self._failed_at > GOOD_S:
            self.failures = 0
