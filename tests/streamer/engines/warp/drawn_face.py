"""A face drawn with flat colours, and its landmarks: parts can be found again by their colour."""

from pathlib import Path

import cv2
import numpy as np

from streamer.engines.warp.engine import WarpPortrait
from streamer.engines.warp.landmarks import Eye, Landmarks, Mouth, Nose, Outline
from streamer.photo import Photo
from streamer.view import Frame

SKIN = (205, 165, 145)
HAIR = (70, 50, 40)
WHITE = (235, 230, 225)
IRIS = (0, 170, 40)  # green, as nothing else here
TEETH = (40, 60, 250)  # blue, as nothing else here
NOSE = (230, 20, 200)  # a magenta dot on the tip
CROWN = (250, 250, 0)  # a yellow dot in the hair
LIPS = (180, 90, 90)

SIZE = 480
U = 80.0  # px between the irises
EYES_Y = 210.0
MIDDLE = 240.0


def drawn_face(*, teeth: bool = False, smile: float = 0.0, slit: float = 0.0) -> WarpPortrait:
    """Return a portrait of 480x480 px, lips closed, parted over blue teeth, or open by a slit."""
    landmarks = _landmarks(0.15 if teeth else slit, smile)
    image = _draw(landmarks, teeth=teeth)
    photo = Photo("drawn", Path("drawn.png"), image, "drawn", (SIZE, SIZE))
    return WarpPortrait(photo, landmarks)


def share_of(image: Frame, color: tuple[int, int, int], tolerance: int = 70) -> float:
    """Return how many pixels have about this colour."""
    return float(_mask(image, color, tolerance).sum())


def middle_of(
    image: Frame, color: tuple[int, int, int], tolerance: int = 70
) -> tuple[float, float]:
    """Return the middle (x, y) of all pixels of about this colour."""
    y, x = np.nonzero(_mask(image, color, tolerance))
    assert len(x), f"nothing of colour {color} in the picture"
    return float(x.mean()), float(y.mean())


def _mask(image: Frame, color: tuple[int, int, int], tolerance: int) -> np.ndarray:
    away = np.abs(image.astype(np.int16) - np.array(color, np.int16)).max(axis=2)
    return away < tolerance


def _at(s: float, t: float) -> np.ndarray:
    return np.array([MIDDLE + U * s, EYES_Y + U * t])


def _line(*points: tuple[float, float]) -> np.ndarray:
    return np.array([_at(s, t) for s, t in points])


def _eye(side: float) -> Eye:
    middle = 0.5 * side

    def along(outward: float, t: float) -> tuple[float, float]:
        return middle + side * outward, t

    return Eye(
        outer=_at(*along(0.215, 0.01)),
        inner=_at(*along(-0.225, 0.03)),
        upper=_line(along(0.11, -0.065), along(0.0, -0.08), along(-0.11, -0.06)),
        lower=_line(along(0.11, 0.06), along(0.0, 0.07), along(-0.11, 0.06)),
        iris=_at(middle, 0.0),
        iris_r=0.09 * U,
    )


def _landmarks(gap: float, smile: float) -> Landmarks:
    mouth = Mouth(
        corner_l=_at(-0.42, 1.08),
        corner_r=_at(0.42, 1.08),
        upper_out=_line((-0.21, 1.01), (0, 1.0), (0.21, 1.01)),
        upper_in=_line((-0.21, 1.08), (0, 1.08), (0.21, 1.08)),
        lower_in=_line((-0.21, 1.08 + 0.8 * gap), (0, 1.08 + gap), (0.21, 1.08 + 0.8 * gap)),
        lower_out=_line((-0.21, 1.17 + gap), (0, 1.20 + gap), (0.21, 1.17 + gap)),
    )
    return Landmarks(
        eye_l=_eye(-1.0),
        eye_r=_eye(1.0),
        brow_l=_line((-0.80, -0.27), (-0.58, -0.33), (-0.27, -0.28)),
        brow_r=_line((0.80, -0.27), (0.58, -0.33), (0.27, -0.28)),
        nose=Nose(_at(0, 0.58), _at(0, 0.72), _at(-0.22, 0.62), _at(0.22, 0.62)),
        mouth=mouth,
        face=Outline(
            chin=_at(0, 1.75),
            jaw_l=_at(-0.86, 1.2),
            jaw_r=_at(0.86, 1.2),
            cheek_l=_at(-1.05, 0.25),
            cheek_r=_at(1.05, 0.25),
            forehead=_at(0, -0.72),
            crown=_at(0, -1.5),
            hair_l=_at(-1.25, -0.2),
            hair_r=_at(1.25, -0.2),
            neck_l=_at(-0.6, 1.7),
            neck_r=_at(0.6, 1.7),
        ),
        photo_expression={"smile": smile} if smile else {},
        teeth=gap > 0,
    )


def _draw(marks: Landmarks, *, teeth: bool) -> Frame:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    image = np.stack([90 + x // 8, 100 + y // 8, 120 + (x + y) // 16], axis=2).astype(np.uint8)
    _ellipse(image, (0, 0.1), (1.25, 1.6), HAIR)
    cv2.rectangle(image, _pixel(_at(-0.55, 1.2)), _pixel(_at(0.55, 3.0)), SKIN, -1)
    _ellipse(image, (0, 0.5), (1.05, 1.25), SKIN)
    cv2.circle(image, _pixel(_at(0, -1.2)), 5, CROWN, -1)
    cv2.circle(image, _pixel(marks.nose.tip), 4, NOSE, -1)
    for eye in (marks.eye_l, marks.eye_r):
        opening = np.array([eye.outer, *eye.upper, eye.inner, *eye.lower[::-1]])
        white = np.zeros((SIZE, SIZE), np.uint8)
        _fill(white, opening, 255)
        image[white > 0] = WHITE
        iris = np.zeros((SIZE, SIZE), np.uint8)
        cv2.circle(iris, _pixel(eye.iris), round(eye.iris_r), 255, -1)
        image[(iris > 0) & (white > 0)] = IRIS
    for brow in (marks.brow_l, marks.brow_r):
        cv2.polylines(image, [np.rint(brow).astype(np.int32)], False, HAIR, 4)
    m = marks.mouth
    _fill(image, np.array([m.corner_l, *m.upper_out, m.corner_r, *m.lower_out[::-1]]), LIPS)
    if teeth:
        _fill(image, np.array([m.corner_l, *m.upper_in, m.corner_r, *m.lower_in[::-1]]), TEETH)
    else:
        line = np.array([m.corner_l, *m.upper_in, m.corner_r])
        cv2.polylines(image, [np.rint(line).astype(np.int32)], False, (110, 50, 50), 1)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


def _ellipse(
    image: Frame, at: tuple[float, float], radii: tuple[float, float], color: tuple[int, int, int]
) -> None:
    axes = (round(U * radii[0]), round(U * radii[1]))
    cv2.ellipse(image, _pixel(_at(*at)), axes, 0, 0, 360, color, -1)


def _fill(image: np.ndarray, points: np.ndarray, color: int | tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [np.rint(points).astype(np.int32)], color)
