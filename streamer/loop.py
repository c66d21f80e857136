"""run(): the render loop, on one screen."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from streamer.animation.animator import Animator
from streamer.controls import Controls
from streamer.engines import Scene
from streamer.pacer import Pacer
from streamer.parameters import Face
from streamer.sinks import Sink
from streamer.stats import FrameTimes, Stats
from streamer.view import Frame

log = logging.getLogger(__name__)

# A portrait fades into the next over this time: shorter reads as a cut, longer as a ghost.
FADE_S = 0.4


@dataclass(frozen=True)
class Moment:
    """What the newest frame shows, for readers outside the render thread."""

    t: float
    face: Face
    playing: tuple[str, ...]


class Act:
    """The scene on stage: how the loop gets the next one, and what it last showed.

    Other threads call `replace`; the loop takes the new scene at its next frame and fades to it.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._next: Scene | None = None
        self._fade_from: Frame | None = None
        self._fade_start = 0.0
        self._last: Frame | None = None

    def replace(self, scene: Scene) -> None:
        """Hand over the next scene, prepared and of the same frame size."""
        self._next = scene

    def change(self, t: float) -> bool:
        """Take the next scene, if there is one; the old one is closed."""
        scene, self._next = self._next, None
        if scene is None:
            return False
        if self._last is not None:
            self._fade_from = self._last.copy()
            self._fade_start = t
        self.scene.close()
        self.scene = scene
        return True

    def draw(self, face: Face, t: float) -> Frame:
        """Draw the frame, faded while a change is under way."""
        frame = self.scene.render(face)
        if self._fade_from is not None:
            x = (t - self._fade_start) / FADE_S
            if x >= 1.0 or self._fade_from.shape != frame.shape:
                self._fade_from = None
            else:
                weight = max(0.0, x) ** 2 * (3 - 2 * max(0.0, x))
                mixed = cv2.addWeighted(frame, weight, self._fade_from, 1.0 - weight, 0.0)
                frame = np.asarray(mixed, np.uint8)
        self._last = frame
        return frame

    @property
    def last(self) -> Frame | None:
        """The newest good frame."""
        return self._last


def run(
    *,
    stop: threading.Event,
    pacer: Pacer,
    animator: Animator,
    controls: Controls,
    act: Act,
    sinks: Sequence[Sink],
    stats: Stats,
    publish: Callable[[Moment], None],
    problem: Callable[[str], None],
    frames: int | None = None,
) -> None:
    """Draw frames until ``stop`` is set, or until ``frames`` deadlines have passed.

    This thread alone touches the scene and the sinks. A frame is drawn for the time of its
    deadline, so a slow machine shows fewer frames, never an older face. An engine that fails
    leaves the last good frame standing; ``problem`` is told, and ``""`` once it works again.
    """
    t = 0.0  # the first frame is sent at once, the others on the grid
    while not stop.is_set():
        with pacer.section("animate"):
            if act.change(t):
                animator.set_rest(act.scene.rest)
            face = animator.at(t, controls.snapshot())
        with pacer.section("render"):
            frame = _draw(act, face, t, problem)  # ends with the frame in memory
        with pacer.section("send"):
            if frame is not None:
                for sink in sinks:
                    sink.send(frame, t)
        delay_s = pacer.sent()
        stats.add(FrameTimes(pacer.t, dict(pacer.section_s), delay_s))
        publish(Moment(t, face, animator.playing))
        if frames is not None and t >= (frames - 1) / pacer.fps:
            return
        t = pacer.next_frame()


def _draw(act: Act, face: Face, t: float, problem: Callable[[str], None]) -> Frame | None:
    """Draw, or fall back to the last good frame: on air, an old face beats no face."""
    try:
        frame = act.draw(face, t)
    except Exception as exc:  # the camera must go on whatever an engine does; it is reported
        problem(f"The engine failed: {type(exc).__name__}: {exc}")
        log.debug("engine failure", exc_info=True)
        return act.last
    problem("")
    return frame
