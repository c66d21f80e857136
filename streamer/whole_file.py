"""Reads and writes files whole or not at all."""

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

# Without waiting for a pipe's other end; Windows wants to be told that bytes are bytes.
_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_whole(path: Path, max_bytes: int) -> bytes:
    """Read a file; a byte more than ``max_bytes`` is read of one that is longer, and no more.

    Pipes, devices and folders are refused, however a link is called. Raises: `OSError`.
    """
    _check_file(path.stat())  # a device is not even opened
    handle = os.open(path, _READ)
    try:
        _check_file(os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    with os.fdopen(handle, "rb") as file:
        return file.read(max_bytes + 1)


def leads_out(path: Path) -> bool:
    """Whether a path is a link to something outside its own folder. Raises: `OSError`."""
    if not path.is_symlink():
        return False
    try:
        return not path.resolve(strict=True).is_relative_to(path.parent.resolve())
    except RuntimeError as exc:  # a circle of links, up to Python 3.12
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from exc


def private_folder(folder: Path) -> None:
    """Make a folder that its owner alone may look into, with those above it. Raises: `OSError`.

    One that is there already stays as it is.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it there: a reader never sees half of it.

    What was there before stays if anything fails. Its owner alone may read it. Raises: `OSError`.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _check_file(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a file")
