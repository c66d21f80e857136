"""What the network sink says to the process that sends, what that one answers.

Standard input: one line of JSON (`Order`), then frames: the time in s as a little-endian double,
then I420. Standard output: lines of JSON. ``{"is": "connecting"}``, ``{"is": "sending", "encoder":
name}`` once connected, ``{"is": "ready", "bytes": sum}`` before each frame that it can take, and at
last ``{"is": "failed", "why": kind, "text": words}``. The address comes by standard input since
other users of the machine can read a program's arguments.
"""

import json
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any, Final


class CannotSend(Exception):
    """Why it does not go on; ``kind`` is for programs, the text for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Order:
    """What is sent, and where. Units: px, frames a second, bits a second."""

    url: str
    container: str
    width: int
    height: int
    fps: float
    bit_rate: int
    encoder: str
    silence: bool

    def line(self) -> bytes:
        """Return the order as it is written."""
        return json.dumps(asdict(self)).encode() + b"\n"


_saying: Final = threading.Lock()


def say(**what: Any) -> None:
    """Tell the sink something."""
    with _saying:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()
