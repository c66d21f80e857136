"""From a face box, or from two pupils, to all landmarks: straighten, measure, fill in.

Space ``straight``: the face turned upright, 120 px per u; see `refine_mouth` for its extent.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp.detect import EXPECTED_EYES, PATCH, PATCH_BOX, FaceBox, warp
from streamer.engines.warp.landmarks import Landmarks, Point
from streamer.engines.warp.refine_eyes import eye_shape, fit_disc, iris_center
from streamer.engines.warp.refine_mouth import BOTTOM, LEFT, RIGHT, TOP, UNIT, mouth_shape
from streamer.engines.warp.refine_rest import brow_lines, nose_base
from streamer.engines.warp.template import (
    MOUTH_HALF_WIDTH,
    MOUTH_LINE,
    MouthShape,
    build,
    photo_from_face,
)
from streamer.geometry import Matrix, apply, inverse
from streamer.view import Frame

# Irises that differ in height by more than this part of their distance are half guessed.
_LEVEL: Final = 0.18
# An iris further from its expected place than this part of the box is a brow or a nostril; the
# boxes of both portraits had them within 0.05.
_FAR_OFF: Final = 0.11
# Eyes to mouth line in parts of the box (0.42 and 0.46 on both portraits). A turned head keeps
# its box and brings the eyes closer together, so the line lies lower in u.
_LINE_IN_BOX: Final = 0.44
_LINE_RANGE: Final = (0.95, 1.40)
UNSURE: Final = "please check the corners of the mouth"

SIZE: Final = (round((RIGHT - LEFT) * UNIT), round((BOTTOM - TOP) * UNIT))
STRAIGHT_FROM_FACE: Final = np.array(
    [[UNIT, 0.0, -LEFT * UNIT], [0.0, UNIT, -TOP * UNIT], [0.0, 0.0, 1.0]]
)


def measure_box(image: Frame, box: FaceBox) -> Landmarks:
    """Measure the face in a box. Returns landmarks in the picture's pixels."""
    grey = cv2.cvtColor(box.patch(image), cv2.COLOR_RGB2GRAY).astype(np.float32)
    seen: list[Point] = []
    found: list[Point] = []
    for part, eye in zip(EXPECTED_EYES, box.eyes, strict=True):
        expected = (PATCH - PATCH_BOX) / 2 + part * PATCH_BOX
        seen.append(expected if eye is None else eye)
        found.append(_plausible(iris_center(grey, seen[-1], PATCH_BOX), grey, expected))
    left, right = found
    if abs(left[1] - right[1]) > _LEVEL * abs(right[0] - left[0]):
        left, right = 0.5 * (left + seen[0]), 0.5 * (right + seen[1])
    expected_line = _LINE_IN_BOX * PATCH_BOX / float(np.hypot(*(right - left)))
    photo_from_patch = inverse(box.patch_from_photo)
    left, right = apply(photo_from_patch, left), apply(photo_from_patch, right)
    left, right = fit_irises(image, left, right)
    return measure_pupils(
        image,
        left,
        right,
        expected_line=float(np.clip(expected_line, *_LINE_RANGE)),
        found_by="detection",
    )


def _plausible(found: Point, grey: NDArray[np.float32], expected: Point) -> Point:
    """Search again from where eyes usually are, if an iris lies too far from there."""
    if np.hypot(*(found - expected)) <= _FAR_OFF * PATCH_BOX:
        return found
    again = iris_center(grey, expected, PATCH_BOX)
    return again if np.hypot(*(again - expected)) <= _FAR_OFF * PATCH_BOX else expected


def measure_pupils(
    image: Frame,
    left: Point,
    right: Point,
    *,
    corners: tuple[Point, Point] | None = None,
    expected_line: float = MOUTH_LINE,
    found_by: str,
) -> Landmarks:
    """Measure all but the pupils, which are given, as the mouth's corners may be (picture px)."""
    straight, straight_from_photo = straighten(image, left, right)
    grey = cv2.cvtColor(straight, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lab = np.asarray(cv2.cvtColor(straight.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)
    eyes = []
    for point in (left, right):
        at = apply(straight_from_photo, point)
        eyes.append(eye_shape(grey, at, UNIT, fit_disc(grey, at, UNIT)[1]))
    face_from_photo = inverse(photo_from_face(left, right))
    given = None
    if corners is not None:
        given = apply(face_from_photo, corners[0]), apply(face_from_photo, corners[1])
    mouth = mouth_shape(lab, given, expected_line)
    light = np.ascontiguousarray(lab[:, :, 0])
    brow_l, brow_r = brow_lines(light)
    aside = 0.5 * float(mouth.corner_l[0] + mouth.corner_r[0])
    face = build(
        left,
        right,
        eye_l=eyes[0],
        eye_r=eyes[1],
        mouth=mouth,
        brow_l=brow_l,
        brow_r=brow_r,
        nose_base=nose_base(light, float(mouth.upper_in[1, 1]), aside),
        found_by=found_by if mouth.sure else f"{found_by} ({UNSURE})",
    )
    return replace(face, photo_expression=_shown(mouth))


def _shown(mouth: MouthShape) -> Mapping[str, float]:
    """What the picture already shows: teeth mean a smile, the wider the more."""
    if not mouth.teeth:
        return MappingProxyType({})
    half = 0.5 * float(mouth.corner_r[0] - mouth.corner_l[0])
    # A smile of 1 moves a corner outwards by 0.085 u; half of a wide mouth is the mouth's own.
    smile = float(np.clip(0.5 * (half - MOUTH_HALF_WIDTH) / 0.085, 0.3, 0.7))
    return MappingProxyType({"smile": round(smile, 2)})


def fit_irises(image: Frame, left: Point, right: Point) -> tuple[Point, Point]:
    """Fit discs to both irises, near a first guess, in picture pixels."""
    straight, straight_from_photo = straighten(image, left, right)
    grey = cv2.cvtColor(straight, cv2.COLOR_RGB2GRAY).astype(np.float32)
    photo_from_straight = inverse(straight_from_photo)
    fitted = [
        apply(photo_from_straight, fit_disc(grey, apply(straight_from_photo, p), UNIT)[0])
        for p in (left, right)
    ]
    return fitted[0], fitted[1]


def straighten(image: Frame, left: Point, right: Point) -> tuple[NDArray[np.uint8], Matrix]:
    """Turn the face upright around its pupils; also return ``straight_from_photo``."""
    straight_from_photo = STRAIGHT_FROM_FACE @ inverse(photo_from_face(left, right))
    return warp(image, straight_from_photo, SIZE), straight_from_photo
