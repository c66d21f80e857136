"""One heap for all threads, so that what one thread frees another can use."""

import ctypes
import sys
from typing import Final

# Source: glibc, malloc/malloc.h.
_M_ARENA_MAX: Final = -8


def share_one_heap() -> bool:
    """Let all threads allocate from one heap; returns whether the system can. Call it early.

    glibc gives threads heaps of their own, up to eight per processor, and what is free in one is of
    no use to the others. A scene takes tens of megabytes and is prepared by whichever of the
    page's threads was asked: measured with `benchmarks.soak`, 24 changes of the view took the
    renderer from 190 to 750 MB, and from 140 to 170 MB with one heap, at the same work per frame.
    (Fixing the size beyond which memory is given back at once would do, too, and costs 1,300 page
    faults a frame.)
    """
    if sys.platform != "linux":
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    except (OSError, AttributeError):  # another C library
        return False
