"""What a baked picture lacks of a face, added by the built-in engine's warp field.

The head's angles, place and size, and the smooth part of brows and mouth. Lids, gaze and the
opening of the lips are no matter of moving skin; they come from the pictures alone.
"""

from typing import Final

import cv2
import numpy as np

from streamer.engines.baked.catalogue import Vector
from streamer.engines.baked.plate import Plate
from streamer.engines.face_steps import NAMES, PX
from streamer.engines.warp.face_frame import Box, FaceFrame
from streamer.engines.warp.field import Field
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pose import Pose, Rest, pose_of
from streamer.geometry import inverse
from streamer.parameters import PARAMETERS, Face
from streamer.view import Frame

# Smaller moves are not seen. Units: px.
LEAST_PX: Final = 0.3

# What the field can add, besides the head.
SKIN: Final = ("smile", "eyebrow", "pout", "purse", "grin")
SERVED: Final = np.array([p.group == "head" or p.name in SKIN for p in PARAMETERS.values()])

_UNITS: Final = np.asarray(1.0 / PX, np.float32)
_FIELDS: Final = ("smile", "sad", "grin", "pout", "tuck", "purse", "stretch", "brow")


class Residue:
    """Moves a plate from the face it shows to one near it."""

    def __init__(self, landmarks: Landmarks, plate: Plate) -> None:
        placed = landmarks.transformed(inverse(plate.photo_from_plate))
        frame = FaceFrame.of(placed)
        side = plate.side_px
        self._rest = Rest.of(landmarks)
        self._field = Field(frame, placed, Box(0, 0, side, side))
        self.upper = _upper_half(frame, placed, side)

    def moved(self, picture: Frame, shown: Vector, wanted: Vector) -> Frame:
        """Return the picture moved from ``shown`` to ``wanted``, or itself."""
        lacking = np.where(SERVED, wanted - shown, 0.0)
        if float(np.abs(lacking).max()) < LEAST_PX:
            return picture
        pose = self._pose(shown, wanted)
        box = self._field.box
        moved = picture.copy()
        moved[box.slices] = cv2.remap(  # type: ignore[call-overload]
            picture,
            self._field.map(pose),
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return moved

    def _pose(self, shown: Vector, wanted: Vector) -> Pose:
        before = pose_of(_face(shown), self._rest)
        after = pose_of(_face(wanted), self._rest)
        return Pose(
            yaw=after.yaw - before.yaw,
            pitch=after.pitch - before.pitch,
            roll=after.roll - before.roll,
            shift_x=after.shift_x - before.shift_x,
            shift_y=after.shift_y - before.shift_y,
            zoom=after.zoom / before.zoom,
            **{name: getattr(after, name) - getattr(before, name) for name in _FIELDS},
        )


def _face(place: Vector) -> Face:
    return {
        name: PARAMETERS[name].clamp(float(value))
        for name, value in zip(NAMES, place * _UNITS, strict=True)
    }


def _upper_half(frame: FaceFrame, placed: Landmarks, side: int) -> Vector:
    """Return how far each pixel belongs to eyes and brows, 1 to 0, with a broad, soft border.

    It runs between the lower lids and the upper lip. Shape: (side, side).
    """
    face = placed.transformed(frame.face_from_picture)
    lids = max(float(face.eye_l.lower[1, 1]), float(face.eye_r.lower[1, 1]))
    lip = float(face.mouth.upper_out[1, 1])
    # Between lids and lip, leaving a fifth free on each side.
    first, last = lids + 0.2 * (lip - lids), lip - 0.2 * (lip - lids)
    x, y = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    _, t = frame.grid(x, y)
    v = np.clip((last - t) / max(last - first, 1e-3), 0.0, 1.0)
    return np.asarray(v * v * (3.0 - 2.0 * v), np.float32)
