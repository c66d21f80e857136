"""Frames from the renderer to the sender: the newest one counts, the others are forgotten."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from streamer.sending.board import HEADER_BYTES, SLOTS, Board, Number
from streamer.sinks.pixels import PIXEL_FORMATS, PixelFormat, Pixels

# How often a frame is read anew that was overwritten meanwhile.
ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Form:
    """How a frame's bytes are to be read. Units: px."""

    pixel_format: PixelFormat
    width: int
    height: int

    @property
    def length(self) -> int:
        """Bytes of a frame."""
        size = self.width * self.height
        return size * 2 if self.pixel_format == "UYVY" else size * 3 // 2


@dataclass(frozen=True)
class Mark:
    """What a frame shows, as far as the sender must know.

    ``stage`` is another number for each scene, with or without the badge. ``covered``: the privacy
    picture stands in for the face; ``still``: the face is frozen on purpose. Neither may come to
    life by itself.
    """

    stage: int = 0
    covered: bool = False
    still: bool = False


@dataclass(frozen=True)
class Framed:
    """A frame that was read; ``number`` counts all of the program's."""

    number: int
    form: Form
    mark: Mark
    pixels: Pixels


class Ring:
    """The frames on a board. One thread writes, one thread of another process reads."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._heads = [slot[:HEADER_BYTES].cast("q") for slot in board.slots]
        self._pixels = [np.frombuffer(slot[HEADER_BYTES:], np.uint8) for slot in board.slots]
        self._copy: Pixels = np.empty(0, np.uint8)

    @property
    def number(self) -> int:
        """Number of the newest frame; 0 before the first."""
        place = self._board[Number.NEWEST]
        return self._heads[place - 1][1] if place else 0

    def write(self, pixels: Pixels, form: Form, mark: Mark) -> None:
        """Leave a frame. Raises: `ValueError` for bytes that are not of that form."""
        if pixels.size != form.length:
            raise ValueError(f"{pixels.size} bytes are no frame of {form}")
        newest = self._board[Number.NEWEST]
        number = self.number + 1
        place = newest % SLOTS  # the one after the newest
        head = self._heads[place]
        head[0] |= 1  # being written
        head[1] = number
        head[2], head[3] = form.width, form.height
        head[4] = PIXEL_FORMATS.index(form.pixel_format)
        head[5], head[6], head[7] = mark.stage, mark.covered, mark.still
        np.copyto(self._pixels[place][: form.length], pixels.reshape(-1))
        head[0] += 1
        self._board[Number.NEWEST] = place + 1

    def read(self) -> Framed | None:
        """Return the newest frame; its pixels are valid until the next call."""
        for _ in range(ATTEMPTS):
            place = self._board[Number.NEWEST]
            if not place:
                return None
            head = self._heads[place - 1]
            serial, number, width, height, pixel_format, *shown = head[:8]
            if serial % 2 or head[0] != serial:
                continue
            form = Form(PIXEL_FORMATS[pixel_format], width, height)
            mark = Mark(shown[0], bool(shown[1]), bool(shown[2]))
            if self._copy.size != form.length:
                self._copy = np.empty(form.length, np.uint8)
            np.copyto(self._copy, self._pixels[place - 1][: form.length])
            if head[0] == serial:
                return Framed(number, form, mark, self._copy)
        return None
