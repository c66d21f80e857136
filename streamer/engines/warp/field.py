"""The smooth displacement of a frame: head turn, tilt, shift and expression, as one sampling map.

The map is computed backwards on a coarse grid (where in the picture does this pixel come from)
and enlarged to the pixels of the moving box. Its cost does not grow with the face.
"""

from collections.abc import Iterator
from math import cos, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from streamer.engines.warp import expression
from streamer.engines.warp.depth import HeadShape
from streamer.engines.warp.face_frame import Box, FaceFrame, box_around
from streamer.engines.warp.landmarks import Landmarks
from streamer.engines.warp.pixels import Array, sample
from streamer.engines.warp.pose import Pose

# Judged by eye: u/29 to u/14 looked the same, coarser than u/12 did not.
CELLS_PER_UNIT = 19
HEAD_ROUNDS = 2
STRIPE_CELLS = 16  # as fast as all at once; two to twenty stripes at any size
EXPRESSION_ROUNDS = 5
# Plain iteration diverges where a field stretches by more than 1.
DAMPING = 0.35


class Field:
    """Where each pixel of the moving box comes from.

    Space: ``box`` lies in the picture (`work`) that the map samples. Displacements are kept in
    grid cells, so that grids can be sampled by each other without conversion.
    """

    def __init__(self, frame: FaceFrame, landmarks: Landmarks, inside: Box) -> None:
        face = landmarks.transformed(frame.face_from_picture)
        shape = HeadShape.of(face)
        self.cell = max(2, round(frame.unit / CELLS_PER_UNIT))
        wanted = box_around(frame, *shape.reach)
        self.box = _within(wanted, inside)
        self._rotation = np.stack([frame.along, frame.across]).astype(np.float32)  # rows s, t
        self._cells_per_u = frame.unit / self.cell

        # One cell more on every side: the enlargement then needs no extrapolation.
        columns = -(-self.box.width // self.cell) + 2
        rows = -(-self.box.height // self.cell) + 2
        self._first = np.array(
            [
                self.box.x - self.cell + 0.5 * self.cell - 0.5,
                self.box.y - self.cell + 0.5 * self.cell - 0.5,
            ],
            np.float32,
        )
        j, i = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
        self._nodes = np.stack([j, i], axis=2)
        s, t = frame.grid(self._first[0] + self.cell * j, self._first[1] + self.cell * i)
        self._stage_head(face, frame, shape, s, t)
        self._stage_expression(face, s, t)

    def _stage_head(
        self, face: Landmarks, frame: FaceFrame, shape: HeadShape, s: Array, t: Array
    ) -> None:
        x, y = s - shape.pivot[0], t - shape.pivot[1]
        z, w = shape.depth(face, s, t), shape.turn_weight(s, t)
        zero = np.zeros_like(w)
        stack = [
            self._to_cells(w * x, zero),
            self._to_cells(w * z, zero),
            self._to_cells(zero, w * (y - shape.ears)),
            self._to_cells(zero, w * x),
            self._to_cells(zero, w * z),
        ]
        self._turns = np.stack(stack).reshape(5, -1)
        self._move_weight, self._move_rim = shape.move_weight(s, t), shape.rim(s, t)
        self._torso_weight = shape.torso_weight(s, t)
        pivot = frame.origin + frame.unit * (
            shape.pivot[0] * frame.along + shape.pivot[1] * frame.across
        )
        self._pivot = ((pivot - self._first) / self.cell).astype(np.float32)

    def _stage_expression(self, face: Landmarks, s: Array, t: Array) -> None:
        chin = float(face.face.chin[1])
        inside = (np.abs(s) < 1.45) & (t > -0.95) & (t < chin + 0.75)
        rows, columns = np.nonzero(inside.any(axis=1))[0], np.nonzero(inside.any(axis=0))[0]
        if len(rows) < 2 or len(columns) < 2:  # the face lies outside the frame
            rows, columns = np.array([0, 1]), np.array([0, 1])
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        self._part = np.array([columns[0], rows[0]], np.float32)
        raw = expression.fields(face, s[part], t[part])
        # Nothing may move on the part's rim, or the picture would tear there.
        rim = _rim(raw.shape[1], raw.shape[2])
        moves = self._to_cells(raw[..., 0] * rim, raw[..., 1] * rim)
        self._expressions = moves.reshape(len(expression.FIELDS), -1)
        self._part_nodes = np.ascontiguousarray(self._nodes[: raw.shape[1], : raw.shape[2]])

    def _to_cells(self, ds: Array, dt: Array) -> Array:
        """Turn (s, t) moves in u into (x, y) moves in cells, as a last axis."""
        move = np.stack([ds, dt], axis=-1) @ self._rotation
        return np.asarray(move * self._cells_per_u, np.float32)

    def moves(self, pose: Pose) -> bool:
        """Say whether this pose displaces anything."""
        return self._head_moves(pose) or bool(np.any(expression.amounts(pose)))

    def sources(self, pose: Pose) -> Array:
        """Return, for the grid's nodes, the picture position they show (rows, columns, 2)."""
        nodes = self._nodes
        at = nodes
        if self._rigid(pose):
            at = nodes + self._moved(pose)
        if pose.yaw or pose.pitch:
            turned = self._turned(pose)
            at = at + (turned if at is nodes else sample(turned, at))
        amounts = expression.amounts(pose)
        if np.any(amounts):
            expressed = self._expressed(amounts)
            at = at + sample(expressed, at - self._part, border=cv2.BORDER_CONSTANT)
        return np.asarray(at * np.float32(self.cell) + self._first, np.float32)

    def forward(self, pose: Pose) -> Array:
        """Return where the expression alone pushes each node, in cells (rows, columns, 2)."""
        moved = (expression.amounts(pose) @ self._expressions).reshape(self._part_nodes.shape)
        left, top = (int(v) for v in self._part)
        whole = np.zeros_like(self._nodes)
        whole[top : top + len(moved), left : left + len(moved[0])] = moved
        return whole

    def map(self, pose: Pose) -> Array:
        """Return the sampling map of the box: (height, width, 2) picture positions."""
        return np.concatenate([positions for _, positions in self.maps(pose)])

    def maps(self, pose: Pose) -> Iterator[tuple[slice, Array]]:
        """Return the sampling map of the box in stripes: rows of the box, positions for them.

        Shape: (rows, width, 2), picture positions. A map of all would take 5 MB at 720p.
        """
        nodes, c = self.sources(pose), self.cell
        for top in range(0, self.box.height, STRIPE_CELLS * c):
            bottom = min(top + STRIPE_CELLS * c, self.box.height)
            # The rows of the grid round this stripe: the box begins in the grid's second row.
            first, last = top // c, -(-bottom // c) + 2
            size = (nodes.shape[1] * c, (last - first) * c)
            part = cv2.resize(nodes[first:last], size, interpolation=cv2.INTER_LINEAR)
            within = slice(top + c - first * c, bottom + c - first * c)
            yield slice(top, bottom), np.asarray(part[within, c : c + self.box.width], np.float32)

    @staticmethod
    def _rigid(pose: Pose) -> bool:
        return bool(pose.roll or pose.shift_x or pose.shift_y or pose.zoom != 1.0)

    def _head_moves(self, pose: Pose) -> bool:
        return self._rigid(pose) or bool(pose.yaw or pose.pitch)

    def _moved(self, pose: Pose) -> Array:
        """Backward displacement of tilt, shift and size, in closed form.

        Iterating the forward field tore the hair at 20 degrees; this does not.
        """
        shift = np.array([pose.shift_x, pose.shift_y], np.float32) @ self._rotation
        shift *= np.float32(self._cells_per_u)
        c, s = cos(pose.roll) / pose.zoom, sin(pose.roll) / pose.zoom
        back = np.array([[c, -s], [s, c]], np.float32)  # row vectors times this: turned back
        before = (self._nodes - (self._pivot + shift)) @ back + self._pivot
        weight = sample(self._move_weight, before) * self._move_rim
        back_moved = (before - self._nodes) * weight[:, :, None]
        if pose.shift_y:
            lift = np.float32(-pose.shift_y * self._cells_per_u) * self._rotation[1]
            back_moved += ((1.0 - weight) * self._torso_weight)[:, :, None] * lift
        return np.asarray(back_moved, np.float32)

    def _turned(self, pose: Pose) -> Array:
        """Backward displacement of yaw and pitch: a forward field, inverted."""
        ca, sa, cb, sb = cos(pose.yaw), sin(pose.yaw), cos(pose.pitch), sin(pose.pitch)
        gains = np.array([ca - 1.0, sa, cb - 1.0, -sa * sb, ca * sb], np.float32)
        forward = (gains @ self._turns).reshape(self._nodes.shape)
        back = -forward
        for _ in range(HEAD_ROUNDS):
            back = -sample(forward, self._nodes + back)
        return back

    def _expressed(self, amounts: Array) -> Array:
        forward = (amounts @ self._expressions).reshape(self._part_nodes.shape)
        back = np.float32(DAMPING - 1.0) * forward
        for _ in range(EXPRESSION_ROUNDS):
            ahead = sample(forward, self._part_nodes + back)
            back = np.float32(DAMPING) * back - np.float32(1.0 - DAMPING) * ahead
        return back


def _within(wanted: Box, inside: Box) -> Box:
    """Cut a box to another one, at least a few pixels large."""
    x0 = min(max(wanted.x, inside.x), inside.x + inside.width - 8)
    y0 = min(max(wanted.y, inside.y), inside.y + inside.height - 8)
    x1 = max(min(wanted.x + wanted.width, inside.x + inside.width), x0 + 8)
    y1 = max(min(wanted.y + wanted.height, inside.y + inside.height), y0 + 8)
    return Box(x0, y0, x1 - x0, y1 - y0)


def _rim(rows: int, columns: int) -> NDArray[np.float32]:
    """1 inside, falling to 0 over the outermost three nodes."""
    down = np.minimum(np.arange(rows), np.arange(rows)[::-1])
    along = np.minimum(np.arange(columns), np.arange(columns)[::-1])
    edge = np.minimum(down[:, None], along[None, :])
    return np.asarray(np.clip(edge / 3.0, 0.0, 1.0), np.float32)
