"""Crops that were drawn before, by face, so that a face that comes again is not drawn again.

Crops are kept as they are, 786 kB each. As 4:2:0 they would take half of that, but measured on the
two portraits that come with the program they return at 46.7 and 44.0 dB, with 1 % of the values 4
and 6 grey levels off: less than the fast networks themselves are held to.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from streamer.engines.face_steps import steps
from streamer.parameters import Face
from streamer.view import Frame

# How many faces are remembered without their pictures: nine minutes at 30 fps, 3 MB.
SEEN: Final = 16_384

# A face comes again if so many others were drawn meanwhile; slow idle life stays at one for some
# frames and never returns.
APART: Final = 30

_Key = tuple[str, str, str, bytes]


@dataclass(frozen=True)
class CacheFigures:
    """What the cache holds, how often it had a crop, and how often one was drawn instead."""

    crops: int
    mb: float
    hits: int
    misses: int

    @property
    def hit_rate(self) -> float:
        """Share of the crops that were there already, 0..1."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class FrameCache:
    """The crops of all portraits of an engine, at most ``max_bytes`` of them.

    What was not used for the longest time goes first. Every method may be called from any thread.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._crops: OrderedDict[_Key, Frame] = OrderedDict()
        self._seen: OrderedDict[_Key, int] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    def of(self, photo: str, weights: str, precision: str) -> "PhotoCache":
        """Return the part for one photo, one set of weights and one precision."""
        return PhotoCache(self, photo, weights, precision)

    def figures(self) -> CacheFigures:
        """Return what there is and how it is used."""
        with self._lock:
            return CacheFigures(len(self._crops), self._bytes / 1e6, self._hits, self._misses)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._crops.clear()
            self._seen.clear()
            self._bytes = 0

    def _get(self, key: _Key) -> Frame | None:
        with self._lock:
            crop = self._crops.get(key)
            if crop is not None:
                self._hits += 1
                self._crops.move_to_end(key)
            return crop

    def _put(self, key: _Key, crop: Frame, at_once: bool) -> None:
        with self._lock:
            if key in self._crops:
                return
            self._misses += 1
            seen = self._comes_again(key)
        if crop.nbytes > self._max_bytes or not (seen or at_once):
            return
        kept = crop.copy()  # not under the lock
        kept.setflags(write=False)
        with self._lock:
            if key in self._crops:
                return
            self._crops[key] = kept
            self._bytes += kept.nbytes
            while self._bytes > self._max_bytes:
                _, oldest = self._crops.popitem(last=False)
                self._bytes -= oldest.nbytes

    def _comes_again(self, key: _Key) -> bool:
        """Note the face; free idle life never comes again, and must not push out what does."""
        seen_at = self._seen.get(key)
        self._seen[key] = self._misses
        self._seen.move_to_end(key)
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return seen_at is not None and self._misses - seen_at > APART


class PhotoCache:
    """The crops of one photo, drawn with one set of weights in one precision."""

    def __init__(self, cache: FrameCache, photo: str, weights: str, precision: str) -> None:
        self._cache = cache
        self._of = (photo, weights, precision)

    def get(self, face: Face) -> Frame | None:
        """Return the crop of this face, read-only, or None. Shape: (512, 512, 3)."""
        return self._cache._get((*self._of, steps(face)))

    def has(self, face: Face) -> bool:
        """Whether `get` would find it; counts as nothing."""
        return (*self._of, steps(face)) in self._cache._crops

    def put(self, face: Face, crop: Frame, *, at_once: bool) -> None:
        """Keep a copy of a crop; unless ``at_once``, only of a face that is seen again."""
        self._cache._put((*self._of, steps(face)), crop, at_once)

    def figures(self) -> CacheFigures:
        """Return the figures of the whole cache."""
        return self._cache.figures()
