"""One preset from rest to rest, frame by frame, beside the live camera."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from streamer.animation.animator import Animator
from streamer.animation.presets import Preset
from streamer.controls import Controls, Wishes
from streamer.engines import Engine, Portrait
from streamer.view import Frame, View

FPS_RANGE: Final = (1.0, 60.0)


@dataclass(frozen=True)
class GeneratedFrame:
    """One frame; valid until the next is taken."""

    index: int
    time_s: float
    frame: Frame


class Frames:
    """A row of frames still to be drawn: iterate once, or `close` to free the scene early."""

    def __init__(self, total: int, fps: float, view: View, frames: Iterator[GeneratedFrame]):
        self.total = total
        self.fps = fps
        self.width = view.width
        self.height = view.height
        self._frames = frames

    def __iter__(self) -> Iterator[GeneratedFrame]:
        return self._frames

    def close(self) -> None:
        """Stop drawing and free the scene."""
        close = getattr(self._frames, "close", None)
        if close is not None:
            close()


def generate(
    engine: Engine,
    portrait: Portrait,
    view: View,
    preset: Preset,
    fps: float,
    strength: float,
    finish: Callable[[Frame], Frame] = lambda frame: frame,
) -> Frames:
    """Prepare the frames of one preset without idle motion; ``finish`` has the last word on each.

    Raises: `ValueError` for ``fps`` or ``strength`` out of range.
    """
    if not (math.isfinite(fps) and FPS_RANGE[0] <= fps <= FPS_RANGE[1]):
        raise ValueError(f"fps must be {FPS_RANGE[0]:g} to {FPS_RANGE[1]:g}, got {fps}")
    if not (math.isfinite(strength) and 0.0 < strength <= 1.0):
        raise ValueError(f"strength must be above 0 and at most 1, got {strength}")
    total = max(1, math.ceil(preset.duration_s * fps) + 1)

    def frames() -> Iterator[GeneratedFrame]:
        scene = engine.stage(portrait, view)
        try:
            animator = Animator(seed=0, rest=scene.rest, presets={preset.name: preset}, styles={})
            controls = Controls(Wishes(idle_strength=0.0))
            controls.trigger(preset.name, strength, at=0.0)
            wishes = controls.snapshot()
            for index in range(total):
                t = index / fps
                yield GeneratedFrame(index, t, finish(scene.render(animator.at(t, wishes))))
        finally:
            scene.close()

    return Frames(total, fps, view, frames())
