"""2-D similarity and affine maps as 3x3 matrices, named ``dst_from_src``.

Space: pixel centres; (0, 0) is the centre of the top-left pixel, x right, y down. A chain reads
``frame_from_photo = frame_from_crop @ crop_from_photo``.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]


def similarity(scale: float, dx: float = 0.0, dy: float = 0.0, degrees: float = 0.0) -> Matrix:
    """Scale and turn (clockwise as seen) about the origin, then shift."""
    angle = np.radians(degrees)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy], [0.0, 0.0, 1.0]])


def scaling_about_edges(scale_x: float, scale_y: float) -> Matrix:
    """Scale a picture so that its outer edges (at -0.5) stay edges, as ``cv2.resize`` does."""
    return np.array(
        [
            [scale_x, 0.0, 0.5 * scale_x - 0.5],
            [0.0, scale_y, 0.5 * scale_y - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )


def apply(dst_from_src: Matrix, points: Points) -> Points:
    """Map points (..., 2) from ``src`` to ``dst``."""
    return points @ dst_from_src[:2, :2].T + dst_from_src[:2, 2]


def inverse(matrix: Matrix) -> Matrix:
    """Return ``src_from_dst``."""
    return np.asarray(np.linalg.inv(matrix), np.float64)


def scale_of(matrix: Matrix) -> float:
    """Return the (mean) enlargement of the map."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
