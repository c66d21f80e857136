"""The loop that the camera shows while no frames come: JPEG pictures, kept in shared memory."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import cv2
import numpy as np

from streamer.sending.board import HEADER_BYTES, LOOP_BYTES, LOOPS, Board, Number
from streamer.view import Frame

# A face that may be looked at for a minute; no blocks show on skin. About 100 kB at 720p.
QUALITY: Final = 85

# As many pictures as the table in a loop's header has room for.
MAX_PICTURES: Final = HEADER_BYTES // 8 - 5


@dataclass(frozen=True)
class Standby:
    """A loop to be shown. ``stage`` is the scene that it was drawn for.

    Its pictures lie in the shared memory, where a later loop may be written over them: ``intact``
    says whether that has begun. `kept` is safe from it.
    """

    serial: int
    stage: int
    fps: float
    pictures: tuple[memoryview, ...]
    intact: Callable[[], bool] = field(default=lambda: True, compare=False)

    def kept(self) -> "Standby | None":
        """Return it with pictures of its own, or None if it was written over meanwhile."""
        whole = memoryview(b"".join(self.pictures))  # 8 MB at 720p, copied in 2 ms
        ends = [0, *itertools.accumulate(len(picture) for picture in self.pictures)]
        own = replace(self, pictures=tuple(whole[a:b] for a, b in itertools.pairwise(ends)))
        return own if self.intact() else None

    @property
    def length_s(self) -> float:
        """How long it takes, s."""
        return len(self.pictures) / self.fps

    def at(self, t: float) -> tuple[int, int, float]:
        """Return the two pictures next to ``t`` (s), and the weight of the second."""
        place = t * self.fps
        first = int(place)
        count = len(self.pictures)
        return first % count, (first + 1) % count, place - first

    def picture(self, index: int) -> Frame:
        """Decode one picture."""
        data = np.frombuffer(self.pictures[index], np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("a picture of the standby loop is damaged")
        return np.asarray(image, np.uint8)


def encode(frame: Frame) -> bytes:
    """Encode one picture of the loop.

    Red and blue are taken for each other, here and by `Standby.picture`: nobody else reads it, and
    each end saves a conversion and 3 MB.
    """
    ok, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise ValueError(f"no JPEG can be made of a frame of the shape {frame.shape}")
    return data.tobytes()


class StandbyPlace:
    """Where the loop lies on a board: one writer, one reader, and two places used by turns."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._heads = [block[:HEADER_BYTES].cast("q") for block in board.loops]
        self._data = [block[HEADER_BYTES:] for block in board.loops]

    @property
    def stage(self) -> int | None:
        """What the newest loop was drawn for; None where there is no loop."""
        standby = self.read()
        return None if standby is None else standby.stage

    def write(self, pictures: Iterable[bytes], fps: float, stage: int) -> bool:
        """Put a new loop in the place of the one before; False if it does not fit or is none.

        Each picture goes into the shared memory as it is made, and the loop counts when all are
        there. An error of ``pictures`` comes through; the loop before stays then.
        """
        room = LOOP_BYTES - HEADER_BYTES
        newest = self._board[Number.LOOP]
        place = newest % LOOPS
        head, data = self._heads[place], self._data[place]
        head[0] |= 1
        end = count = 0
        for picture in pictures:
            if count == MAX_PICTURES or end + len(picture) > room:
                return False
            data[end : end + len(picture)] = picture
            end += len(picture)
            head[4 + count] = end
            count += 1
        if count < 2:
            return False
        head[1], head[2], head[3] = stage, round(1000 * fps), count
        head[0] += 1
        self._board[Number.LOOP] = place + 1
        return True

    def adopt(self, stage: int, fps: float, index: int, picture: bytes) -> bool:
        """Let the newest loop be that of ``stage``, if it is one of that rate and has this picture.

        So a new renderer, or a face that was moved and moved back, need not draw it again.
        """
        standby = self.read()
        if standby is None or standby.fps != fps or len(standby.pictures) <= index:
            return False
        if standby.pictures[index] != picture:
            return False
        if standby.stage != stage:
            head = self._heads[self._board[Number.LOOP] - 1]
            head[0] |= 1
            head[1] = stage
            head[0] += 1
        return True

    def forget_the_other(self) -> None:
        """Give the memory of the loop before the newest one back; who shows it has a copy."""
        other = self._board[Number.LOOP] % LOOPS
        self._heads[other][0] |= 1
        self._board.empty_loop(other)

    def read(self) -> Standby | None:
        """Return the newest loop, or None where there is none."""
        place = self._board[Number.LOOP]
        if not place:
            return None
        head, data = self._heads[place - 1], self._data[place - 1]
        serial, stage, millis, count = head[:4]
        ends = [0, *head[4 : 4 + count]]
        if serial % 2 or head[0] != serial or count < 2:
            return None
        pictures = tuple(data[a:b] for a, b in itertools.pairwise(ends))
        return Standby(
            LOOPS * serial + place,
            stage,
            millis / 1000,
            pictures,
            intact=lambda: head[0] == serial,
        )
