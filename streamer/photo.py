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

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from streamer.errors import PhotoError
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

# Where a picture is transparent it is laid over this grey: no colour cast on hair and skin.
BACKDROP: Final = (128, 128, 128)

READABLE: Final = "JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP"

# The first round costs no plug-in imports; the second is reached by rarer files only. Formats that
# start outside programs (EPS) or have no signature (TGA) are left out.
_COMMON_FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP", "PPM")
_FURTHER_FORMATS: Final = ("WEBP", "AVIF", "TIFF", "JPEG2000", "MPO")

# Source: EXIF 2.32, tag 0x0112.
_ORIENTATION_TAG: Final = 0x0112
_UPRIGHT_BY: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Source: ITU-T T.81, table B.1. In a scan FF stands for itself before 00, and before D0 to D7 it
# only tells how far the scan is.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_START_OF_SCAN, _END_OF_IMAGE, _ALONE = 0xDA, 0xD9, (0xD8, 0x01)

# Brands of the HEIF family that hold HEVC pictures. Source: ISO/IEC 23008-12, annex B.
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")

_STRIP: Final = 256  # rows

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
            image, turned = _upright(opened)
            pixels = _rgb(image, opened.info.get("icc_profile"))
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


def _upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """Turn by the camera's note; also tell whether width and height changed places."""
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # damaged metadata are no reason to refuse the picture; shown as stored
        orientation = 1
    method = _UPRIGHT_BY.get(orientation)
    if method is None:
        return image, False
    return image.transpose(method), orientation >= 5


def _rgb(image: Image.Image, icc_profile: bytes | None) -> Frame:
    """Bring any mode to 8-bit sRGB of at most 2048 px, transparency laid over grey."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bit(image)
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    longer = max(image.size)
    if longer > MAX_SIDE:
        width, height = (max(1, round(side * MAX_SIDE / longer)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if icc_profile:
        image = _to_srgb(image, icc_profile)
    if image.mode == "RGBA":
        backdrop = Image.new("RGBA", image.size, (*BACKDROP, 255))
        image = Image.alpha_composite(backdrop, image)
    return np.array(image.convert("RGB"), dtype=np.uint8)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits; Pillow's own conversion clips to white."""
    values = np.asarray(image)
    # In strips: forty million numbers of double precision would come to a third of a gigabyte.
    strips = range(0, len(values), _STRIP)
    high = max(float(_finite(values[y : y + _STRIP]).max()) for y in strips)
    if image.mode == "F" and high <= 1.0:
        full = 1.0
    elif image.mode.startswith("I;16") or high > 255.0:
        full = 65535.0 if high <= 65535.0 else high
    else:
        full = 255.0
    grey = np.empty(values.shape, np.uint8)
    for y in strips:
        part = _finite(values[y : y + _STRIP]) / full
        grey[y : y + _STRIP] = np.rint(np.clip(part, 0.0, 1.0) * 255.0)
    return Image.fromarray(grey)


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _to_srgb(image: Image.Image, icc_profile: bytes) -> Image.Image:
    """Apply an embedded colour profile; one that is broken or does not fit is left aside."""
    from PIL import ImageCms  # loads LittleCMS: only for pictures that carry a profile

    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(icc_profile)),
            ImageCms.createProfile("sRGB"),
            outputMode=wanted,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, ImportError):
        return image
    return image if converted is None else converted


def _quoted(path: Path) -> str:
    """Name the file, with control characters made visible and at most 200 characters."""
    text = "".join(c if c.isprintable() else "?" for c in str(path))
    return f"'{text if len(text) <= 200 else '…' + text[-199:]}'"


def _reason(exc: BaseException) -> str:
    """Say an exception in a few words, without the path that `OSError` repeats."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return str(exc)[:120] or type(exc).__name__
