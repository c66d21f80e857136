"""Small pictures of the photos, made once for each state of a file."""

import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from control.live import PhotoEntry
from control.problems import Problem

THUMBNAIL_PX: Final = 240
MAX_THUMBNAILS: Final = 128
# More than any camera makes; Pillow only warns, and at twice its own number refuses.
MAX_PIXELS: Final = 100_000_000


class Thumbnails:
    """Makes and remembers them; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def of(self, entry: PhotoEntry) -> bytes:
        """Return a JPEG. Raises `Problem` for a file that is no picture."""
        try:
            status = Path(entry.path).stat()
            key = (str(entry.path), status.st_mtime_ns, status.st_size)
            with self._lock:
                if key not in self._made:
                    self._made[key] = _thumbnail(entry)
                    while len(self._made) > MAX_THUMBNAILS:
                        self._made.popitem(last=False)
                return self._made[key]
        except (OSError, ValueError, SyntaxError) as exc:  # Pillow's words for broken files
            raise Problem(
                422, "no-picture", f"The file of photo '{entry.name}' cannot be shown: {exc}."
            ) from exc


def _thumbnail(entry: PhotoEntry) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(entry.path) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise ValueError(f"{opened.width}x{opened.height} pixels are too many")
        opened.draft("RGB", (2 * THUMBNAIL_PX, 2 * THUMBNAIL_PX))
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    flat = Image.new("RGB", upright.size, (32, 34, 38))
    flat.paste(upright, mask=upright.getchannel("A"))
    data = io.BytesIO()
    flat.save(data, "JPEG", quality=85)
    return data.getvalue()
