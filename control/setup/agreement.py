"""The question before large downloads: what comes, how much of it, and whether that is wanted."""

import sys
from pathlib import Path
from typing import Final

from control.setup.failures import free_mb
from control.setup.order import Order, answer, typed_again
from control.setup.progress import Progress
from control.setup.torch_builds import Build

# Measured with the pinned versions on Linux and Python 3.11: the wheels, and .venv on the disk.
BASE_MB: Final = 130
BASE_DISK_MB: Final = 450
# Source: docs/weights.md.
WEIGHTS_MB: Final = 660
ASK_ABOVE_MB: Final = 100


class SetupError(Exception):
    """A step that cannot be done; holds the lines to show."""


def agree(order: Order, progress: Progress, folder: Path, build: Build | None, base: bool) -> None:
    """Say what will be downloaded, and ask where it is much.

    ``base`` says whether the libraries are among it, ``build`` whether a PyTorch is. Raises:
    `SetupError` where the answer is no, nobody can be asked, or the disk has no room.
    """
    words = progress.words
    lines, total, disk = [], 0, 0
    if base:
        total, disk = BASE_MB, BASE_DISK_MB
        room = f"{disk / 1000:.1f}"
        lines = [words("ask-libraries", mb=BASE_MB, disk=room, folder=folder)]
    if build:
        total, disk = total + build.size_mb, disk + build.disk_mb
        lines.append(words("ask-torch", mb=build.size_mb, build=build.version))
    if order.neural and not order.offline:
        total, disk = total + WEIGHTS_MB, disk + WEIGHTS_MB
        lines.append(words("ask-weights", mb=WEIGHTS_MB))
    if order.neural and build and not build.accelerated:
        lines.append(words("ask-no-gpu"))
    if build and build.old_for:
        lines.append(words("ask-old-card", name=build.old_for))
    for line in lines:
        progress.say(line)
    free = free_mb(folder)
    if disk + total > free and not order.testing:
        raise SetupError(words("fix-disk", folder=folder, free=free, needed=disk + total))
    if total <= ASK_ABOVE_MB or order.yes or order.offline or order.testing:
        return
    if not sys.stdin.isatty():
        if not order.neural:
            return  # the libraries are what the command is for; gigabytes are not
        raise SetupError(words("nobody-to-ask", command=typed_again("--yes")))
    if not answer(words("ask-go-on"), empty=True):
        raise SetupError(words("refused"))
