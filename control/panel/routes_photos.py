"""Routes of the photo library: what there is, switching, adding, describing, removing."""

import io
from typing import Any, Final
from urllib.parse import quote

from flask import Flask, Response, jsonify, request

from control.live import Live, PhotoEntry
from control.panel.bodies import read_body, text_of, truth_of
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import (
    LABEL,
    LABEL_TAKEN,
    gives,
    listed,
    maybe,
    name_text,
    or_null,
    takes,
    text,
    truth,
    whole,
)
from control.panel.thumbnails import Thumbnails
from control.problems import Problem, unknown
from streamer.photo import MAX_PIXELS
from streamer.photo_about import consent_line

# A picture of 40 megapixels has 10 to 20 MB as JPEG, up to 60 as PNG.
MAX_UPLOAD_BYTES: Final = 64 * 2**20
UPLOADS: Final = ("image/*", "application/octet-stream")
LANGUAGES: Final = ("en", "ko")

PHOTO: Final = gives(
    name=text(),
    label=LABEL,
    credit=text(),
    consent=text(meaning="who agreed to its use, in the user's words"),
    demo=truth("must be labelled as a technical demonstration"),
    may_speak=truth("whether the person may be made to speak"),
    own=truth("whether it was added here, and can be described and removed here"),
    thumbnail=text(meaning="where its small picture is"),
)
LIMITS: Final = gives(bytes=whole(), pixels=whole())


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream
    thumbnails = Thumbnails()

    def names() -> list[str]:
        return [entry.name for entry in stream.photos.entries()]

    def own_names() -> list[str]:
        return [entry.name for entry in stream.photos.entries() if entry.own]

    @app.get("/photos")
    @operation(
        "The photos there are",
        answer=gives(current=or_null(text()), photos=listed(PHOTO), limits=LIMITS),
    )
    def photos() -> dict[str, Any]:
        return {
            "current": stream.state()["photo"],
            "photos": [described(entry) for entry in stream.photos.entries()],
            "limits": {"bytes": MAX_UPLOAD_BYTES, "pixels": MAX_PIXELS},
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
        stream.change_photo(entry_named(stream, name).name)
        return {"current": name}

    @app.put("/photos/<name>")
    @operation(
        "Add a picture to the user's own photos, if a face is found in it. NAME is what its file "
        "was called; one that is taken gets a number",
        upload=UPLOADS,
        query={
            "face": text("find", "by-hand", meaning="`by-hand`: its points will be marked"),
            "consent": text(meaning="who agreed to its use; kept with the photo"),
        },
        answer=gives(photo=PHOTO),
        status=201,
        problems=(422,),
        max_bytes=MAX_UPLOAD_BYTES,
    )
    def add_photo(name: str) -> Response:
        face = request.args.get("face", "find")
        if face not in ("find", "by-hand"):
            raise Problem(400, "bad-value", f"'face' must be find or by-hand, not '{face[:80]}'.")
        consent = consent_of(request.args.get("consent", ""))
        data = request.get_data(cache=False)
        entry = stream.add_photo(name, data, find_face=face == "find")
        if consent:
            entry = stream.change_about(entry.name, {"consent": consent})
        response = jsonify({"photo": described(entry)})
        response.status_code = 201
        response.headers["Location"] = f"/photos/{quote(entry.name, safe='')}"
        return response

    @app.delete("/photos/<name>")
    @operation(
        "Delete one of the user's own photos, with what belongs to it",
        answer=gives(removed=text()),
        names={"name": own_names},
        problems=(409, 422),
    )
    def remove_photo(name: str) -> dict[str, Any]:
        entry = own_entry(name)
        if stream.state()["photo"] == entry.name:
            raise Problem(
                409, "on-stage", f"'{entry.name}' is on stage. Choose another portrait first."
            )
        stream.remove_photo(entry.name)
        return {"removed": entry.name}

    @app.put("/photos/<name>/about")
    @operation(
        "Say who is in one of the user's own photos, who agreed, and whether they may be made to "
        "speak",
        body=takes(
            label=maybe(LABEL_TAKEN),
            credit=maybe(text()),
            consent=maybe(text()),
            may_speak=maybe(truth()),
        ),
        example={"label": {"en": "Grandma", "ko": "할머니"}, "may_speak": False},
        answer=gives(photo=PHOTO),
        names={"name": own_names},
        problems=(409, 422),
    )
    def about(name: str) -> dict[str, Any]:
        entry = own_entry(name)
        body = read_body(("label", "credit", "consent", "may_speak"), '{"may_speak": false}')
        changes: dict[str, Any] = {}
        if "label" in body:
            changes["label"] = label_of(body["label"])
        for key in ("credit", "consent"):
            if key in body:
                changes[key] = text_of(body, key) if body[key] != "" else ""
        if "may_speak" in body:
            changes["may_speak"] = truth_of(body, "may_speak")
        return {"photo": described(stream.change_about(entry.name, changes))}

    @app.get("/photos/<name>/thumbnail")
    @operation(
        "A small picture of a photo", media="image/jpeg", names={"name": names}, problems=(422,)
    )
    def thumbnail(name: str) -> Response:
        response = Response(thumbnails.of(entry_named(stream, name)), mimetype="image/jpeg")
        response.add_etag()
        response.headers["Cache-Control"] = "no-cache"
        response.make_conditional(request)
        return response

    @app.get("/photos/<name>/image")
    @operation(
        "A photo as the engines see it: upright, at most 2048 px",
        media="image/jpeg",
        names={"name": names},
        problems=(422,),
    )
    def image(name: str) -> Response:
        from PIL import Image

        photo = stream.landmarks.photo(entry_named(stream, name).name)
        data = io.BytesIO()
        Image.fromarray(photo.image).save(data, "JPEG", quality=90)
        return Response(data.getvalue(), mimetype="image/jpeg")

    def own_entry(name: str) -> PhotoEntry:
        entry = entry_named(stream, name)
        if not entry.own:
            raise Problem(
                409,
                "not-yours",
                f"'{entry.name}' was not added here, so it stays as it is. Photos that you add "
                "can be described and removed.",
            )
        return entry


def entry_named(stream: Live, name: str) -> PhotoEntry:
    """Return a photo of the library. Raises `Problem`."""
    entries = {entry.name: entry for entry in stream.photos.entries()}
    if name not in entries:
        raise unknown("photo", name, list(entries))
    return entries[name]


def described(entry: PhotoEntry) -> dict[str, Any]:
    """One photo, as JSON."""
    return {
        "name": entry.name,
        "label": dict(entry.label),
        "credit": entry.credit,
        "consent": entry.consent,
        "demo": entry.demo,
        "may_speak": entry.may_speak,
        "own": entry.own,
        "thumbnail": f"/photos/{quote(entry.name, safe='')}/thumbnail",
    }


def consent_of(words: str) -> str:
    """Check who is said to have agreed. Raises `Problem`."""
    try:
        return consent_line(words)
    except ValueError as exc:
        raise Problem(422, "bad-value", f"The photo was not added: {exc}.") from exc


def label_of(value: Any) -> dict[str, str]:
    """Check what people read, by language. Raises `Problem`."""
    if not isinstance(value, dict) or not all(
        key in LANGUAGES and isinstance(words, str) for key, words in value.items()
    ):
        raise Problem(
            400, "bad-value", '\'label\' must be texts by language: {"en": "Me", "ko": "나"}.'
        )
    return dict(value)
