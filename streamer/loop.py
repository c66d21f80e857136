"""run(): the render loop, on one screen."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from streamer.animation.animator import Animator
from streamer.controls import Controls
from streamer.engines import Scene
from streamer.guard import Guard
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
        self._guard = Guard(scene)
        self._next: Scene | None = None
        self._fade_from: Frame | None = None
        self._fade_start = 0.0
        self._last: Frame | None = None

    @property
    def scene(self) -> Scene:
        """The scene on stage."""
        return self._guard.scene

    @property
    def fault(self) -> str:
        """What was wrong with the newest frame, which was not shown; empty for a good one."""
        return self._guard.fault

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
        self._guard = Guard(scene)
        return True

    def draw(self, face: Face, t: float) -> Frame:
        """Draw the frame, or the last good one, faded while a change is under way."""
        frame = self._guard.render(face)
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
    watch: Callable[[str], None],
    problem: Callable[[str], None],
    frames: int | None = None,
) -> None:
    """Draw frames until ``stop`` is set, or until ``frames`` deadlines have passed.

    This thread alone touches the scene and the sinks. A frame is drawn for the time of its
    deadline, so a slow machine shows fewer frames, never an older face. In the place of a frame
    that failed the last good one leaves; ``watch`` is told of every frame what was wrong with it,
    ``""`` if nothing. Another part that fails leaves things as they are; ``problem`` is told, and
    ``""`` once it works again.
    """
    t = 0.0  # the first frame is sent at once, the others on the grid
    face: Face = act.scene.rest
    while not stop.is_set():
        wrong: list[str] = []
        with pacer.section("animate"), _reported("The animation", wrong):
            if act.change(t):
                animator.set_rest(act.scene.rest)
            face = animator.at(t, controls.snapshot())
        with pacer.section("render"):
            frame = act.draw(face, t)  # ends with the frame in memory
        pacer.wait_for_deadline()
        with pacer.section("send"):
            for sink in sinks:
                with _reported(f"The {type(sink).__name__}", wrong):
                    sink.send(frame, t)
        watch(act.fault)
        problem(" ".join(wrong))
        delay_s = pacer.sent()
        stats.add(FrameTimes(pacer.t, dict(pacer.section_s), delay_s))
        publish(Moment(t, face, animator.playing))
        if frames is not None and t >= (frames - 1) / pacer.fps:
            return
        t = pacer.next_frame()


@contextmanager
def _reported(part: str, wrong: list[str]) -> Iterator[None]:
    """Keep the loop alive whatever a part does: on air, an old face beats no face."""
    try:
        yield
    except Exception as exc:
        wrong.append(f"{part} failed: {type(exc).__name__}: {exc}")
        log.debug("%s failed", part, exc_info=True)
