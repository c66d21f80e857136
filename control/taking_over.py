"""A start that finds its camera in another Living Portrait's hands: refuse, ask, or take over."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from control.instances import CameraTaken, Instance, Instances, born
from streamer.errors import SinkError

# One that ends in order gives camera and ports back well within this.
END_S: Final = 10.0
_POLL_S: Final = 0.05

# Somebody else may take the camera in the instant in which it is free.
_TRIES: Final = 3


def claim(
    instances: Instances,
    candidates: Sequence[str],
    *,
    page: str = "",
    take_over: bool = False,
    ask: Callable[[str], bool] | None = None,
    end: Callable[[Instance], None] | None = None,
) -> None:
    """Claim a camera; one that another has is taken over where that was asked for.

    ``ask`` puts the question; by default to who sits before the terminal, and to nobody where
    there is none. Raises: `CameraTaken`, `SinkError` when the other does not end.
    """
    for _ in range(_TRIES):
        try:
            instances.claim(candidates, page=page)
            return
        except CameraTaken as taken:
            if not take_over and not (asked if ask is None else ask)(
                f"Another Living Portrait has the camera {taken.camera} ({taken.holder}). "
                "End it and start here? [y/N] "
            ):
                raise
            (end_orderly if end is None else end)(taken.holder)
    instances.claim(candidates, page=page)


def asked(question: str) -> bool:
    """Ask who sits before the terminal; no terminal means no."""
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        return False
    sys.stderr.write(question)
    sys.stderr.flush()
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes", "예", "네", "ㅛ")
    except (OSError, UnicodeDecodeError):  # a terminal that went away
        return False


def end_orderly(
    instance: Instance,
    *,
    timeout_s: float = END_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Tell another one to end, and wait until it has. Raises: `SinkError` if it does not."""
    if born(instance.pid) != instance.born:
        return
    try:
        _tell(instance.pid)
    except ProcessLookupError:
        return
    except PermissionError as exc:
        raise SinkError(
            f"The other Living Portrait (process {instance.pid}) belongs to another user and "
            f"cannot be ended from here. Type: sudo kill {instance.pid}"
        ) from exc
    until = now() + timeout_s
    while born(instance.pid) == instance.born:
        if now() > until:
            force = f"taskkill /F /T /PID {instance.pid}" if os.name == "nt" else ""
            raise SinkError(
                f"The other Living Portrait (process {instance.pid}) did not end within "
                f"{timeout_s:g} s. Type: {force or f'kill -9 {instance.pid}'}"
            )
        sleep(_POLL_S)


def _tell(pid: int) -> None:
    if os.name != "nt":
        os.kill(pid, signal.SIGTERM)
        return
    import psutil

    # Windows has no signal that a program without a shared console could be sent. The camera is
    # given back by the system; the first one goes first, so that it restarts nothing.
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess as exc:
        raise ProcessLookupError(str(exc)) from exc
    except psutil.AccessDenied as exc:
        raise PermissionError(str(exc)) from exc
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
