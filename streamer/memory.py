"""Gives memory that is free back to the system, where the C library keeps it for later."""

import ctypes
import sys


def give_back() -> None:
    """Return what is free, after work that took much for a moment."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl keeps nothing
        if trim is not None:
            trim(0)
