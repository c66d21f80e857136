"""Routes of the landmark editor: the points of a photo's face, tried and kept."""

from typing import Any, Final

from flask import Flask, request

from control.panel.bodies import choice_of, finite_of, read_body
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.routes_photos import entry_named
from control.panel.schemas import anything, gives, listed, mapping, number, or_null, takes, text
from control.panel.schemas import truth as yes_or_no
from control.problems import Problem
from streamer.landmark_editing import KEYS

DOCUMENT: Final = mapping(
    anything(), "what a landmarks file holds; pixels of the upright picture in the file"
)
TAKEN: Final = {
    **takes(),
    "properties": {key: anything() for key in KEYS},
    "required": ["version"],
}
POINT: Final = {**listed(number(), "x, y"), "minItems": 2, "maxItems": 2}
EXAMPLE: Final = (
    '{"version": 1, "eye_l": {"iris": [219.1, 260.6]}, "eye_r": {"iris": [293.0, 264.0]}}'
)
PART: Final = {
    "version": 1,
    "eye_l": {"iris": [219.1, 260.6]},
    "eye_r": {"iris": [293.0, 264.0]},
}


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream

    def names() -> list[str]:
        return [entry.name for entry in stream.photos.entries()]

    def named(name: str) -> str:
        return entry_named(stream, name).name

    @app.get("/photos/<name>/landmarks")
    @operation(
        "The points of a photo's face, and whose they are",
        query={"anew": text("yes", "no", meaning="`yes`: look for the face, whatever is marked")},
        answer=gives(
            source=text("yours", "shipped", "found", "none"),
            landmarks=or_null(DOCUMENT),
            problem=text(meaning="why there are none"),
            faceless=yes_or_no("no face was found, and nothing else is wrong"),
        ),
        names={"name": names},
        problems=(400, 422),
    )
    def landmarks(name: str) -> dict[str, Any]:
        name = named(name)
        anew = choice_of("anew", request.args.get("anew", "no"), ("yes", "no"))
        marked = stream.landmarks.read(name, anew=anew == "yes")
        return {
            "source": marked.source,
            "landmarks": marked.document,
            "problem": marked.problem,
            "faceless": marked.faceless,
        }

    @app.put("/photos/<name>/landmarks")
    @operation(
        "Keep points for a photo; what is left out is found. A file that a person wrote is moved "
        "aside",
        body=TAKEN,
        example=PART,
        answer=gives(saved=text(), aside=or_null(text()), landmarks=DOCUMENT),
        names={"name": names},
        problems=(422,),
    )
    def save(name: str) -> dict[str, Any]:
        name = named(name)
        saved, aside = stream.landmarks.save(name, read_body(KEYS, EXAMPLE))
        restage(name)
        return {
            "saved": str(saved),
            "aside": None if aside is None else str(aside),
            "landmarks": stream.landmarks.read(name).document,
        }

    @app.delete("/photos/<name>/landmarks")
    @operation(
        "Give up the points that were kept for a photo",
        answer=gives(removed=yes_or_no("whether there were any")),
        names={"name": names},
        problems=(422,),
    )
    def forget(name: str) -> dict[str, Any]:
        name = named(name)
        removed = stream.landmarks.forget(name)
        if removed:
            restage(name)
        return {"removed": removed}

    @app.post("/photos/<name>/landmarks/try")
    @operation(
        "Put a photo on stage with these points, without keeping them",
        body=TAKEN,
        example=PART,
        answer=gives(landmarks=DOCUMENT),
        names={"name": names},
        problems=(422,),
    )
    def attempt(name: str) -> dict[str, Any]:
        name = named(name)
        document = stream.landmarks.checked(name, read_body(KEYS, EXAMPLE))
        stream.change_photo(name, marked=document)
        return {"landmarks": document}

    @app.post("/photos/<name>/landmarks/pupils")
    @operation(
        "Measure all points of a face from its two pupils; nothing is kept",
        body=takes(left=POINT, right=POINT),
        example={"left": [219.1, 260.6], "right": [293.0, 264.0]},
        answer=gives(landmarks=DOCUMENT),
        names={"name": names},
        problems=(422,),
    )
    def pupils(name: str) -> dict[str, Any]:
        name = named(name)
        body = read_body(("left", "right"), '{"left": [219.1, 260.6], "right": [293.0, 264.0]}')
        left, right = point_of(body, "left"), point_of(body, "right")
        return {"landmarks": stream.landmarks.from_pupils(name, left, right)}

    def restage(name: str) -> None:
        """Show what holds now, if this photo is on stage."""
        if stream.state()["photo"] == name:
            stream.change_photo(name)


def point_of(body: dict[str, Any], key: str) -> tuple[float, float]:
    """Return a point that must be there. Raises `Problem`."""
    value = body.get(key)
    if not isinstance(value, list) or len(value) != 2:
        raise Problem(400, "bad-value", f"'{key}' must be a point such as [219.1, 260.6].")
    return finite_of(key, value[0]), finite_of(key, value[1])
