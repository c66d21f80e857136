"""Draws the landmarks over enlargements of the photo, to check and correct them by eye."""

from typing import Any, Final

import cv2
import numpy as np

from streamer.engines.warp.landmarks import Eye, Landmarks, Line, Point
from streamer.geometry import Matrix, Points, apply, scaling_about_edges, similarity
from streamer.photo import Photo
from streamer.view import Frame

ENLARGEMENT: Final = 4.0
# The enlargements are at least this wide for small faces, and the sheet at most that wide.
_WIDTH: Final = 1200
_GRID_PX: Final = 5.0

_UPPER: Final = (60, 220, 60)
_LOWER: Final = (255, 190, 0)
_INNER: Final = (255, 60, 60)
_IRIS: Final = (255, 60, 255)
_BROW: Final = (60, 160, 255)
_POINT: Final = (255, 240, 60)
_GRID: Final = (0, 255, 255)
_LABEL: Final = (255, 255, 160)


def show_landmarks(photo: Photo, landmarks: Landmarks) -> Frame:
    """Return one RGB picture: both eyes, the mouth, and the whole face below each other.

    A grid with the coordinates of a sidecar file lies over the enlargements of eyes and mouth,
    so that a corrected value can be read off.
    """
    u = landmarks.unit
    eyes = np.array([landmarks.eye_l.iris, landmarks.eye_r.iris])
    mouth = 0.5 * (landmarks.mouth.corner_l + landmarks.mouth.corner_r)
    crown, chin = landmarks.face.crown, landmarks.face.chin
    rows = [
        _part(photo, landmarks, eyes.mean(axis=0) - (0.0, 0.1 * u), (2.3 * u, 1.1 * u), True),
        _part(photo, landmarks, mouth, (2.3 * u, 1.0 * u), True),
        _part(
            photo,
            landmarks,
            0.5 * (crown + chin),
            (3.6 * u, 1.25 * float(np.hypot(*(chin - crown)))),
            False,
        ),
    ]
    return np.ascontiguousarray(np.concatenate(rows), dtype=np.uint8)


def _part(
    photo: Photo, landmarks: Landmarks, center: Point, size: tuple[float, float], grid: bool
) -> Any:
    """Enlarge one region to the sheet's width and draw over it."""
    scale = _WIDTH / size[0]
    height = round(size[1] * scale)
    part_from_photo = similarity(
        scale, _WIDTH / 2 - scale * center[0], height / 2 - scale * center[1]
    )
    drawn = cv2.warpAffine(
        photo.image,
        part_from_photo[:2],
        (_WIDTH, height),
        flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA,
        borderMode=cv2.BORDER_CONSTANT,
    )
    if grid and scale >= ENLARGEMENT:
        file_width, file_height = photo.size_in_file
        photo_from_file = scaling_about_edges(
            photo.image.shape[1] / file_width, photo.image.shape[0] / file_height
        )
        drawn = _with_grid(drawn, part_from_photo @ photo_from_file)
    _draw(drawn, part_from_photo, landmarks, named=not grid)
    return drawn


def _with_grid(drawn: Any, part_from_file: Matrix) -> Any:
    """Lay a grid of the file's pixels over it; labels at the edges."""
    lined = drawn.copy()
    labels: list[tuple[str, tuple[int, int]]] = []
    for axis, length in ((0, drawn.shape[1]), (1, drawn.shape[0])):
        scale, offset = part_from_file[axis, axis], part_from_file[axis, 2]
        step = _GRID_PX * max(1, round(45.0 / (scale * _GRID_PX)))
        value = np.ceil(-offset / scale / step) * step
        while value * scale + offset < length:
            at = round(value * scale + offset)
            if axis == 0:
                cv2.line(lined, (at, 0), (at, drawn.shape[0]), _GRID, 1)
            else:
                cv2.line(lined, (0, at), (drawn.shape[1], at), _GRID, 1)
            labels.append((f"{value:g}", (at + 2, 14) if axis == 0 else (2, at - 3)))
            value += step
    drawn = cv2.addWeighted(lined, 0.2, drawn, 0.8, 0)
    for text, at_px in labels:
        cv2.putText(drawn, text, at_px, cv2.FONT_HERSHEY_SIMPLEX, 0.42, _LABEL, 1, cv2.LINE_AA)
    return drawn


def _draw(part: Any, part_from_photo: Matrix, landmarks: Landmarks, named: bool) -> None:
    def curve(points: list[Point] | Line, color: tuple[int, int, int]) -> None:
        line = np.rint(16 * apply(part_from_photo, smooth(np.array(points)))).astype(np.int32)
        cv2.polylines(part, [line], False, color, 1, cv2.LINE_AA, 4)
        for x, y in np.rint(apply(part_from_photo, np.array(points))).astype(int):
            cv2.circle(part, (int(x), int(y)), 3, color, 1, cv2.LINE_AA)

    def eye(e: Eye) -> None:
        curve([e.outer, *e.upper, e.inner], _UPPER)
        curve([e.outer, *e.lower, e.inner], _LOWER)
        x, y = (int(v) for v in np.rint(16 * apply(part_from_photo, e.iris)))
        radius = round(16 * e.iris_r * float(part_from_photo[0, 0]))
        cv2.circle(part, (x, y), radius, _IRIS, 1, cv2.LINE_AA, 4)
        cv2.drawMarker(part, (x // 16, y // 16), _IRIS, cv2.MARKER_CROSS, 9, 1)

    eye(landmarks.eye_l)
    eye(landmarks.eye_r)
    curve(landmarks.brow_l, _BROW)
    curve(landmarks.brow_r, _BROW)
    mouth = landmarks.mouth
    for line, color in (
        (mouth.upper_out, _UPPER),
        (mouth.lower_out, _LOWER),
        (mouth.lower_in, _IRIS),
        (mouth.upper_in, _INNER),
    ):
        curve([mouth.corner_l, *line, mouth.corner_r], color)
    for group in (landmarks.nose, landmarks.face):
        for name, point in vars(group).items():
            x, y = (int(v) for v in np.rint(apply(part_from_photo, point)))
            cv2.circle(part, (x, y), 3, _POINT, -1, cv2.LINE_AA)
            if named:
                cv2.putText(
                    part, name, (x + 5, y - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _POINT, 1,
                    cv2.LINE_AA,
                )  # fmt: skip


def smooth(points: Points) -> Points:
    """Run a Catmull-Rom curve through the points (n, 2), 16 samples between neighbours."""
    p = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0.0, 1.0, 17)[:-1, None]
    pieces = []
    for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True):
        pieces.append(
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
                   + (3 * b - a - 3 * c + d) * t**3)
        )  # fmt: skip
    return np.vstack([*pieces, points[-1:]])
