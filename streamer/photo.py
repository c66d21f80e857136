"""The operator's picture, read safely and brought upright.

The suffix of a file is never trusted: only what the bytes are counts, and only still-picture
formats that need no outside program are tried. Sizes are judged from the header, before a single
pixel is decoded.
"""

import hashlib
import io
import re
import stat
import threading
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from streamer.errors import PhotoError
from streamer.photo_pixels import rgb, upright
from streamer.view import Frame
from streamer.whole_file import read_whole

# A face needs about 20 px between the eyes (the built-in engine's design); a frame is rarely
# higher than 1080 px, so more than 2048 px would only cost time.
MIN_SIDE: Final = 64
MAX_SIDE: Final = 2048

# A phone takes 12 to 50 MP and reduces to 12 by default. 40 MP cost about 0.5 GB while decoding;
# a picture above that is refused unread.
MAX_PIXELS: Final = 40_000_000
MAX_FILE_BYTES: Final = 128 * 2**20

# A progressive JPEG comes in about ten passes over the whole picture, which cost the same whether
# they hold anything or not: a small file of a million passes would keep a processor for hours.
MAX_PASSES: Final = 50

READABLE: Final = "JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP"

# The first round costs no plug-in imports; the second is reached by rarer files only. Formats that
# start outside programs (EPS) or have no signature (TGA) are left out.
_COMMON_FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP", "PPM")
_FURTHER_FORMATS: Final = ("WEBP", "AVIF", "TIFF", "JPEG2000", "MPO")

# Source: ITU-T T.81, table B.1. In a scan FF stands for itself before 00, and before D0 to D7 it
# only tells how far the scan is.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE, _ALONE = 0xDA, 0xD9, (0xD8, 0x01)

# Brands of the HEIF family that hold HEVC pictures. Source: ISO/IEC 23008-12, annex B.
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

# Python's warning filters are one per process, so only one picture is decoded at a time.
_quiet_lock = threading.Lock()


@dataclass(frozen=True)
class Photo:
    """A picture as the engines get it.

    ``image`` is (height, width, 3) uint8 RGB, upright, at most 2048 px on the longer side;
    ``key`` is the SHA-256 of the file, for caches. ``size_in_file`` (width, height) is the upright
    size before any reduction: sidecar coordinates refer to it. ``marked`` holds points of the face
    that are tried out, as a sidecar file would say them; they come before any file.
    """

    name: str
    path: Path
    image: Frame
    key: str
    size_in_file: tuple[int, int]
    marked: Mapping[str, Any] | None = None


def name_of(path: Path) -> str:
    """Return the name a photo goes by: the file's stem in lower case, accents composed."""
    return unicodedata.normalize("NFC", path.stem).lower()


def read_photo(path: Path, name: str | None = None) -> Photo:
    """Read a picture file: upright, without transparency, sRGB, at most 2048 px.

    Of an animation the first frame is taken. Raises: `PhotoError`, which says what is wrong with
    the file and what to do.
    """
    return photo_from_bytes(_read_bytes(path), path, name)


def photo_from_bytes(data: bytes, path: Path, name: str | None = None) -> Photo:
    """Read a picture that is, or will be, the file ``path``. Raises: `PhotoError`."""
    with _quietly():
        opened = _open(path, data)
        size = _checked_size(path, opened)
        _check_passes(path, opened, data)
        try:
            # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size straight away.
            opened.draft(None, (MAX_SIDE, MAX_SIDE))
            opened.load()
            turned_by_decoder = opened.size == size[::-1] != size  # TIFF does so while loading
            image, turned = upright(opened)
            pixels = rgb(image, opened.info.get("icc_profile"), MAX_SIDE)
        except Exception as exc:
            # Decoders fed with a damaged file raise almost anything (OSError, ValueError,
            # SyntaxError, IndexError, struct.error, zlib.error); all of it means the same here.
            raise PhotoError(
                f"{_quoted(path)} is damaged or incomplete ({_reason(exc)}). Open it in an image "
                "program and save it again as JPEG or PNG, or copy it anew."
            ) from exc
    return Photo(
        name=name if name is not None else name_of(path),
        path=path,
        image=pixels,
        key=hashlib.sha256(data).hexdigest(),
        size_in_file=size[::-1] if turned or turned_by_decoder else size,
    )


def format_of(data: bytes) -> str:
    """Return the name of the format that a readable picture is in, such as ``JPEG``."""
    with _quietly():
        return _open(Path("picture"), data).format or ""


def _read_bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError(f"{_quoted(path)} is a folder. Name a picture file inside it.")
        if not stat.S_ISREG(status.st_mode):
            raise PhotoError(f"{_quoted(path)} is not a file. Name a picture file ({READABLE}).")
        data = b"" if status.st_size > MAX_FILE_BYTES else read_whole(path, MAX_FILE_BYTES)
        size = max(status.st_size, len(data))  # files of the system itself say 0
        if size > MAX_FILE_BYTES:
            raise PhotoError(
                f"{_quoted(path)} has {size / 2**20:.0f} MB; at most "
                f"{MAX_FILE_BYTES // 2**20} MB are read. Save it as JPEG, 4000 px wide or less."
            )
        if not data:
            raise PhotoError(f"{_quoted(path)} is empty. Copy or download the picture again.")
        return data
    except FileNotFoundError:
        raise PhotoError(
            f"There is no file {_quoted(path)}. Check the spelling and the folder."
        ) from None
    except (OSError, ValueError) as exc:  # ValueError: a NUL character in the path
        raise PhotoError(
            f"{_quoted(path)} cannot be read ({_reason(exc)}). Check the path and its permissions."
        ) from exc


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep decoders from printing about metadata; a size warning becomes an error."""
    with _quiet_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _open(path: Path, data: bytes) -> Image.Image:
    """Read the header. The bytes decide, whatever the suffix says."""
    try:
        try:
            return Image.open(io.BytesIO(data), formats=_COMMON_FORMATS)
        except UnidentifiedImageError:
            Image.init()
            further: list[str] = [name for name in _FURTHER_FORMATS if name in Image.OPEN]
            return Image.open(io.BytesIO(data), formats=further)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise PhotoError(
            f"{_quoted(path)} claims far more pixels than the {MAX_PIXELS // 10**6} million that "
            "are read. Save it smaller, 4000 px wide or less."
        ) from exc
    except UnidentifiedImageError as exc:
        raise PhotoError(_not_a_picture(path, data)) from exc
    except Exception as exc:  # a broken header: see read_photo
        raise PhotoError(
            f"{_quoted(path)} has a damaged header ({_reason(exc)}). Open it in an image program "
            "and save it again as JPEG or PNG."
        ) from exc


def _not_a_picture(path: Path, data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return (
            f"{_quoted(path)} is a HEIC picture, which cannot be read here. Save or export it as "
            "JPEG or PNG (on an iPhone: Settings > Camera > Formats > Most Compatible)."
        )
    return f"{_quoted(path)} is not a picture. Use a {READABLE} file."


def _checked_size(path: Path, opened: Image.Image) -> tuple[int, int]:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{_quoted(path)} has {width} x {height} px = {width * height / 1e6:.0f} million; at "
            f"most {MAX_PIXELS // 10**6} million are read. Save it smaller, 4000 px wide or less."
        )
    if min(width, height) < MIN_SIDE:
        raise PhotoError(
            f"{_quoted(path)} has only {width} x {height} px; at least {MIN_SIDE} x {MIN_SIDE} "
            "are needed, and 512 x 512 look good. Use a larger picture."
        )
    if min(width, height) * MAX_SIDE < MIN_SIDE * max(width, height):
        raise PhotoError(
            f"{_quoted(path)} is a strip of {width} x {height} px. Cut the face out of it with "
            "some room around and use that picture."
        )
    return width, height


def _check_passes(path: Path, opened: Image.Image, data: bytes) -> None:
    if opened.format in ("JPEG", "MPO") and (passes := _passes(data)) > MAX_PASSES:
        raise PhotoError(
            f"{_quoted(path)} is stored in more than {MAX_PASSES} passes ({passes} and more). Open "
            "it in an image program and save it again as JPEG or PNG."
        )


def _passes(data: bytes) -> int:
    """Count the scans of a JPEG's first picture; far above `MAX_PASSES` it stops to count."""
    at = passes = 0
    while passes <= 2 * MAX_PASSES and (found := _MARKER.search(data, at)):
        at, marker = found.end(), data[found.start() + 1]
        if marker == _END_OF_IMAGE:
            break
        passes += marker == _START_OF_SCAN
        if marker not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
    return passes


def _quoted(path: Path) -> str:
    """Name the file, with control characters made visible and at most 200 characters."""
    text = "".join(c if c.isprintable() else "?" for c in str(path))
    return f"'{text if len(text) <= 200 else '…' + text[-199:]}'"


def _reason(exc: BaseException) -> str:
    """Say an exception in a few words, without the path that `OSError` repeats."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return str(exc)[:120] or type(exc).__name__
