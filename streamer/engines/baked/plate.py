"""The plate: the square of the photo around the face that is drawn once, for every view.

It lies in the photo's own directions and at the scale of the neural engine's crop, so that any
engine can draw it and any view can show it: a view only scales and shifts it.
"""

from dataclasses import dataclass, field
from math import ceil
from typing import Final, Protocol, runtime_checkable

import numpy as np

from streamer.engines import Portrait
from streamer.engines.liveportrait.crop import CROP_PX
from streamer.engines.liveportrait.locating import NamedPoints, from_named
from streamer.geometry import Matrix, apply, inverse, scale_of, similarity
from streamer.view import Framing, View

# A crop that is turned by 20 degrees fits in whole; where a head lies further over, its corners,
# which hold no face, are left out.
MAX_PLATE_PX: Final = 640


@dataclass(frozen=True)
class Plate:
    """Where the plate lies, and where the head is in the photo. Units: px."""

    side_px: int
    photo_from_plate: Matrix
    framing: Framing

    @property
    def view(self) -> View:
        """A view that shows the plate and nothing else: what an engine draws a bake through."""
        return PlateView(
            width=self.side_px,
            height=self.side_px,
            plate_from_photo=inverse(self.photo_from_plate),
        )


@dataclass(frozen=True)
class PlateView(View):
    """A view that is given by its map."""

    plate_from_photo: Matrix = field(default_factory=lambda: similarity(1.0), compare=False)

    def frame_from_photo(
        self, photo_width: int, photo_height: int, framing: Framing | None
    ) -> Matrix:
        """Return the map, whatever the photo is."""
        return self.plate_from_photo


@runtime_checkable
class _Cropped(Protocol):
    @property
    def photo_from_crop(self) -> Matrix: ...
    @property
    def framing(self) -> Framing: ...


@runtime_checkable
class _Marked(Protocol):
    @property
    def landmarks(self) -> NamedPoints: ...


def plate_of(portrait: Portrait) -> Plate:
    """Return the plate of a portrait of either engine."""
    if isinstance(portrait, _Cropped):
        return _around(np.asarray(portrait.photo_from_crop, np.float64), portrait.framing)
    if isinstance(portrait, _Marked):
        located = from_named(portrait.landmarks)
        photo_from_crop = np.asarray(located.crop().photo_from_crop, np.float64)
        return _around(photo_from_crop, located.framing)
    raise TypeError(f"a portrait that says where its face lies is needed, not {portrait!r}")


def _around(photo_from_crop: Matrix, framing: Framing) -> Plate:
    """Return the upright square that holds a crop."""
    low, high = -0.5, CROP_PX - 0.5
    corners = apply(photo_from_crop, np.array([[low, low], [high, low], [low, high], [high, high]]))
    scale = scale_of(photo_from_crop)
    first, last = corners.min(axis=0), corners.max(axis=0)
    side = min(2 * ceil(float((last - first).max()) / scale / 2.0 - 1e-3), MAX_PLATE_PX)
    middle = (first + last) / 2.0
    start = middle - scale * (side - 1) / 2.0
    return Plate(side, similarity(scale, float(start[0]), float(start[1])), framing)
