"""Photo -> face landmarks through the ONNX models: detector, 106 points, 203 points.

The models run in sessions that are passed in; this file knows their inputs, outputs and maths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.liveportrait.crop import CropMap, Points, crop_map
from streamer.view import Frame

Floats = NDArray[np.float32]

DETECTOR_PX: Final = 512
STRIDES: Final = (8, 16, 32)
ANCHORS_PER_CELL: Final = 2
# Source: the reference's application: a low threshold, because a portrait surely has a face.
MIN_SCORE: Final = 0.15
MAX_OVERLAP: Final = 0.4

POINTS_106_PX: Final = 192
POINTS_106_MARGIN: Final = 1.5

POINTS_203_PX: Final = 224
POINTS_203_SCALE: Final = 1.5
POINTS_203_UP: Final = -0.1
POINTS_203_OUTPUT: Final = 2  # the third of the model's outputs


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`."""

    def run(self, output_names: None, feeds: Mapping[str, Floats], /) -> Sequence[Any]:
        """Return all outputs for the inputs."""

    def get_inputs(self) -> Sequence[Any]:
        """Return the inputs' descriptions, each with a ``name``."""


@dataclass(frozen=True)
class Faces:
    """Found faces, best score first.

    Shapes: boxes (n, 5): left, top, right, bottom, score; points (n, 5, 2): eyes, nose, corners of
    the mouth. Units: photo pixels.
    """

    boxes: Floats
    points: Floats

    def by_size(self) -> "Faces":
        """Return the same faces, largest first."""
        width = self.boxes[:, 2] - self.boxes[:, 0]
        height = self.boxes[:, 3] - self.boxes[:, 1]
        order = np.argsort(-(width * height), kind="stable")
        return Faces(self.boxes[order], self.points[order])


def detector_input(photo: Frame) -> tuple[Floats, float]:
    """Fit the photo into the detector's square, top left, on black.

    Returns: (1, 3, 512, 512) RGB, about -1..1, and the scale photo -> square.
    """
    height, width = photo.shape[:2]
    ratio = height / width
    if ratio > 1:
        new_height, new_width = DETECTOR_PX, int(DETECTOR_PX / ratio)
    else:
        new_height, new_width = int(DETECTOR_PX * ratio), DETECTOR_PX
    square = np.zeros((DETECTOR_PX, DETECTOR_PX, 3), np.uint8)
    square[:new_height, :new_width] = cv2.resize(photo, (new_width, new_height))
    planes = (square.astype(np.float32) - np.float32(127.5)) / np.float32(128.0)
    return np.ascontiguousarray(planes.transpose(2, 0, 1)[None]), new_height / height


def decode_detector(outputs: Sequence[Any], scale: float, min_score: float = MIN_SCORE) -> Faces:
    """Read the detector's nine outputs: scores, boxes, points, each for the three strides.

    Shapes per stride, n = 2 (512 / stride)^2: (n, 1), (n, 4), (n, 10).
    """
    boxes: list[Floats] = []
    points: list[Floats] = []
    for i, stride in enumerate(STRIDES):
        score, box, point = (
            np.asarray(outputs[i + 3 * part], np.float32).reshape(-1, size)
            for part, size in enumerate((1, 4, 10))
        )
        kept = np.flatnonzero(score[:, 0] >= min_score)
        center = _anchor_centers(stride)[kept]
        away = box[kept] * np.float32(stride)  # to left, top, right, bottom
        corners = np.hstack((center - away[:, :2], center + away[:, 2:]))
        boxes.append(np.hstack((corners / np.float32(scale), score[kept])))
        spots = center[:, None] + (point[kept] * np.float32(stride)).reshape(-1, 5, 2)
        points.append(np.asarray(spots / np.float32(scale), np.float32))
    all_boxes, all_points = np.vstack(boxes), np.vstack(points)
    order = np.argsort(-all_boxes[:, 4], kind="stable")
    all_boxes, all_points = all_boxes[order], all_points[order]
    kept_faces = suppress(all_boxes)
    return Faces(all_boxes[kept_faces], all_points[kept_faces])


def suppress(boxes: Floats, max_overlap: float = MAX_OVERLAP) -> list[int]:
    """Return which boxes stay when each removes those that overlap it and score less.

    Shape: (n, 4 or more), best score first. Overlap is intersection over union in whole pixels.
    """
    left, top, right, bottom = (boxes[:, i] for i in range(4))
    area = (right - left + 1) * (bottom - top + 1)
    rest = np.arange(len(boxes))
    kept: list[int] = []
    while rest.size:
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        width = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest]) + 1
        height = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest]) + 1
        shared = np.maximum(0, width) * np.maximum(0, height)
        rest = rest[shared / (area[best] + area[rest] - shared) <= max_overlap]
    return kept


def detect(session: Session, photo: Frame, min_score: float = MIN_SCORE) -> Faces:
    """Find all faces of a photo, largest first."""
    blob, scale = detector_input(photo)
    outputs = session.run(None, {session.get_inputs()[0].name: blob})
    return decode_detector(outputs, scale, min_score).by_size()


def points_106_input(photo: Frame, box: Floats) -> tuple[Floats, CropMap]:
    """Cut the upright square around a face box.

    Returns: (1, 3, 192, 192) RGB in 0..255, and where it lies.
    """
    left, top, right, bottom = (float(v) for v in box[:4])
    side = POINTS_106_PX
    scale = side / (max(right - left, bottom - top) * POINTS_106_MARGIN)
    x, y = (left + right) / 2, (top + bottom) / 2
    square_from_photo = np.array(
        [[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y], [0, 0, 1]], np.float64
    )
    square = cv2.warpAffine(photo, square_from_photo[:2], (side, side), flags=cv2.INTER_LINEAR)
    where = CropMap(
        square_from_photo.astype(np.float32),
        np.linalg.inv(square_from_photo).astype(np.float32),
        side,
    )
    return np.ascontiguousarray(square.astype(np.float32).transpose(2, 0, 1)[None]), where


def decode_106(output: Any, where: CropMap) -> Points:
    """Return the 106 points in the photo; the model answers -1..1 over its square."""
    points = np.asarray(output, np.float32).reshape(106, 2)
    return where.to_photo((points + 1) * np.float32(POINTS_106_PX // 2))


def find_106(session: Session, photo: Frame, box: Floats) -> Points:
    """Return 106 landmarks of the face in a box. Shape: (106, 2), photo pixels."""
    blob, where = points_106_input(photo, box)
    return decode_106(session.run(None, {session.get_inputs()[0].name: blob})[0], where)


def points_203_input(
    photo: Frame, landmarks: Points, anchors: Points | None = None
) -> tuple[Floats, CropMap]:
    """Cut the turned square around known landmarks (``anchors`` as in `crop_map`).

    Returns: (1, 3, 224, 224) RGB in 0..1, and where it lies.
    """
    where = crop_map(
        landmarks, side_px=POINTS_203_PX, scale=POINTS_203_SCALE, up=POINTS_203_UP, anchors=anchors
    )
    planes = where.cut(photo).astype(np.float32) / np.float32(255.0)
    return np.ascontiguousarray(planes.transpose(2, 0, 1)[None]), where


def decode_203(output: Any, where: CropMap) -> Points:
    """Return the 203 points in the photo; the model answers 0..1 over its square."""
    points = np.asarray(output, np.float32).reshape(203, 2) * np.float32(POINTS_203_PX)
    return where.to_photo(points)


def find_203(
    session: Session, photo: Frame, landmarks: Points, anchors: Points | None = None
) -> Points:
    """Refine other landmarks to 203 points. Shape: (203, 2), photo pixels."""
    blob, where = points_203_input(photo, landmarks, anchors)
    outputs = session.run(None, {session.get_inputs()[0].name: blob})
    return decode_203(outputs[POINTS_203_OUTPUT], where)


def _anchor_centers(stride: int) -> Floats:
    """The anchors' centres, row by row, each twice. Shape: (n, 2)."""
    cells = DETECTOR_PX // stride
    row, column = np.mgrid[:cells, :cells]
    centers = np.stack((column, row), axis=-1).reshape(-1, 2) * stride
    return np.repeat(centers, ANCHORS_PER_CELL, axis=0).astype(np.float32)
