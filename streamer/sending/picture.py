"""What the camera shows at an instant: the newest frame, the last one held, or the standby loop."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from streamer.memory import give_back
from streamer.sending.ring import Form, Framed
from streamer.sending.standby import Standby
from streamer.sinks.pixels import NativeFrames, Pixels

# A frame that stays away this long is missed; less may be a busy moment. Where frames come seldom,
# it is so many of their usual intervals.
PATIENCE_S: Final = 0.7
PATIENCE_INTERVALS: Final = 4.0

# After this part of that time the loop is made ready: what it takes at first, its memory and its
# first pictures, would else come all in the period in which it takes over.
READY_SHARE: Final = 0.3

# So many pictures are decoded before they are shown, 0.4 s of the loop: the new renderer that is
# loading then may keep all cores busy.
AHEAD: Final = 6

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
        self._played = False
        self._coming: _Playing | None = None  # made ready in the periods before it is needed

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

    def prepare(self, then: float) -> bool:
        """Do one piece of what the calls of ``then`` (s) and later need; False: there is no more.

        May run in a thread beside the one of `next`, which never waits for it: what is not ready
        is not shown.
        """
        loop, live = self._loop, self._live
        if loop is not None:
            self._coming, self._played = None, True
            return loop.prepare(then)
        if self._played:
            self._played = False
            give_back()  # 30 MB at 720p
        standby = self._standby() if self._missing(then, READY_SHARE) else None
        if standby is None or live is None or standby.stage != live.mark.stage:
            self._coming = None
            return False
        coming = self._coming
        if coming is not None and (coming.serial, coming.form) == (standby.serial, live.form):
            return coming.prepare(then)
        # A renderer that is only slow may write two more loops while this one plays.
        own = standby.kept()
        self._coming = None if own is None else _Playing(own, live.form)
        return own is not None

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
        if self._missing(now):
            if self._loop is None:
                self._loop = self._ready_loop()
            if self._loop is not None:
                self._presence = min(1.0, self._presence + since / FADE_IN_S)
        elif self._presence > 0.0:
            self._presence -= since / FADE_BACK_S
            if self._presence <= 0.0:
                self._presence, self._loop = 0.0, None

    def _missing(self, now: float, share: float = 1.0) -> bool:
        """Whether frames have stayed away for a share of what is waited for them."""
        live = self._live
        if live is None or live.mark.covered or live.mark.still or self._interval_s >= SLOWEST_S:
            return False
        patience_s = max(PATIENCE_S, PATIENCE_INTERVALS * self._interval_s)
        return now - self._came_at > share * patience_s

    def _ready_loop(self) -> "_Playing | None":
        """Return the loop of what was on stage last, if it can begin."""
        live, coming = self._live, self._coming
        if live is None or coming is None or not coming.ready:
            return None
        return coming if (coming.stage, coming.form) == (live.mark.stage, live.form) else None


class _Playing:
    """A loop being shown in a camera's own format; it begins when it is first asked for.

    `prepare` may run in another thread than the rest.
    """

    def __init__(self, standby: Standby, form: Form) -> None:
        self.serial = standby.serial
        self.stage = standby.stage
        self.form = form
        self._standby = standby
        self._start: float | None = None
        self._frames: NativeFrames | None = None
        self._pixels: dict[int, Pixels] = {}  # never changed, only replaced
        self._spare: list[Pixels] = []
        self._mixed: Pixels = np.empty(form.length, np.uint8)
        self._out: Pixels = np.empty(form.length, np.uint8)

    @property
    def ready(self) -> bool:
        """Whether it can begin."""
        return 0 in self._pixels and 1 in self._pixels

    def blended(self, live: Pixels, now: float, presence: float) -> Pixels:
        """Return the loop at ``now``, laid over the held frame as far as it is present.

        Pictures that are not ready leave it as it was.
        """
        if self._start is None:
            self._start = now
        first, second, weight = self._standby.at(now - self._start)
        pixels = self._pixels
        if first in pixels and second in pixels:
            _mix(pixels[first], pixels[second], weight, self._mixed)
        x = presence * presence * (3.0 - 2.0 * presence)
        return self._mixed if x >= 1.0 else _mix(live, self._mixed, x, self._out)

    def prepare(self, now: float) -> bool:
        """Decode one more of the pictures shown from ``now`` on; False: all are there."""
        if self._frames is None:
            self._frames = NativeFrames(self.form.pixel_format, self.form.width, self.form.height)
            return True
        first = self._standby.at(0.0 if self._start is None else now - self._start)[0]
        count = len(self._standby.pictures)
        soon = [(first + k) % count for k in range(AHEAD)]
        kept = {index: pixels for index, pixels in self._pixels.items() if index in soon}
        self._spare += [pixels for index, pixels in self._pixels.items() if index not in soon]
        missing = next((index for index in soon if index not in kept), None)
        if missing is not None:
            # Fresh memory of this size costs as much as the conversion.
            pixels = self._spare.pop() if self._spare else np.empty(self.form.length, np.uint8)
            self._pixels = kept  # before what was shown is drawn over
            self._frames.convert(self._standby.picture(missing))
            self._frames.flip()
            np.copyto(pixels, self._frames.front)
            kept = {**kept, missing: pixels}
        self._pixels = kept
        return missing is not None


def _mix(a: Pixels, b: Pixels, weight: float, out: Pixels) -> Pixels:
    cv2.addWeighted(a, 1.0 - weight, b, weight, 0.0, dst=out.reshape(a.shape))
    return out
