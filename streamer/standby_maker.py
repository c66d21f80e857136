"""Draws the loop that the camera shows while the renderer is away, beside what is on air."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from streamer.animation.animator import Animator
from streamer.animation.idle_style import IdleStyle, LoopStyle
from streamer.badge import stamped
from streamer.controls import Wishes
from streamer.courtesy import Courtesy
from streamer.engines import Scene
from streamer.memory import give_back
from streamer.parameters import Face
from streamer.sending.board import Board
from streamer.sending.standby import StandbyPlace, encode
from streamer.stage import Stage

log = logging.getLogger(__name__)

# The loop's length and rate. The sender mixes neighbours, so that 15 look like 30; long enough
# that a face that is looked at for a minute is not seen to repeat a habit.
LENGTH_S: Final = 6.0
FPS: Final = 15.0
STYLE: Final = "eco"

# What is on air must have stayed as it is for so long: a slider that is dragged is not followed.
SETTLED_S: Final = 2.0
LOOK_S: Final = 0.5

# An engine that takes longer for a frame would be kept from the live picture for minutes.
SLOWEST_FRAME_S: Final = 0.2

# Between two frames, so that the loop takes a small part of a core for a short while.
PAUSE_S: Final = 0.03

# The scene's number, held sliders, whether frames carry the badge.
Look = tuple[int, Mapping[str, float], bool]


class _NotNow(Exception):
    """The loop is not finished, and the one before stays."""


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
    ) -> None:
        self._place = StandbyPlace(board)
        self._stage = stage
        self._styles = styles
        self._wishes = wishes
        self._courtesy = courtesy
        self._stop = stop
        self._seed = seed

    def run(self) -> None:
        """Make a loop whenever what is on air has changed and settled, until told to stop."""
        made: Look | None = None
        seen: Look | None = None
        since = time.monotonic()
        while not self._stop.wait(LOOK_S):
            look = self._look()
            if look != seen:
                seen, since = look, time.monotonic()
            elif look != made and time.monotonic() - since >= SETTLED_S:
                made = look
                try:
                    self._make(look)
                except Exception:  # without a loop the last frame stands; the portrait goes on
                    log.warning("The standby loop could not be drawn", exc_info=True)

    def _look(self) -> Look:
        act = self._stage.on_air
        return act.serial, self._wishes().held, act.badged

    def _make(self, look: Look) -> None:
        engine, portrait, view = self._stage.engine, self._stage.portrait, self._stage.view
        if engine is None or portrait is None:
            return
        scene = engine.stage(portrait, view)
        try:
            self._place.write(self._pictures(scene, look), FPS, look[0])
        except _NotNow:
            pass  # the look has changed, or the engine is too slow for this
        finally:
            scene.close()
            del scene
            give_back()

    def _pictures(self, scene: Scene, look: Look) -> Iterator[bytes]:
        for index, face in enumerate(self._faces(scene.rest, look[1])):
            self._courtesy.wait()
            start = time.monotonic()
            frame = scene.render(face)
            if time.monotonic() - start > SLOWEST_FRAME_S and index > 2:
                raise _NotNow
            yield encode(stamped(frame) if look[2] else frame)
            if self._stop.wait(PAUSE_S) or self._look()[0] != look[0]:
                raise _NotNow

    def _faces(self, rest: Face, held: Mapping[str, float]) -> Iterator[Face]:
        """Return the faces of one loop, which ends as it began."""
        style = self._styles().get(STYLE)
        if style is None:
            return
        one = replace(style, loops=LoopStyle(count=1, shortest_s=LENGTH_S, longest_s=LENGTH_S))
        animator = Animator(seed=self._seed, rest=rest, presets={}, styles={STYLE: one})
        wishes = Wishes(held=held, idle_style=STYLE)
        for index in range(round(LENGTH_S * FPS)):
            yield animator.at(index / FPS, wishes)
