"""Small pictures of the photos, made once for each state of a file."""

import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from control.live import PhotoEntry
from control.problems import Problem
from streamer import PhotoError
from streamer.photo import read_photo

THUMBNAIL_PX: Final = 240
MAX_THUMBNAILS: Final = 128


class Thumbnails:
    """Makes and remembers them; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def of(self, entry: PhotoEntry) -> bytes:
        """Return a JPEG. Raises `Problem` for a file that is no picture."""
        try:
            status = Path(entry.path).stat()
        except OSError as exc:
            raise Problem(
                422,
                "no-picture",
                f"The file of photo '{entry.name}' cannot be shown: {exc.strerror}.",
            ) from exc
        key = (str(entry.path), status.st_mtime_ns, status.st_size)
        with self._lock:
            if key not in self._made:
                self._made[key] = _thumbnail(entry)
                while len(self._made) > MAX_THUMBNAILS:
                    self._made.popitem(last=False)
            return self._made[key]


def _thumbnail(entry: PhotoEntry) -> bytes:
    """Draw it from what the engines would get: the same files are read, with the same care."""
    from PIL import Image

    try:
        upright = Image.fromarray(read_photo(Path(entry.path)).image)
    except PhotoError as exc:
        raise Problem(
            422, "no-picture", f"The file of photo '{entry.name}' cannot be shown: {exc}"
        ) from exc
    upright.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX), reducing_gap=2.0)
    data = io.BytesIO()
    upright.save(data, "JPEG", quality=85)
    return data.getvalue()
