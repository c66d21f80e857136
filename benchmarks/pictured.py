"""A portrait close up, for the pictures of the documents: faces in, small frames out."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from streamer import Config, Wishes
from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.engines import Scene
from streamer.parameters import Face
from streamer.stream import Stream


class Sitter:
    """The portrait that poses: a painting, which may be shown doing anything."""

    def __init__(self, photo: str = "mona-lisa", size: str = "450x504", zoom: float = 1.25) -> None:
        self._stream = Stream(Config(photo=photo, size=size, camera="none", zoom=zoom))
        self._scene: Scene = self._stream.stage_once()

    @property
    def library(self) -> PresetLibrary:
        """What is shipped."""
        return self._stream.presets

    def animator(self, seed: int) -> Animator:
        """Return an animator for this face."""
        library = self.library
        return Animator(
            seed=seed,
            rest=self._scene.rest,
            presets=library.presets,
            styles=library.idle_styles,
        )

    def picture(self, face: Mapping[str, float], width: int, height: int) -> Image.Image:
        """Draw a face close up: the middle of the frame, where eyes and mouth are."""
        frame = np.array(self._scene.render(Face(face)))
        full = Image.fromarray(frame)
        w, h = full.size
        cut_h = round(0.72 * h)
        cut_w = min(round(cut_h * width / height), w)
        left, top = (w - cut_w) // 2, round(0.14 * h)
        cut = full.crop((left, top, left + cut_w, top + cut_h))
        return cut.resize((width, height), Image.Resampling.LANCZOS)

    def film(
        self, wishes: Wishes, seconds: float, fps: float, size: tuple[int, int], seed: int = 4
    ) -> Iterator[Image.Image]:
        """Draw what the wishes give, frame by frame."""
        animator = self.animator(seed)
        for k in range(round(seconds * fps)):
            yield self.picture(animator.at(k / fps, wishes), *size)

    def close(self) -> None:
        """Free the scene."""
        self._scene.close()


def save_film(path: Path, frames: Iterator[Image.Image], fps: float, quality: int = 45) -> None:
    """Write a film that goes round for ever."""
    first, *rest = frames
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(
        path,
        save_all=True,
        append_images=rest,
        duration=round(1000 / fps),
        loop=0,
        quality=quality,
        method=6,
    )
