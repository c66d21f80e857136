"""Patches painted before: the same lids or lips need not be painted twice."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from streamer.view import Frame


class Patches:
    """The patches used last, up to ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Frame] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable, paint: Callable[[], Frame]) -> Frame:
        """Return the patch of this key, painting it if it is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        patch = paint()
        self._kept[key] = patch
        self.bytes += patch.nbytes
        while self.bytes > self._limit and len(self._kept) > 1:
            self.bytes -= self._kept.popitem(last=False)[1].nbytes
        return patch

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self.bytes = 0
