"""Draws the loop that the camera shows while the renderer is away, beside what is on air."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from streamer.animation.animator import Animator
from streamer.animation.idle_style import IdleStyle, LoopStyle
from streamer.badge import stamped
from streamer.controls import Wishes
from streamer.courtesy import Courtesy
from streamer.engines import Scene, Twinned
from streamer.memory import give_back
from streamer.parameters import Face
from streamer.sending.board import Board, Number
from streamer.sending.standby import StandbyPlace, encode
from streamer.stage import Stage

log = logging.getLogger(__name__)

STYLE: Final = "eco"


@dataclass(frozen=True)
class Length:
    """How long a loop is, at which rate, and the pause after each of its pictures. Unit: s."""

    length_s: float
    fps: float
    pause_s: float

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return round(self.length_s * self.fps)


# What is there first: short, so that it is there soon. The sender mixes neighbours, so that 10 look
# like 30; lids that close within two pictures do not show it.
FIRST: Final = Length(2.0, 10.0, 0.005)

# Long enough that a face that is looked at for a minute is not seen to repeat a habit, and drawn
# with a small part of a core.
FULL: Final = Length(6.0, 15.0, 0.03)

# Another scene must have stayed for so long, and held sliders: what is dragged is not followed.
SCENE_SETTLED_S: Final = 0.3
HELD_SETTLED_S: Final = 2.0
LOOK_S: Final = 0.1

# Frames of this renderer after which there is time for anything else.
FRAMES_FIRST: Final = 3

# An engine that takes longer for so many frames in a row, after the first, would be kept from the
# live picture for minutes. It may only be the machine that is busy, so it is tried again: after so
# long, then after four times that, and so on.
SLOWEST_FRAME_S: Final = 0.2
SLOW_FRAMES: Final = 3
AGAIN_S: Final = 20.0
AGAIN_GROWTH: Final = 4.0


@dataclass(frozen=True)
class Look:
    """What a loop is drawn for. ``number`` is the act's: of the scene and its badge."""

    number: int
    held: Mapping[str, float]

    @property
    def badged(self) -> bool:
        """Whether frames carry the badge."""
        return self.number % 2 == 1


class _NotNow(Exception):
    """The loop is not finished, and the one before stays."""


class _TooSlow(_NotNow):
    """The engine takes so long for a frame that the live picture would suffer."""


class StandbyMaker:
    """Keeps the loop on the board as the portrait on air looks: scene, framing, held sliders.

    `run` is a thread's work. ``styles`` gives the idle styles, ``wishes`` what is wished now.
    """

    def __init__(
        self,
        board: Board,
        stage: Stage,
        *,
        styles: Callable[[], Mapping[str, IdleStyle]],
        wishes: Callable[[], Wishes],
        courtesy: Courtesy,
        stop: threading.Event,
        seed: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._board = board
        self._place = StandbyPlace(board)
        self._stage = stage
        self._styles = styles
        self._wishes = wishes
        self._courtesy = courtesy
        self._stop = stop
        self._seed = seed
        self._now = now

    def run(self) -> None:
        """Make loops whenever what is on air has changed and settled, until told to stop."""
        begun = self._board[Number.FRAMES]
        made: Look | None = None
        seen: Look | None = None
        since, again_s, again_at = 0.0, AGAIN_S, math.inf
        while not self._stop.wait(LOOK_S):
            if self._board[Number.FRAMES] - begun < FRAMES_FIRST:
                continue
            look, now = self._look(), self._now()
            if look != seen:
                seen, since, again_s = look, now, AGAIN_S
            if now < again_at if look == made else now - since < self._patience_s(look, made):
                continue
            made, again_at = look, math.inf
            try:
                self._make(look)
            except _TooSlow:
                again_at, again_s = self._now() + again_s, again_s * AGAIN_GROWTH
            except _NotNow:
                pass  # the scene has changed
            except Exception:  # without a loop the last frame stands; the portrait goes on
                log.warning("The standby loop could not be drawn", exc_info=True)

    @staticmethod
    def _patience_s(look: Look, made: Look | None) -> float:
        if made is None:
            return 0.0
        return HELD_SETTLED_S if made.number == look.number else SCENE_SETTLED_S

    def _look(self) -> Look:
        return Look(self._stage.on_air.look, self._wishes().held)

    def _make(self, look: Look) -> None:
        """Draw a short loop where there is none of this scene, then the full one.

        The loop that is there, of the renderer before for instance, is used again if a picture of
        it, drawn anew, has the same bytes.
        """
        scene = self._scene()
        if scene is None:
            return
        give_back()  # what the start, or the change, needed for a moment
        try:
            full = self._faces(FULL, scene.rest, look)
            probe = FULL.count // 2
            if not full or self._place.adopt(
                look.number, FULL.fps, probe, self._picture(scene, full[probe], look)
            ):
                return
            if self._place.stage != look.number:
                first = self._faces(FIRST, scene.rest, look)
                self._place.write(self._pictures(scene, first, look, FIRST), FIRST.fps, look.number)
            if self._place.write(self._pictures(scene, full, look, FULL), FULL.fps, look.number):
                self._place.forget_the_other()
        finally:
            scene.close()
            del scene
            give_back()

    def _scene(self) -> Scene | None:
        """Return a scene like the one on air, to draw with in this thread."""
        on_air = self._stage.on_air.scene
        if isinstance(on_air, Twinned):
            return on_air.twin()
        engine, portrait, view = self._stage.engine, self._stage.portrait, self._stage.view
        return None if engine is None or portrait is None else engine.stage(portrait, view)

    def _pictures(
        self, scene: Scene, faces: list[Face], look: Look, length: Length
    ) -> Iterator[bytes]:
        slow = 0
        for index, face in enumerate(faces):
            self._courtesy.wait()
            start = self._now()
            picture = self._picture(scene, face, look)
            slow = slow + 1 if index and self._now() - start > SLOWEST_FRAME_S else 0
            if slow == SLOW_FRAMES:
                raise _TooSlow
            yield picture
            if self._stop.wait(length.pause_s) or self._look().number != look.number:
                raise _NotNow

    def _picture(self, scene: Scene, face: Face, look: Look) -> bytes:
        frame = scene.render(face)
        return encode(stamped(frame) if look.badged else frame)

    def _faces(self, length: Length, rest: Face, look: Look) -> list[Face]:
        """Return the faces of one loop, which ends as it began."""
        style = self._styles().get(STYLE)
        if style is None:
            return []
        once = LoopStyle(count=1, shortest_s=length.length_s, longest_s=length.length_s)
        animator = Animator(
            seed=self._seed, rest=rest, presets={}, styles={STYLE: replace(style, loops=once)}
        )
        wishes = Wishes(held=look.held, idle_style=STYLE)
        return [animator.at(index / length.fps, wishes) for index in range(length.count)]
