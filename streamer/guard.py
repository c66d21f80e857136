"""No bad frame leaves: the last good one stands in for a frame that failed or came out black."""

import logging
from typing import Final

import numpy as np

from streamer.engines import Scene
from streamer.parameters import Face
from streamer.view import Frame

log = logging.getLogger(__name__)

# A frame is about as bright as the still photo in the same view; the known fault is all black.
# Chosen: no expression, turn or shift of the head takes three quarters of the light away.
DARK_SHARE: Final = 0.25
# Every 16th pixel of every 16th row tells how bright a frame is to a percent, in 0.02 ms at 720p.
STEP: Final = 16
# A still darker than this (of 255) cannot be told from a black frame.
LEAST_LIGHT: Final = 4.0


def brightness(frame: Frame) -> float:
    """Return the mean of a frame's values, 0..255, from a grid of its pixels."""
    sample = frame[STEP // 2 :: STEP, STEP // 2 :: STEP]
    return float(sample.sum(dtype=np.int64)) / max(1, sample.size)


class Guard:
    """Draws the frames of one scene. ``fault`` says what was wrong with the last one, or is empty.

    Costs a copy of the frame and a look at it, 0.1 ms together at 720p: an engine may draw into
    the same memory again, so the last good frame is kept here.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.fault = ""
        still = scene.still
        self._good = still.copy()
        self._light = brightness(still)
        self._least = DARK_SHARE * self._light if self._light >= LEAST_LIGHT else -1.0

    def render(self, face: Face) -> Frame:
        """Draw a frame, or give the last good one again; at first that is the still photo."""
        try:
            frame = self.scene.render(face)
            self.fault = self._wrong(frame)
            if self.fault:
                return self._good
            np.copyto(self._good, frame)
        except Exception as exc:  # the camera must go on whatever an engine does; it is reported
            self.fault = str(exc) or type(exc).__name__
            log.debug("engine failure", exc_info=True)
            return self._good
        return frame

    def _wrong(self, frame: Frame) -> str:
        if frame.shape != self._good.shape:
            return f"a frame of the shape {frame.shape} instead of {self._good.shape}"
        light = brightness(frame)
        if light < self._least:
            return f"a dark frame: mean {light:.1f} of 255, the photo's is {self._light:.1f}"
        return ""


def tried(scene: Scene) -> str:
    """Draw a scene's face at rest for a trial; returns what is wrong with it, or nothing."""
    guard = Guard(scene)
    guard.render(scene.rest)
    return guard.fault
