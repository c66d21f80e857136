"""Child: one of the processes of a run, how it is started, and the last sign of its life."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamer.child_environment import child_environment


@dataclass
class Child:
    """A process that is watched. Units: the times are s on the watching process' clock."""

    name: str
    process: "subprocess.Popen[bytes]"
    beat: int
    beat_at: float
    stuck_at: float
    frames: int
    longest_s: float = 0.0
    lives: bool = False  # has shown a sign of life
    draws: bool = False  # has drawn a frame
    killed: str = ""

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None


def start(
    command: Sequence[str], handles: Sequence[int], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a process that inherits these handles and no others. Raises `OSError`."""
    more: Mapping[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if sys.platform == "win32"
        # Out of the terminal's reach: Ctrl-C and a closed window are for this process alone.
        else {"start_new_session": True, "pass_fds": tuple(handles)}
    )
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**child_environment(), **environment},
        **more,
    )
