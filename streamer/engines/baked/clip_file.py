"""A clip on disk: a row of faces, and the picture of each as JPEG.

A clip is a file that was written whole. While it is being drawn its pictures lie in a log beside
it, one record after the other, so that nothing that was drawn is lost when the process is killed;
a record that was cut short is no record.
"""

import io
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamer.errors import EngineError
from streamer.parameters import PARAMETERS, Face
from streamer.photo import MAX_SIDE
from streamer.view import Frame
from streamer.whole_file import write_whole

SUFFIX: Final = ".clip"
LOG_SUFFIX: Final = ".part"

_MAGIC: Final = b"LPCLIP1\n"
_RECORD: Final = struct.Struct("<4sIII")  # mark, number, length, CRC-32
_MARK: Final = b"FRAM"

# Larger headers are no clip: a minute of faces takes 0.7 MB.
_MAX_HEADER: Final = 64 << 20

# Measured on both portraits: see docs/baking.md. Below 90, flat skin shimmers.
QUALITY: Final = 92

# RGB straight from the decoder, where OpenCV has it.
_READ_RGB: Final = getattr(cv2, "IMREAD_COLOR_RGB", None)


def encode(picture: Frame) -> bytes:
    """Return a picture as JPEG."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    if not done:
        raise EngineError("OpenCV could not encode a frame as JPEG.")
    return data.tobytes()


def decode(data: bytes) -> Frame | None:
    """Return the picture, or None if it is damaged or larger than a frame may be."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            if max(opened.size) > MAX_SIDE:
                return None
    except (OSError, ValueError, SyntaxError):
        return None
    buffer = np.frombuffer(data, np.uint8)
    if _READ_RGB is not None:
        picture = cv2.imdecode(buffer, _READ_RGB)
        return None if picture is None else np.asarray(picture, np.uint8)
    picture = cv2.imdecode(buffer, cv2.IMREAD_COLOR)
    return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


@dataclass(frozen=True)
class Clip:
    """An open clip: its faces are in memory, its pictures are read one by one."""

    path: Path
    name: str
    values: NDArray[np.float64]  # (faces, parameters), in the order of `PARAMETERS`
    _spans: tuple[tuple[int, int, int], ...]  # where in the file, length, CRC-32
    _file: BinaryIO

    def read(self, number: int) -> bytes | None:
        """Return the JPEG of a face, or None if it is damaged. One thread at a time."""
        at, length, checksum = self._spans[number]
        self._file.seek(at)
        data = self._file.read(length)
        return data if len(data) == length and zlib.crc32(data) == checksum else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def pack(name: str, faces: Sequence[Face], pictures: Sequence[bytes]) -> bytes:
    """Return the bytes of a clip."""
    at, spans = 0, []
    for data in pictures:
        spans.append((at, len(data), zlib.crc32(data)))
        at += len(data)
    header = json.dumps(
        {
            "name": name,
            "parameters": list(PARAMETERS),
            "faces": [[face[name] for name in PARAMETERS] for face in faces],
            "spans": spans,
        }
    ).encode()
    return b"".join([_MAGIC, struct.pack("<I", len(header)), header, *pictures])


def open_clip(path: Path) -> Clip:
    """Open a clip. Raises: `ValueError` for what is none, or not whole; `OSError`."""
    if not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path} is no clip")
    file = path.open("rb")
    try:
        return _opened(path, file)
    except BaseException:
        file.close()
        raise


def _opened(path: Path, file: BinaryIO) -> Clip:
    start = file.read(len(_MAGIC) + 4)
    if len(start) < len(_MAGIC) + 4 or not start.startswith(_MAGIC):
        raise ValueError(f"{path} is no clip")
    (length,) = struct.unpack("<I", start[len(_MAGIC) :])
    first = len(start) + length
    size = os.fstat(file.fileno()).st_size
    if length > _MAX_HEADER or first > size:
        raise ValueError(f"{path} is cut short")
    try:
        header = json.loads(file.read(length))
        spans = tuple((first + int(a), int(n), int(crc)) for a, n, crc in header["spans"])
        values = _values(header["parameters"], header["faces"])
        name = str(header["name"])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as exc:
        raise ValueError(f"{path} is damaged: {str(exc)[:200]}") from exc
    except RecursionError as exc:
        raise ValueError(f"{path} is damaged: its depth has no end") from exc
    whole = sum(n for _, n, _ in spans)
    if len(values) != len(spans) or first + whole != size:
        raise ValueError(f"{path} is not whole: {size} bytes, expected {first + whole}")
    if any(n < 0 or not first <= a <= a + n <= size for a, n, _ in spans):
        raise ValueError(f"{path} is damaged: a picture lies outside of it")
    return Clip(path, name, values, spans, file)


def _values(names: Sequence[str], rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    table = np.array(rows, np.float64).reshape(-1, len(names))
    if not np.isfinite(table).all():
        raise ValueError("a face is no number")
    lows, highs = ([getattr(p, end) for p in PARAMETERS.values()] for end in ("low", "high"))
    return np.clip(table[:, [names.index(name) for name in PARAMETERS]], lows, highs)


class ClipLog:
    """The pictures of a clip that is being drawn. One process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(LOG_SUFFIX)
        self._clip = path
        self.pictures: dict[int, bytes] = {}
        end = 0
        if self._path.is_file():
            for number, data, after in _records(self._path.read_bytes()):
                self.pictures[number] = data
                end = after
        self._file = self._path.open("ab")
        self._file.truncate(end)
        self._file.seek(0, os.SEEK_END)

    def add(self, number: int, data: bytes) -> None:
        """Keep a picture; it survives whatever happens to this process."""
        self._file.write(_RECORD.pack(_MARK, number, len(data), zlib.crc32(data)) + data)
        self._file.flush()
        self.pictures[number] = data

    def finish(self, name: str, faces: Sequence[Face]) -> None:
        """Make it a clip. Raises: `OSError`; the log stays then."""
        write_whole(self._clip, pack(name, faces, [self.pictures[i] for i in range(len(faces))]))
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def drawn_so_far(path: Path) -> int:
    """Return how many pictures the log of a clip holds, without reading them."""
    count = 0
    try:
        with path.with_suffix(LOG_SUFFIX).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while len(head := file.read(_RECORD.size)) == _RECORD.size:
                mark, _, length, _ = _RECORD.unpack(head)
                if mark != _MARK or file.seek(length, os.SEEK_CUR) > size:
                    break
                count += 1
    except OSError:  # nothing yet, or just become a clip
        return 0
    return count


def _records(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield (number, picture, where the next one begins) of all sound records from the start."""
    at = 0
    while at + _RECORD.size <= len(data):
        mark, number, length, checksum = _RECORD.unpack_from(data, at)
        start = at + _RECORD.size
        picture = data[start : start + length]
        if mark != _MARK or len(picture) < length or zlib.crc32(picture) != checksum:
            return
        at = start + length
        yield number, picture, at
