"""Holds the picture back to match sound that comes late: earlier wishes, not older frames.

The face is a function of time and wishes, so showing it later is the same as wishing later. That
takes a reference for each change of the last seconds, where held-back frames of 1280x720 at 60 a
second would take 330 MB for two seconds; and the camera's pace cannot change. What must not wait
(privacy, another photo, another framing) does not go by the wishes, and does not wait.
"""

from collections import deque

from streamer.controls import Controls, Wishes


class Late:
    """The wishes as they were ``delay_s`` ago; only the frame thread uses it.

    `see` is called with each frame's time, then `snapshot`. At the start, and for what was never
    changed, the first wishes count.
    """

    def __init__(self, controls: Controls, delay_s: float) -> None:
        self._controls = controls
        self._delay_s = delay_s
        self._shown = controls.snapshot()
        self._coming: deque[tuple[float, Wishes]] = deque()  # at most one for each frame

    def see(self, t: float) -> None:
        """Look at the present wishes in the frame of ``t``, s."""
        now = self._controls.snapshot()
        newest = self._coming[-1][1] if self._coming else self._shown
        if now is not newest:
            self._coming.append((t, now))
        while self._coming and self._coming[0][0] <= t - self._delay_s + 1e-9:
            self._shown = self._coming.popleft()[1]

    def snapshot(self) -> Wishes:
        """Return the wishes of then."""
        return self._shown
