"""run(): the render loop, on one screen."""

import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from streamer.animation.animator import Animator
from streamer.badge import Badge
from streamer.controls import Wishes, Wishing
from streamer.courtesy import Courtesy
from streamer.engines import DeviceScene, Scene
from streamer.guard import Guard
from streamer.pacer import Pacer
from streamer.parameters import Face
from streamer.sinks import Sink
from streamer.stats import FrameTimes, Stats
from streamer.view import Frame

log = logging.getLogger(__name__)

# A portrait fades into the next over this time: shorter reads as a cut, longer as a ghost.
FADE_S = 0.4

# What the portrait idles in while its device cannot keep up: few different faces, kept in memory.
STRAINED_STYLE = "eco"


@dataclass(frozen=True)
class Moment:
    """What the newest frame shows, for readers outside the render thread."""

    t: float
    face: Face
    playing: tuple[str, ...]
    driven: Mapping[str, str] = field(default_factory=dict)


class Act:
    """The scene on stage: how the loop gets the next one, and what it last showed.

    Other threads call `replace` and `cover`; the loop takes the new scene at its next frame and
    fades to it.
    """

    def __init__(self, scene: Scene) -> None:
        self.serial = 0  # of the scene on stage
        self._take(scene)
        self._next: Scene | None = None
        self._cover: Frame | None = None
        self._fade_from: Frame | None = None
        self._fade_start = 0.0
        self._last: Frame | None = None
        self._own = False  # whether the newest frame is the scene's own, untouched
        self._badge = Badge()
        self.badged = False  # set by any thread: whether frames carry the badge

    @property
    def look(self) -> int:
        """Number of what is seen: odd with the badge, and greater for each scene on stage."""
        return 2 * self.serial + self.badged

    @property
    def scene(self) -> Scene:
        """The scene on stage."""
        return self._guard.scene

    @property
    def fault(self) -> str:
        """What was wrong with the newest frame, which was not shown; empty for a good one."""
        return self._guard.fault

    @property
    def ahead(self) -> int:
        """How many frames of forecast the scene wants."""
        return 0 if self._device is None or self._cover is not None else self._device.ahead

    @property
    def strained(self) -> bool:
        """Whether the scene's device cannot keep up with new faces."""
        return self._device is not None and self._device.strained

    @property
    def covered(self) -> bool:
        """Whether the newest frame was the covering picture."""
        return self._covered

    def replace(self, scene: Scene) -> None:
        """Hand over the next scene, prepared."""
        self._next = scene

    def overtaken(self, scene: Scene) -> bool:
        """Whether a later scene was handed over before this one was taken."""
        return self.scene is not scene and self._next is not scene

    def cover(self, picture: Frame | None) -> None:
        """Show a picture in the place of the face from the next frame on; None: the face again.

        Shape: (height, width, 3) as the frames'.
        """
        self._cover = picture

    def change(self, t: float) -> bool:
        """Take the next scene, if there is one; the old one is closed.

        A scene that cannot be taken is tried again with the next frame. What keeps the old one
        from being let go is logged: the new one is on stage all the same.
        """
        scene, old = self._next, self.scene
        if scene is None:
            return False
        self._take(scene)
        if self._next is scene:
            self._next = None
        steps: tuple[Callable[[], None], ...] = (lambda: self._fade(t), old.close)
        for let_go in steps:
            try:
                let_go()
            except Exception:
                log.exception("The scene before could not be let go in order")
        return True

    def draw(self, face: Face, t: float) -> Frame:
        """Draw the frame, or the last good one, faded while a change is under way; and the badge.

        The next frame takes the badge off again: memory of the scene's is only lent.
        """
        self._badge.lift()
        frame = self._draw(face, t)
        return self._badge.stamp(frame) if self.badged else frame

    def _draw(self, face: Face, t: float) -> Frame:
        cover = self._cover
        if cover is not None:
            # At once, and whatever fades: it is asked for when nobody must see the face.
            self._own, self._last, self._fade_from = False, cover, None
            self._covered = True
            return cover
        if self._covered:
            self._covered = False
            self._fade(t)
        frame = self._guard.render(face)
        self._own = not self._guard.fault
        if self._fade_from is not None:
            x = (t - self._fade_start) / FADE_S
            if x >= 1.0 or self._fade_from.shape != frame.shape:
                self._fade_from = None
            else:
                weight = max(0.0, x) ** 2 * (3 - 2 * max(0.0, x))
                mixed = cv2.addWeighted(frame, weight, self._fade_from, 1.0 - weight, 0.0)
                frame = np.asarray(mixed, np.uint8)
                self._own = False
        self._last = frame
        return frame

    def expect(self, faces: Sequence[Face]) -> None:
        """Tell the scene what comes next."""
        if self._device is not None:
            self._device.expect(faces)

    def native(self, pixel_format: str) -> Frame | None:
        """Return the newest frame in a camera's own format, where the scene has made it."""
        if self._device is None or not self._own:
            return None
        pixels = self._device.native(pixel_format)
        return None if pixels is None else self._badge.native(pixels, pixel_format)

    def _take(self, scene: Scene) -> None:
        self._guard = Guard(scene)
        self.serial += 1  # after the scene: who reads the number first finds no older scene
        self._device = scene if isinstance(scene, DeviceScene) else None
        self._covered = False

    def _fade(self, t: float) -> None:
        """Let what was shown last fade into what is drawn from now on."""
        self._badge.lift()
        if self._last is not None:
            self._fade_from = self._last.copy()
            self._fade_start = t


def run(
    *,
    stop: threading.Event,
    pacer: Pacer,
    animator: Animator,
    controls: Wishing,
    act: Act,
    sinks: Sequence[Sink],
    stats: Stats,
    publish: Callable[[Moment], None],
    watch: Callable[[str], None],
    problem: Callable[[str], None],
    until_s: float = math.inf,
    before: Callable[[float], None] = lambda t: None,
    heed: Callable[[float, Wishes, bool], None] = lambda t, wishes, changed: None,
    courtesy: Courtesy | None = None,
    early: Sequence[Sink] = (),
) -> None:
    """Draw frames until ``stop`` is set, or up to the deadlines before ``until_s`` of stream time.

    This thread alone touches the scene and the sinks. A frame is drawn for the time of its
    deadline, so a slow machine shows fewer frames, never an older face. ``early`` sinks keep the
    deadline themselves and get each frame as soon as it is drawn. In the place of a frame
    that failed the last good one leaves; ``watch`` is told of every frame what was wrong with it,
    ``""`` if nothing. Another part that fails leaves things as they are; ``problem`` is told, and
    ``""`` once it works again. ``before`` is called with each frame's time before the wishes are
    read, ``heed`` with what was read and whether the scene has changed. ``courtesy`` is told when
    others would be in the way.
    """
    courtesy = courtesy or Courtesy()
    t = pacer.first_frame()  # sent at once, the others on the grid
    face: Face = act.scene.rest
    frame: Frame = act.scene.still
    wishes = controls.snapshot()
    while not stop.is_set():
        wrong: list[str] = []
        with _reported("The waiting of others", wrong):
            courtesy.begin()
        with pacer.section("animate"), _reported("The animation", wrong):
            before(t)
            changed = act.change(t)
            if changed:
                animator.set_rest(act.scene.rest)
            wishes = controls.snapshot()
            heed(t, wishes, changed)
            if act.strained:
                wishes = replace(wishes, idle_style=STRAINED_STYLE)
            face = animator.at(t, wishes)
        with pacer.section("render"), _reported("The drawing", wrong):
            frame = act.draw(face, t)  # ends with the frame in memory
        with pacer.section("send"):
            _send(frame, t, early, wrong)
        pacer.wait_for_deadline()
        with pacer.section("send", more=True):
            _send(frame, t, sinks, wrong)
        delay_s = pacer.sent()
        with _reported("The watch over the engine", wrong):
            watch(act.fault)
        with _reported("The count of frames", wrong):
            stats.add(FrameTimes(pacer.t, dict(pacer.section_s), delay_s))
        with _reported("The state", wrong):
            publish(Moment(t, face, animator.playing, animator.driven))
        if act.ahead:
            with _reported("The look ahead", wrong):
                act.expect(animator.forecast(pacer.deadlines(act.ahead), wishes))
        with _reported("The waiting of others", wrong):
            courtesy.end(pacer.spare_s)
        problem(" ".join(wrong))
        if t + 1.0 / pacer.fps >= until_s - 1e-9:
            return
        t = pacer.next_frame()


def _send(frame: Frame, t: float, sinks: Sequence[Sink], wrong: list[str]) -> None:
    for sink in tuple(sinks):
        with _reported(f"The {type(sink).__name__}", wrong):
            sink.send(frame, t)


@contextmanager
def _reported(part: str, wrong: list[str]) -> Iterator[None]:
    """Keep the loop alive whatever a part does: on air, an old face beats no face."""
    try:
        yield
    except Exception as exc:
        wrong.append(f"{part} failed: {type(exc).__name__}: {exc}")
        log.debug("%s failed", part, exc_info=True)
