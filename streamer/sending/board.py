"""What the three processes tell each other, in shared memory: numbers, notes, frames, a loop.

Every part has one writer at a time. A writer that dies in the middle of a write leaves a mark by
which readers know, and they keep what they had; the next writer begins anew.
"""

import json
import zlib
from enum import IntEnum
from typing import Any, Final

from streamer.sending.memory import SharedMemory

HEADER_BYTES: Final = 4096
NOTE_BYTES: Final = 64 * 1024
NOTES: Final = 5

# The largest frame that a view can have, in the widest camera format (UYVY), 4096 x 4096.
SLOT_BYTES: Final = 2 * 4096 * 4096
# One is written, one was written last, one is being read, and one to spare.
SLOTS: Final = 4
# A loop of 6 s at 720p takes about 10 MB; two places, so that the old one can play meanwhile.
LOOP_BYTES: Final = 64 * 1024 * 1024
LOOPS: Final = 2


class Number(IntEnum):
    """Whole numbers in the header, by their places."""

    RENDERER_BEAT = 0  # grows while the renderer's threads run
    FRAMES = 1  # frames drawn since the program began
    SENDER_BEAT = 2
    ENDED = 3  # 1: the renderer ends because it is to end
    CAREFUL = 4  # 1: the renderer is to draw with the built-in engine
    NEWEST = 5  # place of the newest frame, plus 1
    LOOP = 6  # place of the standby loop, plus 1
    LATE = 7  # frames, as the pacer counts them
    DROPPED = 8
    RESTARTS = 9  # of the renderer
    SENDER_RESTARTS = 10


class Amount(IntEnum):
    """Floating numbers in the header."""

    ORIGIN = 0  # `time.perf_counter` at stream time 0; 0 before that
    LAST_T = 1  # stream time of the newest frame, s
    FIRST_FRAME_S = 2  # from the program's start to its first frame


class Note:
    """A small JSON value with one writer; ``serial`` grows with each."""

    def __init__(self, block: memoryview) -> None:
        self._head = block[:24].cast("q")  # serial (odd while it is written), length, check sum
        self._text = block[24:]
        self._seen = 0
        self._value: Any = None

    @property
    def serial(self) -> int:
        """Which writing this is; 0 before the first."""
        return self._head[0]

    def write(self, value: Any) -> None:
        """Replace the value. Raises `ValueError` for one that is too long."""
        text = json.dumps(value, ensure_ascii=False).encode()
        if len(text) > len(self._text):
            raise ValueError(f"{len(text)} bytes do not fit into {len(self._text)}")
        serial = self._head[0] | 1
        self._head[0] = serial
        self._text[: len(text)] = text
        self._head[1], self._head[2] = len(text), zlib.crc32(text)
        self._head[0] = serial + 1

    def read(self) -> Any:
        """Return the newest whole value, or the one before while a new one is being written."""
        serial = self._head[0]
        if serial != self._seen and serial % 2 == 0:
            length, check = self._head[1], self._head[2]
            text = bytes(self._text[:length])
            if self._head[0] == serial and zlib.crc32(text) == check:
                self._value, self._seen = json.loads(text), serial
        return self._value


class Board:
    """All of it.

    ``order`` is the renderer's to the sender: which camera, which size and rate; ``camera`` is how
    that camera is, from the sender; ``wishes``, ``choices`` and ``doors`` are what a new renderer
    goes on with.
    """

    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory
        whole = memoryview(memory.view)
        self._numbers = whole[:2048].cast("q")
        self._amounts = whole[2048:HEADER_BYTES].cast("d")
        self._at = HEADER_BYTES
        self.order, self.camera, self.wishes, self.choices, self.doors = (
            Note(self._block(whole, NOTE_BYTES)) for _ in range(NOTES)
        )
        self.slots = [self._block(whole, HEADER_BYTES + SLOT_BYTES) for _ in range(SLOTS)]
        self.loops = [self._block(whole, LOOP_BYTES) for _ in range(LOOPS)]

    @classmethod
    def create(cls) -> "Board":
        """Make one, for the process that outlives the others. Raises `OSError`."""
        size = HEADER_BYTES + NOTES * NOTE_BYTES + SLOTS * (HEADER_BYTES + SLOT_BYTES)
        return cls(SharedMemory.create(size + LOOPS * LOOP_BYTES))

    @classmethod
    def attach(cls, token: str) -> "Board":
        """Open the parent's. Raises `OSError`, `ValueError`."""
        return cls(SharedMemory.attach(token))

    def __getitem__(self, place: Number) -> int:
        return self._numbers[place]

    def __setitem__(self, place: Number, value: int) -> None:
        self._numbers[place] = value

    def beat(self, place: Number) -> None:
        """Show that somebody is alive."""
        self._numbers[place] += 1

    def amount(self, place: Amount) -> float:
        """Return a floating number."""
        return self._amounts[place]

    def set_amount(self, place: Amount, value: float) -> None:
        """Write a floating number."""
        self._amounts[place] = value

    def empty_loop(self, place: int) -> None:
        """Give the memory of a place back, where the system can; it reads as zeros then."""
        start = self._at - (LOOPS - place) * LOOP_BYTES
        self.memory.give_back(start + HEADER_BYTES, LOOP_BYTES - HEADER_BYTES)

    @property
    def origin(self) -> float:
        """`time.perf_counter` at stream time 0, one clock for all processes; 0 before that."""
        return self._amounts[Amount.ORIGIN]

    @origin.setter
    def origin(self, value: float) -> None:
        self._amounts[Amount.ORIGIN] = value

    def _block(self, whole: memoryview, size: int) -> memoryview:
        self._at, start = self._at + size, self._at
        return whole[start : self._at]
