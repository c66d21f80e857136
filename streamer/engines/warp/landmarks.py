"""The named points of a face that the warp engine works from.

Space: pixel centres of the upright photo; (0, 0) is the centre of the top-left pixel, x right,
y down. ``_l`` and ``_r`` are the left and right side of the picture, not of the person. For a
closed mouth ``upper_in`` and ``lower_in`` coincide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from streamer.geometry import Matrix, apply, scale_of
from streamer.view import EYE_LINE, HEAD_HEIGHT, Framing

Point = NDArray[np.float64]
"""(2,): x, y."""
Line = NDArray[np.float64]
"""(3, 2): three points along a curve."""


@dataclass(frozen=True)
class Eye:
    """One eye: corners, lid margins (outer to inner), iris. ``lid``: skin above the lid, in u."""

    outer: Point
    inner: Point
    upper: Line
    lower: Line
    iris: Point
    iris_r: float
    lid: float | None = None


@dataclass(frozen=True)
class Nose:
    """Tip, base (under the septum) and wings."""

    tip: Point
    base: Point
    wing_l: Point
    wing_r: Point


@dataclass(frozen=True)
class Mouth:
    """Corners and four lip lines, each at the left quarter, the middle, the right quarter."""

    corner_l: Point
    corner_r: Point
    upper_out: Line
    upper_in: Line
    lower_in: Line
    lower_out: Line


@dataclass(frozen=True)
class Outline:
    """Chin, jaw, cheeks, forehead; crown, hair and neck may be off by 0.2 u."""

    chin: Point
    jaw_l: Point
    jaw_r: Point
    cheek_l: Point
    cheek_r: Point
    forehead: Point
    crown: Point
    hair_l: Point
    hair_r: Point
    neck_l: Point
    neck_r: Point


@dataclass(frozen=True)
class Landmarks:
    """All points of one face; brows are (3, 2): outer end, peak, inner end.

    ``photo_expression`` is what the picture already shows (parameter -> value); it is taken off
    at rest. ``found_by`` says where the points come from, for the operator.
    """

    eye_l: Eye
    eye_r: Eye
    brow_l: Line
    brow_r: Line
    nose: Nose
    mouth: Mouth
    face: Outline
    photo_expression: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    teeth: bool = False
    glasses: bool = False
    beard: bool = False
    head: float = HEAD_HEIGHT
    eye_line: float = EYE_LINE
    found_by: str = "sidecar"

    @property
    def unit(self) -> float:
        """u, the distance between the iris centres, in px."""
        return float(np.hypot(*(self.eye_r.iris - self.eye_l.iris)))

    def framing(self) -> Framing:
        """Where the head is, for the face fit."""
        eyes = 0.5 * (self.eye_l.iris + self.eye_r.iris)
        crown, chin = self.face.crown, self.face.chin
        return Framing(
            center_x=float(0.5 * (crown[0] + chin[0])),
            eye_y=float(eyes[1]),
            crown_y=float(crown[1]),
            chin_y=float(chin[1]),
            head=self.head,
            eye_line=self.eye_line,
        )

    def transformed(self, dst_from_src: Matrix) -> "Landmarks":
        """Return the same face in another space."""
        scale = scale_of(dst_from_src)

        def eye(e: Eye) -> Eye:
            return replace(_moved(e, dst_from_src), iris_r=e.iris_r * scale)

        return replace(
            self,
            eye_l=eye(self.eye_l),
            eye_r=eye(self.eye_r),
            brow_l=apply(dst_from_src, self.brow_l),
            brow_r=apply(dst_from_src, self.brow_r),
            nose=_moved(self.nose, dst_from_src),
            mouth=_moved(self.mouth, dst_from_src),
            face=_moved(self.face, dst_from_src),
        )


_Group = TypeVar("_Group", Eye, Nose, Mouth, Outline)


def _moved(group: _Group, dst_from_src: Matrix) -> _Group:
    points: dict[str, Any] = {
        k: apply(dst_from_src, v) for k, v in vars(group).items() if isinstance(v, np.ndarray)
    }
    return replace(group, **points)
