"""A face in a photo, as the crop and the ratios need it, whoever found it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import CropMap, Points, anchors_of, crop_map
from streamer.engines.liveportrait.ratios import eye_ratios, lip_ratio
from streamer.geometry import Matrix
from streamer.view import Framing

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Located:
    """A found face. Units: photo pixels.

    ``points`` reach from brows to chin and from cheek to cheek, as the landmarks do that the crop
    was made for; ``anchors`` are the middles of left eye, right eye and mouth, (3, 2).
    """

    points: Points
    anchors: Points
    eyes: tuple[float, float]
    mouth: float
    framing: Framing
    found_by: str

    def crop(self) -> CropMap:
        """Return the square around the face."""
        return crop_map(self.points, anchors=self.anchors)


class _Eye(Protocol):
    @property
    def outer(self) -> _Array: ...
    @property
    def inner(self) -> _Array: ...
    @property
    def upper(self) -> _Array: ...
    @property
    def lower(self) -> _Array: ...


class _Mouth(Protocol):
    @property
    def corner_l(self) -> _Array: ...
    @property
    def corner_r(self) -> _Array: ...
    @property
    def upper_in(self) -> _Array: ...
    @property
    def lower_in(self) -> _Array: ...


class _Outline(Protocol):
    @property
    def chin(self) -> _Array: ...
    @property
    def jaw_l(self) -> _Array: ...
    @property
    def jaw_r(self) -> _Array: ...
    @property
    def cheek_l(self) -> _Array: ...
    @property
    def cheek_r(self) -> _Array: ...


class NamedPoints(Protocol):
    """What is used of a face whose points have names: left and right are the picture's.

    Lid and lip lines are (3, 2), their middle point in the middle.
    """

    @property
    def eye_l(self) -> _Eye:
        """The left eye."""

    @property
    def eye_r(self) -> _Eye:
        """The right eye."""

    @property
    def brow_l(self) -> _Array:
        """The left brow, (3, 2)."""

    @property
    def brow_r(self) -> _Array:
        """The right brow, (3, 2)."""

    @property
    def mouth(self) -> _Mouth:
        """The lips."""

    @property
    def face(self) -> _Outline:
        """Jaw and cheeks."""

    @property
    def found_by(self) -> str:
        """Where the points come from."""

    def framing(self) -> Framing:
        """Where the head is."""

    def transformed(self, dst_from_src: Matrix) -> "NamedPoints":
        """Return the same face in another space."""


def from_named(named: NamedPoints) -> Located:
    """Take over a face with named points."""
    eyes, mouth, face = (named.eye_l, named.eye_r), named.mouth, named.face
    lines = [named.brow_l, named.brow_r, *(line for eye in eyes for line in (eye.upper, eye.lower))]
    single = [face.chin, face.jaw_l, face.jaw_r, face.cheek_l, face.cheek_r]
    single += [mouth.corner_l, mouth.corner_r, *(p for eye in eyes for p in (eye.outer, eye.inner))]
    middles = [
        *((eye.outer + eye.inner + eye.upper[1] + eye.lower[1]) / 4 for eye in eyes),
        (mouth.corner_l + mouth.corner_r) / 2,
    ]
    left, right = (
        _share(eye.upper[1] - eye.lower[1], eye.outer - eye.inner) for eye in (eyes[0], eyes[1])
    )
    return Located(
        points=np.vstack([*lines, *single]).astype(np.float32),
        anchors=np.stack(middles).astype(np.float32),
        eyes=(left, right),
        mouth=_share(mouth.upper_in[1] - mouth.lower_in[1], mouth.corner_l - mouth.corner_r),
        framing=named.framing(),
        found_by=named.found_by,
    )


def from_points(rough: Points, points_203: Points, framing: Framing | None, by: str) -> Located:
    """Take over landmarks: the crop from the ``rough`` ones, the ratios from all 203."""
    left, right = (float(ratio) for ratio in eye_ratios(points_203))
    return Located(
        points=rough,
        anchors=anchors_of(rough),
        eyes=(left, right),
        mouth=float(lip_ratio(points_203)),
        framing=framing or _framing(rough),
        found_by=by,
    )


def _framing(points: Points) -> Framing:
    """Guess the head from landmarks of an upright face."""
    eye_y = float(anchors_of(points)[:2, 1].mean())
    chin_y = float(points[:, 1].max())
    return Framing(
        center_x=float((points[:, 0].min() + points[:, 0].max()) / 2),
        eye_y=eye_y,
        crown_y=2 * eye_y - chin_y,  # eyes are about halfway down a head
        chin_y=chin_y,
    )


def _share(opening: _Array, width: _Array) -> float:
    return float(np.hypot(*opening) / (np.hypot(*width) + 1e-6))
