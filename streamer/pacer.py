"""Frame deadlines, and the time spent per section of a frame.

Deadlines lie on the grid k / fps from the start. A slow frame skips the deadlines that it missed
(they are counted) instead of chasing them in a burst.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Pacer:
    """Owns the only clock of the frame path.

    A frame is begun ``lead`` of a period before its deadline, so that it is ready to leave on time.
    ``late`` counts frames sent more than half a period after their deadline, ``dropped`` counts
    deadlines that no frame was drawn for. ``section_s`` holds the newest time per section.
    """

    def __init__(
        self,
        fps: float,
        *,
        lead: float = 0.0,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.fps = fps
        self.late = 0
        self.dropped = 0
        self.section_s: dict[str, float] = {}
        self._lead = lead
        self._now = now
        self._sleep = sleep
        self._origin = now()
        self._number = 0
        self._last_t: float | None = None  # of the pacer whose time goes on
        self._asked_fps = fps

    @property
    def t(self) -> float:
        """Stream time in seconds."""
        return self._now() - self._origin

    @property
    def origin(self) -> float:
        """When stream time 0 was, on the pacer's clock; true from the first frame on."""
        return self._origin

    def first_frame(self) -> float:
        """Return the first deadline in seconds: 0, or the next one of the time that goes on."""
        if self._last_t is not None:
            before = math.floor(self._last_t * self.fps + 1e-6)
            self._number = max(before, math.floor(self.t * self.fps + 1e-6)) + 1
            self.dropped += self._number - before - 1
        return self.deadline

    def go_on(self, origin: float, last_t: float, late: int, dropped: int) -> None:
        """Go on in the place of another pacer, before the first frame.

        ``origin`` was stream time 0 on the same clock, ``last_t`` the deadline of its last frame.
        """
        self._origin, self._last_t = origin, last_t
        self.late, self.dropped = late, dropped

    def next_frame(self) -> float:
        """Wait until it is time to begin the next frame; returns its deadline in seconds."""
        if self._asked_fps != self.fps:
            # On the new grid, the last deadline that is not after the frame sent.
            self._number = math.floor(self.deadline * self._asked_fps + 1e-6)
            self.fps = self._asked_fps
        number = self._number + 1
        # The newest deadline for which it is too late to begin on time. The small term forgives
        # rounding of k / fps.
        past = math.floor(self.t * self.fps + self._lead + 1e-6)
        if past > number:
            self.dropped += past - number
            number = past
        self._number = number
        self._wait_until(self.deadline - self._lead / self.fps)
        return self.deadline

    def change_rate(self, fps: float) -> None:
        """Take another rate with the next frame; stream time goes on. From any thread."""
        self._asked_fps = fps

    def deadlines(self, count: int) -> list[float]:
        """Return the deadlines after the present one, exactly as `next_frame` will."""
        return [(self._number + 1 + k) / self.fps for k in range(count)]

    @property
    def spare_s(self) -> float:
        """Seconds until the next frame is to be begun; below 0 when that should have been."""
        return self.deadlines(1)[0] - self._lead / self.fps - self.t

    @property
    def deadline(self) -> float:
        """Stream time at which the present frame is to leave, in seconds."""
        return self._number / self.fps

    def wait_for_deadline(self) -> None:
        """Hold a frame that was ready early. The first frame is the beginning of the grid."""
        if self._number == 0:
            self._origin = self._now()
        self._wait_until(self.deadline)

    def _wait_until(self, t: float) -> None:
        wait_s = t - self.t
        if wait_s > 0:
            self._sleep(wait_s)

    def sent(self) -> float:
        """Note that the frame has left; returns how long after its deadline, in seconds."""
        delay_s = self.t - self.deadline
        if delay_s > 0.5 / self.fps:
            self.late += 1
        return delay_s

    @contextmanager
    def section(self, name: str, *, more: bool = False) -> Iterator[None]:
        """Time one section of the frame; ``more`` of one that was interrupted."""
        start = self._now()
        before = self.section_s.get(name, 0.0) if more else 0.0
        try:
            yield
        finally:
            self.section_s[name] = before + self._now() - start
