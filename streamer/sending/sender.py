"""The sender: a process that does nothing but give the camera a picture in every period.

It draws nothing and serves nobody, so nothing that happens in the renderer can delay it: not the
interpreter's lock, not a new photo, not the renderer's death.

    python -m streamer.sending.sender TOKEN
"""

import contextlib
import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import cv2

from streamer.errors import PortraitError
from streamer.scheduling import go_first, wake_soon
from streamer.sending.aside import Aside
from streamer.sending.board import Board, Number
from streamer.sending.figures import Figures
from streamer.sending.lifeline import watch_lifeline
from streamer.sending.picture import Picture
from streamer.sending.ring import Ring
from streamer.sending.standby import StandbyPlace
from streamer.sinks.camera import CameraSink, CameraState
from streamer.sinks.camera_choice import this_system
from streamer.sinks.camera_system import CameraSystem

log = logging.getLogger(__name__)

# A frame that is a little late is waited for so long, in parts of a period; then the one before
# goes out again. How often it is looked for meanwhile.
GRACE: Final = 0.35
LOOK_S: Final = 0.001

# After so many periods without a new frame none is waited for: the renderer is slow, or gone.
GIVE_UP: Final = 3

# How often the others are told how it goes.
TELL_S: Final = 0.5

# Without a camera or an order nothing is urgent.
IDLE_S: Final = 0.05


class Sender:
    """Sends on the grid of the stream's clock. ``system``, ``now`` and ``sleep`` are for tests."""

    def __init__(
        self,
        board: Board,
        *,
        system: Callable[[str], CameraSystem] = this_system,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._board = board
        self._system = system
        self._now = now
        self._sleep = sleep
        self._ring = Ring(board)
        self._picture = Picture(StandbyPlace(board).read)
        self._figures = Figures()
        self._aside: Aside | None = None
        self._order: Mapping[str, Any] = {}
        self._order_serial = 0
        self._camera: CameraSink | None = None
        self._grid = (0.0, 0.0)  # origin and rate that the ticks are counted by
        self._tick = 0
        self._number = 0  # of the newest frame that was read
        self._missed = 0  # periods without a new frame, in a row
        self._told_at = -math.inf
        self._told: CameraState | None = None

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop`` is set, then give the camera back."""
        self._aside = Aside(self._picture.prepare)
        try:
            while not stop.is_set():
                self._board.beat(Number.SENDER_BEAT)
                self._obey()
                self._tell()
                if self._camera is None or self._camera.state.status != "attached":
                    self._missed = GIVE_UP
                    self._sleep(IDLE_S)
                    continue
                self._period()
        finally:
            self._aside.close()
            if self._camera is not None:
                self._camera.close()
            self._tell(at_once=True)

    def _obey(self) -> None:
        """Open the camera that is asked for, in the place of the one before."""
        serial = self._board.order.serial
        if serial == self._order_serial:
            return
        order = self._board.order.read()
        if order is None or self._board.order.serial != serial:
            return  # it is being written
        self._order_serial = serial
        if order == self._order:
            return  # of a new renderer, which wants what the one before it wanted
        self._order = order
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
        if order["camera"] == "none":
            return
        self._camera = CameraSink(
            order["camera"],
            order["width"],
            order["height"],
            order["fps"],
            system=self._system(order["preview_url"]),
            now=self._now,
        )
        self._figures = Figures()

    def _period(self) -> None:
        """Wait for the next deadline and send what there is."""
        fps = float(self._order["fps"])
        origin = self._board.origin
        before = math.floor((self._now() - origin) * fps + 1e-6)
        skipped = max(0, before - self._tick) if self._grid == (origin, fps) else 0
        self._grid = (origin, fps)
        self._tick = before + 1
        deadline = origin + self._tick / fps
        self._wait_until(deadline)
        if self._missed < GIVE_UP:
            last_look = deadline + GRACE / fps
            while self._ring.number == self._number and self._now() < last_look:
                self._sleep(LOOK_S)
        framed = self._ring.read() if self._ring.number != self._number else None
        if framed is not None:
            self._number, self._missed = framed.number, 0
        else:
            self._missed += 1
        now = self._now()
        shown = self._picture.next(now, framed)
        if shown is not None and self._camera is not None:
            pixels, form = shown
            self._camera.send_pixels(pixels, form.pixel_format, form.width, form.height)
            delay_s = self._now() - deadline
            self._figures.add(now, self._picture.shows, delay_s > 0.5 / fps, skipped)
            if self._aside is not None:
                self._aside.ask(deadline + 1.0 / fps)

    def _wait_until(self, t: float) -> None:
        wait_s = t - self._now()
        if wait_s > 0:
            self._sleep(wait_s)

    def _tell(self, *, at_once: bool = False) -> None:
        """Leave word of the camera for the others."""
        now = self._now()
        state = self._camera.state if self._camera is not None else None
        if not at_once and state == self._told and now - self._told_at < TELL_S:
            return
        self._told, self._told_at = state, now
        self._board.camera.write(
            {
                "pid": os.getpid(),
                "order": self._order_serial,
                "state": None if state is None else vars(state),
                "shows": self._picture.shows,
                **self._figures.all(),
            }
        )


def main(arguments: Sequence[str], system: Callable[[str], CameraSystem] = this_system) -> int:
    """Run the process; returns its exit code."""
    import faulthandler

    faulthandler.enable()
    stop = threading.Event()
    watch_lifeline(stop.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _n, _f: stop.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    wake_soon()
    go_first()
    # Threads of OpenCV's own would have to be waited for, on cores that a new renderer keeps busy.
    cv2.setNumThreads(1)
    board = Board.attach(arguments[0])
    with contextlib.suppress(PortraitError):  # the renderer was refused the same, and tells of it
        Sender(board, system=system).run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
