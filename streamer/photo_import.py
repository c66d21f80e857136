"""Takes a picture into a photo folder: a safe name, the original bytes, all of it or nothing."""

import contextlib
import itertools
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from streamer.errors import NoFaceError, PhotoError
from streamer.photo import MAX_FILE_BYTES, Photo, format_of, name_of, photo_from_bytes
from streamer.photo_about import about_path
from streamer.whole_file import private_folder

# The name that a file gets by what it is, whatever it was called.
SUFFIXES: Final = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "TIFF": ".tif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "DIB": ".bmp",
    "PPM": ".ppm",
    "JPEG2000": ".jp2",
}

# A Hangul syllable takes three bytes, file systems allow 255, and "-12.landmarks.yaml" follows.
MAX_STEM: Final = 60
_FALLBACK: Final = "photo"
_INCOMING: Final = ".incoming-"
# What an interrupted copy left behind is removed after this time; a running one takes seconds.
_STALE_S: Final = 3600.0

# Signs that some file system forbids or that mean something in a path. Source: Microsoft, "Naming
# Files, Paths, and Namespaces".
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*%#]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_stem(file_name: str) -> str:
    """Make a name without a path from whatever a file was called elsewhere."""
    last = re.split(r"[/\\]", file_name)[-1]
    stem, dot, suffix = last.rpartition(".")
    if not dot or not stem or len(suffix) > 5 or not suffix.isalnum():
        stem = last
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(c if c.isprintable() else " " for c in _FORBIDDEN.sub(" ", stem))
    stem = " ".join(stem.split()).strip(". ")[:MAX_STEM].rstrip(". ")
    if not stem or _RESERVED.fullmatch(stem):
        return _FALLBACK
    return stem


def keep(
    folder: Path,
    file_name: str,
    data: bytes,
    taken: Collection[str],
    check: Callable[[Photo], object] | None,
) -> Path:
    """Write a picture into a folder, under a name that is not ``taken`` and free there.

    It is read first, and ``check`` is called with the photo: what either raises is the reason why
    it is not kept. Returns the path. Raises: `PhotoError`.
    """
    stem = safe_stem(file_name)
    _judge(data, _free(folder, stem, ".jpg", taken), _shown(file_name), check)
    suffix = SUFFIXES.get(format_of(data), ".jpg")
    try:
        private_folder(folder)
        _sweep(folder)
        handle, incoming = tempfile.mkstemp(prefix=_INCOMING, dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path = _free(folder, stem, suffix, taken)
            while not _placed(Path(incoming), path):  # another program took the name meanwhile
                path = _free(folder, stem, suffix, taken)
        finally:
            Path(incoming).unlink(missing_ok=True)
    except OSError as exc:
        raise PhotoError(
            f"'{_shown(file_name)}' could not be kept in '{folder}' ({exc.strerror}). Make room or "
            "correct the folder's permissions, and add the photo again."
        ) from exc
    return path


def companions(photo: Path) -> list[Path]:
    """Return the files beside a photo that belong to it: what is known, the points of its face."""
    points = f"{photo.stem}.landmarks"
    beside = [p for p in photo.parent.iterdir() if p.suffix == ".yaml" and p.is_file()]
    return [p for p in beside if p == about_path(photo) or p.name.startswith(f"{points}.")]


def _judge(data: bytes, path: Path, shown: str, check: Callable[[Photo], object] | None) -> None:
    """Read the picture and look for the face; complaints name it as the user knows it."""
    try:
        if not data:
            raise PhotoError(f"'{path}' is empty. Copy or download the picture again.")
        if len(data) > MAX_FILE_BYTES:
            raise PhotoError(
                f"'{path}' has {len(data) / 2**20:.0f} MB; at most {MAX_FILE_BYTES // 2**20} MB "
                "are read. Save it as JPEG, 4000 px wide or less."
            )
        photo = photo_from_bytes(data, path)
        if check is not None:
            check(photo)
    except NoFaceError as exc:
        raise NoFaceError(exc.what.replace(str(path), shown)) from exc
    except PhotoError as exc:
        raise PhotoError(str(exc).replace(str(path), shown)) from exc


def _free(folder: Path, stem: str, suffix: str, taken: Collection[str]) -> Path:
    """Return a path that no photo has, nor any file that would be read as belonging to it."""
    there = set(taken)
    if folder.is_dir():
        for path in folder.iterdir():
            name = name_of(path)
            there |= {name, name.removesuffix(".landmarks").removesuffix(".about")}
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in itertools.count(1))
    free = next(each for each in numbered if name_of(Path(f"{each}.x")) not in there)
    return folder / f"{free}{suffix}"


def _placed(incoming: Path, path: Path) -> bool:
    """Give the file its name, unless another has it by now."""
    try:
        os.link(incoming, path)  # unlike renaming, this never replaces a file
    except FileExistsError:
        return False
    except OSError:  # a file system without links, such as a stick's
        if path.exists():
            return False
        incoming.rename(path)
    return True


def _sweep(folder: Path) -> None:
    """Remove what a program that was killed while copying left behind."""
    for path in folder.glob(f"{_INCOMING}*"):
        with contextlib.suppress(OSError):  # another program's sweep was faster
            if time.time() - path.stat().st_mtime > _STALE_S:
                path.unlink()


def _shown(file_name: str) -> str:
    last = re.split(r"[/\\]", file_name)[-1]
    return "".join(c if c.isprintable() else "?" for c in last)[:80] or _FALLBACK
