"""All baked faces of a portrait: the one that was asked for, or those that come nearest."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streamer.engines.baked.clip_file import Clip, decode, open_clip
from streamer.engines.baked.store import Bake
from streamer.engines.face_steps import NAMES, PX, steps, steps_of
from streamer.errors import EngineError
from streamer.parameters import PARAMETERS, Face
from streamer.view import Frame

log = logging.getLogger(__name__)

# Decoded pictures that are kept: those of a fade and of what is mixed, 0.8 MB each.
KEPT: Final = 12

# A face nearer by less than this, in px squared, is no reason to leave the row that plays.
NO_REASON: Final = 0.25

Vector = NDArray[np.float32]
"""One number for each parameter, in the order of `NAMES`. Units: px of the crop."""


def _weights(**groups: float) -> Vector:
    """Weigh the parameters by their groups, single ones by their names."""
    return np.array(
        [groups.get(p.name, groups.get(p.group, 0.0)) for p in PARAMETERS.values()], np.float32
    )


# How much it counts that a picture differs there. The head's place is put right by the warp field,
# so it counts little; a smile shows at the lids, a wink in the cheek. Judged by eye.
_HEAD: Final = {"head": 0.012, "shift_x": 0.008, "shift_y": 0.008, "scale": 0.008}
WHOLE: Final = _weights(eyes=1.0, mouth=1.0, **_HEAD)
UPPER: Final = _weights(eyes=1.0, mouth=0.0, smile=0.25, **_HEAD)
LOWER: Final = _weights(eyes=0.0, mouth=1.0, wink=0.1, **_HEAD)


@dataclass(frozen=True)
class Match:
    """A baked face, mixed by ``share`` with ``other``. ``place`` is what both make together."""

    index: int
    other: int
    share: float
    place: Vector


class Catalogue:
    """The faces of all clips in memory, their pictures on disk. One thread at a time.

    Raises: `EngineError` if not one clip can be read.
    """

    def __init__(self, bake: Bake) -> None:
        self._clips: list[Clip] = []
        self.damaged = 0
        rows: list[NDArray[np.float64]] = []
        self._at: list[tuple[int, int]] = []
        for name in bake.clips:
            path = bake.folder / name
            if not path.is_file():
                continue
            try:
                clip = open_clip(path)
            except (OSError, ValueError) as exc:
                log.warning("A baked clip is left out: %s", exc)
                self.damaged += 1
                continue
            number = len(self._clips)
            self._clips.append(clip)
            rows.append(clip.values)
            self._at += [(number, i) for i in range(len(clip.values))]
        if not self._at:
            raise EngineError(
                f"The bake in {bake.folder} holds no clip that can be read. Bake the photo again: "
                f"living-portrait bake --photo {bake.photo}"
            )
        values = np.concatenate(rows)
        self.places = np.asarray(values * PX, np.float32)
        self._exact: dict[bytes, int] = {}
        for i, key in enumerate(steps_of(values)):
            self._exact.setdefault(key.tobytes(), i)
        self._fields = {id(w): _Field(self.places, w) for w in (WHOLE, UPPER, LOWER)}
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._broken: set[int] = set()

    def __len__(self) -> int:
        return len(self._at)

    def exact(self, face: Face) -> int | None:
        """Return the number of this very face."""
        found = self._exact.get(steps(face))
        return None if found in self._broken else found

    def nearest(self, place: Vector, weights: Vector, after: int = -1) -> int:
        """Return the face that comes nearest; of two as near, the one that follows ``after``."""
        distances = self._fields[id(weights)].distances(place)
        for i in self._broken:
            distances[i] = np.inf
        best = int(distances.argmin())
        for follower in (after, after + 1):
            if 0 <= follower < len(self._at) and distances[follower] <= distances[best] + NO_REASON:
                best = follower
        return best

    def mixed(self, index: int, place: Vector, weights: Vector, reach: float) -> Match:
        """Look whether a face lies between this one and its neighbour, no farther than ``reach``.

        ``reach`` is in px; farther apart, two faces mixed show both.
        """
        here = self.places[index]
        best = Match(index, index, 0.0, here)
        least = float((weights * (place - here) ** 2).sum())
        for other in (index - 1, index + 1):
            if not 0 <= other < len(self._at) or self._at[other][0] != self._at[index][0]:
                continue
            way = self.places[other] - here
            length = float((weights * way * way).sum())
            if length < 1e-6 or np.abs(way).max() > reach:
                continue
            share = float((weights * way * (place - here)).sum()) / length
            share = round(min(max(share, 0.0), 0.5) * 16) / 16
            if share == 0.0:
                continue
            there = here + np.float32(share) * way
            distance = float((weights * (place - there) ** 2).sum())
            if distance < least:
                least, best = distance, Match(index, other, share, there)
        return best

    def picture(self, index: int) -> Frame | None:
        """Return the plate of a face, read-only; None if it is damaged, and not offered again."""
        kept = self._kept.get(index)
        if kept is not None:
            self._kept.move_to_end(index)
            return kept
        clip, number = self._at[index]
        data = self._clips[clip].read(number)
        picture = None if data is None else decode(data)
        if picture is None:
            self._broken.add(index)
            self.damaged += 1
            return None
        picture.setflags(write=False)
        self._kept[index] = picture
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture

    def close(self) -> None:
        """Close all files."""
        for clip in self._clips:
            clip.close()
        self._clips.clear()
        self._kept.clear()


class _Field:
    """Distances from all faces, with one set of weights."""

    def __init__(self, places: Vector, weights: Vector) -> None:
        self._root = np.sqrt(weights)
        self._places = places * self._root
        self._squares = (self._places**2).sum(axis=1)

    def distances(self, place: Vector) -> Vector:
        here = place * self._root
        return np.asarray(self._squares - 2.0 * (self._places @ here) + here @ here, np.float32)


def named(differences: Vector, least: float) -> list[str]:
    """Return the parameters that differ by more than ``least`` px."""
    return [name for name, d in zip(NAMES, differences, strict=True) if abs(float(d)) > least]
