"""What the camera shows at an instant: the newest frame, the last one held, or the standby loop."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from streamer.sending.ring import Form, Framed
from streamer.sending.standby import Standby
from streamer.sinks.pixels import NativeFrames, Pixels

# A frame that stays away this long is missed; less may be a busy moment. Where frames come seldom,
# it is so many of their usual intervals.
PATIENCE_S: Final = 0.7
PATIENCE_INTERVALS: Final = 4.0

# A portrait whose frames come more seldom than this is not brought to life in between.
SLOWEST_S: Final = 1.0

# From the held frame to the loop, and back: the way back is seen as an answer, so it is shorter.
FADE_IN_S: Final = 0.5
FADE_BACK_S: Final = 0.4


class Picture:
    """Decides for each period; `next` is called with times that never go back.

    ``standby`` gives the loop that there is now.
    """

    def __init__(self, standby: Callable[[], Standby | None]) -> None:
        self.shows = "nothing"
        self._standby = standby
        self._live: Framed | None = None
        self._held: Pixels = np.empty(0, np.uint8)
        self._came_at = 0.0
        self._interval_s = 0.0
        self._presence = 0.0  # of the loop, 0..1
        self._then = 0.0
        self._loop: _Playing | None = None

    def next(self, now: float, new: Framed | None) -> tuple[Pixels, Form] | None:
        """Return what is to be sent at ``now`` (s); None before the first frame.

        ``new`` is a frame that has come since the last call; its pixels are copied.
        """
        since, self._then = now - self._then, now
        if new is not None:
            self._take(now, new)
        live = self._live
        if live is None:
            return None
        self._move(now, since)
        self.shows = "frames" if new is not None else "held"
        if self._presence <= 0.0 or self._loop is None:
            return self._held, live.form
        self.shows = "standby"
        return self._loop.blended(self._held, now, self._presence), live.form

    def prepare(self, then: float) -> None:
        """Do in spare time what the call of ``then`` (s) would take time for."""
        if self._loop is not None:
            self._loop.prepare(then)

    def _take(self, now: float, new: Framed) -> None:
        before = self._live
        if before is not None:
            # Slow to believe in long intervals, quick to forget them.
            gap = min(now - self._came_at, 5.0)
            self._interval_s += (gap - self._interval_s) * (0.1 if gap > self._interval_s else 0.3)
        if self._held.size != new.pixels.size:
            self._held = np.empty(new.pixels.size, np.uint8)
        np.copyto(self._held, new.pixels)
        if before is not None and before.form != new.form:
            self._presence, self._loop = 0.0, None
        self._live, self._came_at = new, now

    def _move(self, now: float, since: float) -> None:
        """Let the loop come or go."""
        assert self._live is not None
        mark = self._live.mark
        if mark.covered or mark.still:
            self._presence, self._loop = 0.0, None  # at once: nobody may see the face
            return
        patience = max(PATIENCE_S, PATIENCE_INTERVALS * self._interval_s)
        if now - self._came_at > patience and self._interval_s < SLOWEST_S:
            if self._loop is None:
                standby = self._standby()
                if standby is not None and standby.stage == mark.stage:
                    # A renderer that is only slow may write two more loops while this one plays.
                    own = standby.kept()
                    self._loop = _Playing(own, self._live.form, now) if own else None
            if self._loop is not None:
                self._presence = min(1.0, self._presence + since / FADE_IN_S)
        elif self._presence > 0.0:
            self._presence -= since / FADE_BACK_S
            if self._presence <= 0.0:
                self._presence, self._loop = 0.0, None


class _Playing:
    """A loop being shown in a camera's own format."""

    def __init__(self, standby: Standby, form: Form, now: float) -> None:
        self._standby = standby
        self._start = now
        self._frames = NativeFrames(form.pixel_format, form.width, form.height)
        self._pixels: dict[int, Pixels] = {}
        self._mixed: Pixels = np.empty(form.length, np.uint8)

    def blended(self, live: Pixels, now: float, presence: float) -> Pixels:
        """Return the loop at ``now``, laid over the held frame as far as it is present."""
        first, second, weight = self._standby.at(now - self._start)
        a, b = self._decoded(first, second)
        out = self._mix(a, b, weight)
        x = presence * presence * (3.0 - 2.0 * presence)
        return out if x >= 1.0 else self._mix(live, out, x)

    def prepare(self, now: float) -> None:
        """Decode what will be shown at ``now``."""
        first, second, _ = self._standby.at(now - self._start)
        self._decoded(first, second)

    def _decoded(self, *indices: int) -> list[Pixels]:
        for index in indices:
            if index not in self._pixels:
                self._frames.convert(self._standby.picture(index))
                self._frames.flip()
                self._pixels[index] = self._frames.front.copy()
        self._pixels = {index: self._pixels[index] for index in indices}
        return [self._pixels[index] for index in indices]

    def _mix(self, a: Pixels, b: Pixels, weight: float) -> Pixels:
        cv2.addWeighted(a, 1.0 - weight, b, weight, 0.0, dst=self._mixed.reshape(a.shape))
        return self._mixed
