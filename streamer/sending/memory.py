"""Memory that several processes share, and that nobody can leave behind.

On Linux and macOS it has no name: it lives as long as a process holds it open, and is gone with
the last one however that ends. Windows drops a named mapping with its last handle.
"""

import contextlib
import mmap
import os
import sys
from collections.abc import Sequence


class SharedMemory:
    """A block of ``size`` bytes, zero at first, at least; untouched pages cost nothing.

    ``token`` tells a child process where it is: `attach` takes it. The child must inherit
    ``handles`` (`subprocess.Popen`'s ``pass_fds``).
    """

    def __init__(self, view: mmap.mmap, token: str, handles: Sequence[int]) -> None:
        self.view = view
        self.token = token
        self.handles = tuple(handles)

    @classmethod
    def create(cls, size: int) -> "SharedMemory":
        """Make a new one. Raises `OSError`."""
        if sys.platform == "win32":
            import secrets

            name = f"living-portrait-{secrets.token_hex(16)}"
            return cls(mmap.mmap(-1, size, tagname=name), f"{name}:{size}", ())
        handle = _nameless_file()
        os.ftruncate(handle, size)
        return cls(mmap.mmap(handle, size), f"{handle}:{size}", (handle,))

    @classmethod
    def attach(cls, token: str) -> "SharedMemory":
        """Open the one of a parent process. Raises `OSError`, `ValueError`."""
        where, _, size = token.rpartition(":")
        if sys.platform == "win32":
            return cls(mmap.mmap(-1, int(size), tagname=where), token, ())
        handle = int(where)
        return cls(mmap.mmap(handle, int(size)), token, (handle,))

    def give_back(self, start: int, length: int) -> None:
        """Empty whole pages for all processes, where the system can; their memory is free then."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # a file system without holes
                self.view.madvise(mmap.MADV_REMOVE, start, length)

    def close(self) -> None:
        """Let go of it, where nothing points into it any more."""
        with contextlib.suppress(BufferError):
            self.view.close()
        for handle in self.handles:
            with contextlib.suppress(OSError):
                os.close(handle)
        self.handles = ()


def _nameless_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("living-portrait", os.MFD_CLOEXEC)
    import tempfile

    handle, path = tempfile.mkstemp(prefix="living-portrait-")
    os.unlink(path)  # noqa: PTH108 - the file lives on without a name
    return handle
