"""An average face in units of the distance between the eyes, for all that was not found.

Space ``face``: origin half-way between the irises, s along the eye line to the right, t down;
1 is the distance between the iris centres. Source of the numbers: judged by eye on two portraits.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from streamer.engines.warp.landmarks import Eye, Landmarks, Line, Mouth, Nose, Outline, Point
from streamer.geometry import Matrix, inverse

# The mouth line of an average frontal face, and half the width of a closed mouth.
MOUTH_LINE: Final = 1.08
MOUTH_HALF_WIDTH: Final = 0.40
TOOTHY_HALF_WIDTH: Final = 0.45

IRIS_RADIUS: Final = 0.09
UPPER_LID: Final = -0.065
LOWER_LID: Final = 0.075

# Lid curve between the corners: height falls with this power of the way from iris to corner.
_LID_POWER: Final = 2.5
_CORNER_DROP: Final = 0.025
_OUTWARDS: Final = 0.215
_INWARDS: Final = 0.225


@dataclass(frozen=True)
class EyeShape:
    """What was measured of one eye, in u: iris radius; lid margins above and below the iris."""

    iris_r: float = IRIS_RADIUS
    upper: float = UPPER_LID
    lower: float = LOWER_LID


@dataclass(frozen=True)
class MouthShape:
    """What was measured of the mouth, space ``face``: corners, three points of each inner line.

    ``sure`` is false where a corner was guessed.
    """

    corner_l: Point
    corner_r: Point
    upper_in: Line
    lower_in: Line
    teeth: bool = False
    sure: bool = True


def photo_from_face(iris_l: Point, iris_r: Point) -> Matrix:
    """Return the similarity that maps the face frame to the picture."""
    ex = iris_r - iris_l
    origin = 0.5 * (iris_l + iris_r)
    return np.array([[ex[0], -ex[1], origin[0]], [ex[1], ex[0], origin[1]], [0.0, 0.0, 1.0]])


def default_mouth(line: float = MOUTH_LINE, half_width: float = MOUTH_HALF_WIDTH) -> MouthShape:
    """Return a closed mouth at this height."""
    half = 0.5 * half_width
    middle = np.array([[-half, line + 0.005], [0.0, line + 0.01], [half, line + 0.005]])
    return MouthShape(
        np.array([-half_width, line - 0.005]), np.array([half_width, line - 0.005]), middle, middle
    )


def brows() -> tuple[Line, Line]:
    """Return where brows are expected, space ``face``: left and right, outer end first."""
    right = np.array([[0.80, -0.27], [0.58, -0.33], [0.27, -0.28]])
    return right * (-1.0, 1.0), right


def build(
    iris_l: Point,
    iris_r: Point,
    *,
    eye_l: EyeShape | None = None,
    eye_r: EyeShape | None = None,
    mouth: MouthShape | None = None,
    brow_l: Line | None = None,
    brow_r: Line | None = None,
    nose_base: float | None = None,
    found_by: str,
) -> Landmarks:
    """Complete a face from its pupils (picture pixels) and from whatever else was measured.

    Shapes: brow_l, brow_r (3, 2), space ``face``. Returns landmarks in picture pixels.
    """
    mouth = mouth if mouth is not None else default_mouth()
    expected_l, expected_r = brows()
    middle = 0.5 * (mouth.corner_l + mouth.corner_r)
    line = float(mouth.upper_in[1, 1])
    gap = float(mouth.lower_in[1, 1] - mouth.upper_in[1, 1])
    # A turned head carries nose, mouth and chin to one side together.
    base = nose_base if nose_base is not None else 0.70 * line
    aside = float(np.clip(middle[0], -0.25, 0.25))
    in_face = Landmarks(
        eye_l=_eye(-1.0, eye_l if eye_l is not None else EyeShape()),
        eye_r=_eye(1.0, eye_r if eye_r is not None else EyeShape()),
        brow_l=brow_l if brow_l is not None else expected_l,
        brow_r=brow_r if brow_r is not None else expected_r,
        nose=Nose(
            tip=np.array([aside, base - 0.15]),
            base=np.array([aside, base]),
            wing_l=np.array([aside - 0.26, base - 0.13]),
            wing_r=np.array([aside + 0.26, base - 0.13]),
        ),
        mouth=_mouth(mouth),
        face=Outline(
            chin=np.array([aside, 0.95 + 0.75 * line + 0.6 * gap]),
            jaw_l=np.array([-0.86 + 0.5 * aside, line + 0.12]),
            jaw_r=np.array([0.86 + 0.5 * aside, line + 0.12]),
            cheek_l=np.array([-1.05, 0.25]),
            cheek_r=np.array([1.05, 0.25]),
            forehead=np.array([0.0, -0.72]),
            crown=np.array([0.0, -1.9]),
            hair_l=np.array([-1.4, -0.5]),
            hair_r=np.array([1.4, -0.5]),
            neck_l=np.array([-0.8, 0.85 + 0.75 * line]),
            neck_r=np.array([0.8, 0.85 + 0.75 * line]),
        ),
        teeth=mouth.teeth,
        found_by=found_by,
    )
    return in_face.transformed(photo_from_face(iris_l, iris_r))


def in_face_frame(landmarks: Landmarks) -> Landmarks:
    """Return a face in its own frame, to compare it with others."""
    matrix = photo_from_face(landmarks.eye_l.iris, landmarks.eye_r.iris)
    return landmarks.transformed(inverse(matrix))


def _eye(side: float, shape: EyeShape) -> Eye:
    """One eye; ``side`` is -1 for the left of the picture."""
    center = np.array([0.5 * side, 0.0])
    out = np.array([side, 1.0])  # (outwards, down)

    def margin(height: float) -> Line:
        points = []
        for along in (0.5 * _OUTWARDS, 0.0, -0.5 * _INWARDS):  # outer to inner
            x = along / (_OUTWARDS if along > 0 else _INWARDS)
            t = _CORNER_DROP + (height - _CORNER_DROP) * (1.0 - abs(x) ** _LID_POWER)
            points.append(center + out * (along, t))
        return np.array(points)

    return Eye(
        outer=center + out * (_OUTWARDS, _CORNER_DROP),
        inner=center + out * (-_INWARDS, _CORNER_DROP),
        upper=margin(shape.upper),
        lower=margin(shape.lower),
        iris=center,
        iris_r=shape.iris_r,
    )


def _mouth(shape: MouthShape) -> Mouth:
    """Add the outer edges of the lips."""
    return Mouth(
        corner_l=shape.corner_l,
        corner_r=shape.corner_r,
        upper_out=shape.upper_in - np.array([[0.0, 0.055], [0.0, 0.075], [0.0, 0.055]]),
        upper_in=shape.upper_in,
        lower_in=shape.lower_in,
        lower_out=shape.lower_in + np.array([[0.0, 0.09], [0.0, 0.13], [0.0, 0.09]]),
    )
