"""One baked portrait in one view: finds the picture of a face, and completes what it lacks.

A face that was baked is shown as it is. For any other the nearest pictures are taken, one for eyes
and brows and one for the mouth where no single one has both; each is moved by the warp field to
where the head shall be. Wherever the picture changes more than the face did, what was shown last
fades out over it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from streamer.engines.baked.catalogue import (
    LOWER,
    UPPER,
    WHOLE,
    Catalogue,
    Match,
    Vector,
    named,
)
from streamer.engines.baked.lay import Lay
from streamer.engines.baked.residue import SERVED, Residue
from streamer.engines.face_steps import MIXED_PX, in_px
from streamer.errors import EngineError
from streamer.parameters import Face
from streamer.view import Frame

# One picture does for the whole face if neither eyes nor mouth are farther off than this.
TOGETHER_PX: Final = 1.5

# Skin that the field moves farther than this looks better in a picture that has it so.
STRETCHED_PX: Final = 2.0

# A picture that is off by so much more, or less, than the one before is faded in.
CUT_PX: Final = 1.2
FADE_S: Final = 0.13

# What is off by more than this, for longer than that, is told.
TOLD_PX: Final = 4.0
TOLD_S: Final = 0.5

# The styles of idle life that were not baked give way to this one.
LOOPED_STYLE: Final = "eco"

_EYES: Final = UPPER * (WHOLE >= 1.0)
_MOUTH: Final = LOWER * (WHOLE >= 1.0)
_SKIN: Final = SERVED & (WHOLE >= 1.0)


class BakedScene:
    """Draws from disk. Idle life comes in loops: see ``strained`` in `DeviceScene`."""

    def __init__(
        self,
        catalogue: Catalogue,
        lay: Lay,
        residue: Residue | None,
        rest: Face,
        *,
        fps: float = 30.0,
    ) -> None:
        self.rest: Face = rest
        self.counts = {"exact": 0, "near": 0, "composed": 0}
        self._catalogue = catalogue
        self._lay = lay
        self._residue = residue
        self._fade_frames = max(2, round(FADE_S * fps))
        self._told_frames = max(1, round(TOLD_S * fps))
        self._last: Face | None = None
        self._plate: Frame | None = None
        self._fade_from: Frame | None = None
        self._faded = 0
        self._off: Vector = np.zeros(len(WHOLE), np.float32)
        self._indices = (-1, -1)
        self._off_for: dict[str, int] = {}
        self._closed = False

    @property
    def still(self) -> Frame:
        """The photo in this view; valid until the first frame is drawn."""
        return self._lay.frame

    @property
    def ahead(self) -> int:
        """Nothing has to be drawn ahead."""
        return 0

    @property
    def strained(self) -> bool:
        """New faces cannot be drawn: idle life must come in loops."""
        return True

    @property
    def lacking(self) -> list[str]:
        """The parameters that have been asked for where there is no picture of it."""
        return [name for name, frames in self._off_for.items() if frames >= self._told_frames]

    @property
    def drawn(self) -> int:
        """How many frames were drawn."""
        return sum(self.counts.values())

    @property
    def closed(self) -> bool:
        """Whether it draws no more."""
        return self._closed

    def expect(self, faces: Sequence[Face]) -> None:
        """Nothing has to be drawn ahead."""

    def native(self, pixel_format: str) -> Frame | None:
        """Frames are RGB."""
        return None

    def figures(self) -> Mapping[str, object]:
        """Return how frames came about."""
        return {"frames": dict(self.counts), "lacking": self.lacking}

    def render(self, face: Face) -> Frame:
        """Draw one frame; an unchanged face gives the last frame again. Raises: `EngineError`."""
        if self._closed:
            raise EngineError("This scene was closed; stage the portrait again to draw it.")
        if face == self._last and self._fade_from is None:
            return self._lay.frame
        plate, off = self._drawn(face)
        if self._plate is not None and float(np.abs(off - self._off).max()) > CUT_PX:
            self._fade_from, self._faded = self._plate, 0
        if self._fade_from is not None:
            self._faded += 1
            x = self._faded / self._fade_frames
            if x >= 1.0:
                self._fade_from = None
            else:
                weight = x * (2.0 - x)  # at once in motion: a face must not stand still
                mixed = cv2.addWeighted(plate, weight, self._fade_from, 1.0 - weight, 0.0)
                plate = np.asarray(mixed, np.uint8)
        self._plate, self._off, self._last = plate, off, dict(face)
        self._note(off)
        return self._lay.draw(plate)

    def close(self) -> None:
        """Close the files."""
        if not self._closed:
            self._closed = True
            self._catalogue.close()

    def _drawn(self, face: Face) -> tuple[Frame, Vector]:
        """Return the plate of a face, and what it is still off by. Raises: `EngineError`."""
        wanted = np.asarray(in_px(face), np.float32)
        index = self._catalogue.exact(face)
        if index is not None:
            picture = self._catalogue.picture(index)
            if picture is not None:
                self.counts["exact"] += 1
                self._indices = (index, index)
                return picture, np.zeros_like(wanted)
        for _ in range(len(self._catalogue)):  # a damaged picture is not offered twice
            found = self._near(wanted)
            if found is not None:
                return found
        raise EngineError("None of the baked pictures can be read. Bake the photo again.")

    def _near(self, wanted: Vector) -> tuple[Frame, Vector] | None:
        catalogue = self._catalogue
        index = catalogue.nearest(wanted, WHOLE, self._indices[0])
        whole = catalogue.mixed(index, wanted, WHOLE, MIXED_PX)
        off = self._short_of(whole.place, wanted)
        if self._residue is None or not _apart(off, whole.place, wanted):
            picture = self._picture(whole, wanted)
            if picture is None:
                return None
            self.counts["near"] += 1
            self._indices = (whole.index, whole.index)
            return picture, off
        upper = self._best(wanted, UPPER, self._indices[0])
        lower = self._best(wanted, LOWER, self._indices[1])
        above, below = self._picture(upper, wanted), self._picture(lower, wanted)
        if above is None or below is None:
            return None
        self.counts["composed"] += 1
        self._indices = (upper.index, lower.index)
        mask = self._residue.upper
        mixed = np.asarray(cv2.blendLinear(above, below, mask, 1.0 - mask), np.uint8)
        eyes = self._short_of(upper.place, wanted)
        mouth = self._short_of(lower.place, wanted)
        return mixed, np.asarray(np.where(_EYES > 0, eyes, mouth), np.float32)

    def _best(self, wanted: Vector, weights: Vector, after: int) -> Match:
        index = self._catalogue.nearest(wanted, weights, after)
        return self._catalogue.mixed(index, wanted, weights, MIXED_PX)

    def _picture(self, match: Match, wanted: Vector) -> Frame | None:
        """Return the plate of a match, moved to where it is wanted; None if it is damaged."""
        picture = self._catalogue.picture(match.index)
        if picture is None:
            return None
        if match.share:
            other = self._catalogue.picture(match.other)
            if other is None:
                return None
            mixed = cv2.addWeighted(picture, 1.0 - match.share, other, match.share, 0.0)
            picture = np.asarray(mixed, np.uint8)
        if self._residue is None:
            return picture
        return self._residue.moved(picture, match.place, wanted)

    def _short_of(self, place: Vector, wanted: Vector) -> Vector:
        """Return what stays lacking once the field has moved what it can."""
        if self._residue is None:
            return wanted - place
        return np.asarray(np.where(SERVED, 0.0, wanted - place), np.float32)

    def _note(self, off: Vector) -> None:
        far = set(named(off, TOLD_PX))
        self._off_for = {name: self._off_for.get(name, 0) + 1 for name in far}


def _apart(off: Vector, shown: Vector, wanted: Vector) -> bool:
    """Whether one picture is too far off for eyes or mouth, also for the field to be trusted."""
    stretched = np.where(_SKIN, np.maximum(np.abs(wanted - shown) - STRETCHED_PX, 0.0), 0.0)
    off = np.maximum(np.abs(off), stretched)
    return max(_length(off * _EYES), _length(off * _MOUTH)) > TOGETHER_PX


def _length(vector: Vector) -> float:
    return float(np.sqrt((vector * vector).sum()))
