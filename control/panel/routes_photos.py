"""Routes of the photo library: what there is, thumbnails, switching."""

import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from flask import Flask, Response, request

from control.live import PhotoEntry
from control.panel.bodies import read_body, text_of
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import LABEL, gives, listed, name_text, or_null, takes, text, truth
from control.problems import Problem, unknown

THUMBNAIL_PX: Final = 240
MAX_THUMBNAILS: Final = 128
# More than any camera makes; Pillow only warns, and at twice its own number refuses.
MAX_PIXELS: Final = 100_000_000

PHOTO: Final = gives(
    name=text(),
    label=LABEL,
    credit=text(),
    demo=truth("must be labelled as a technical demonstration"),
    may_speak=truth(),
    thumbnail=text(meaning="where its small picture is"),
)


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream
    thumbnails = Thumbnails()

    def entry_named(name: str) -> PhotoEntry:
        entries = {entry.name: entry for entry in stream.photos.entries()}
        if name not in entries:
            raise unknown("photo", name, list(entries))
        return entries[name]

    @app.get("/photos")
    @operation(
        "The photos there are",
        answer=gives(current=or_null(text()), photos=listed(PHOTO)),
    )
    def photos() -> dict[str, Any]:
        return {
            "current": stream.state()["photo"],
            "photos": [described(entry) for entry in stream.photos.entries()],
        }

    @app.post("/photos")
    @operation(
        "Change the portrait; one that cannot be used leaves the current one",
        body=takes(name=name_text()),
        example={"name": "mona-lisa"},
        answer=gives(current=text()),
        problems=(404, 422),
    )
    def change_photo() -> dict[str, Any]:
        name = text_of(read_body(("name",), '{"name": "mona-lisa"}'), "name")
        stream.change_photo(entry_named(name).name)
        return {"current": name}

    @app.get("/photos/<name>/thumbnail")
    @operation(
        "A small picture of a photo",
        media="image/jpeg",
        names={"name": lambda: [entry.name for entry in stream.photos.entries()]},
        problems=(422,),
    )
    def thumbnail(name: str) -> Response:
        response = Response(thumbnails.of(entry_named(name)), mimetype="image/jpeg")
        response.add_etag()
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response


def described(entry: PhotoEntry) -> dict[str, Any]:
    """One photo, as JSON."""
    return {
        "name": entry.name,
        "label": dict(entry.label),
        "credit": entry.credit,
        "demo": entry.demo,
        "may_speak": entry.may_speak,
        "thumbnail": f"/photos/{quote(entry.name, safe='')}/thumbnail",
    }


class Thumbnails:
    """Small pictures, made once for each state of a file."""

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
