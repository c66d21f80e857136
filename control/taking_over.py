"""A start that finds its camera in another Living Portrait's hands: refuse, ask, or take over."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from control.instances import CameraTaken, Instance, Instances, born
from control.translations.console import in_system_language
from streamer.errors import SinkError

# One that ends in order gives camera and ports back well within this.
END_S: Final = 10.0
_POLL_S: Final = 0.05

# The last is the key of y where a Korean keyboard is on.
YES: Final = ("y", "yes", "네", "예", "ㅛ")

# Somebody else may take the camera in the instant in which it is free.
_TRIES: Final = 3


def claim(
    instances: Instances,
    candidates: Sequence[str],
    *,
    take_over: bool = False,
    end: Callable[[Instance], None] | None = None,
) -> None:
    """Claim a camera; one that another has is taken over where that was asked for.

    Raises: `CameraTaken`, `SinkError` when the other does not end.
    """
    for _ in range(_TRIES if take_over else 0):
        try:
            instances.claim(candidates)
            return
        except CameraTaken as taken:
            (end_orderly if end is None else end)(taken.holder)
    instances.claim(candidates)


def asked() -> bool:
    """Ask who sits before the terminal whether to take over; no terminal means no."""
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        return False
    question = in_system_language("End that one and start here? [y/N] ", sys.stderr)
    sys.stderr.write(question)
    sys.stderr.flush()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return sys.stdin.readline().strip().lower() in YES
    except (KeyboardInterrupt, OSError, UnicodeDecodeError):
        return False
    finally:
        signal.signal(signal.SIGINT, before)


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
