"""Routes of the preset editor: read, check, try, save and delete performances."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Flask

from control.panel.bodies import number_of, read_body
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import (
    anything,
    gives,
    listed,
    mapping,
    maybe,
    number,
    takes,
    text,
    truth,
)
from control.panel.shapes import NUMBERS
from control.problems import Problem, unknown
from streamer import PresetError
from streamer.animation.easing import EASINGS
from streamer.animation.preset_writing import as_text, curves, face_at, written
from streamer.animation.presets import (
    CHANNELS,
    DURATION_RANGE_MS,
    MAX_DELAY_MS,
    MAX_KEYFRAMES,
    MODES,
    Preset,
)

# A curve on the page is a few hundred pixels wide.
POINTS: Final = 181
# Who drives the face while somebody drags through the timeline.
SCRUB: Final = "preset editor"

CONTENT: Final = mapping(anything(), "the fields of a preset file")
EXAMPLE: Final = {
    "name": "wave",
    "duration_ms": 900,
    "keyframes": [
        {"time": 0, "params": {}},
        {"time": 0.5, "params": {"head_roll": 9}},
        {"time": 1, "params": {}},
    ],
}
FILE: Final = {
    "own": truth("it lies in your folder and can be changed"),
    "covers": truth("it stands in for a shipped preset of its name"),
    "content": CONTENT,
    "yaml": text(meaning="the file's text"),
}


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream
    files = stream.preset_files

    def names() -> list[str]:
        return list(stream.presets.presets)

    def described(name: str) -> dict[str, Any]:
        try:
            found = files.find(name)
        except KeyError:
            raise unknown("preset", name, names()) from None
        content = written(found.preset)
        return {
            "own": found.own,
            "covers": found.covers,
            "content": content,
            "yaml": as_text(content),
        }

    @app.get("/presets/schema")
    @operation(
        "What a preset may hold: curves, modes, channels, limits",
        answer=gives(
            easings=mapping(listed(number()), "each curve at 21 places"),
            modes=listed(text()),
            channels=listed(text(), "idle channels that may rest"),
            duration_ms=listed(number(), "shortest and longest"),
            max_keyframes=number(),
            max_delay_ms=number(),
        ),
    )
    def preset_schema() -> dict[str, Any]:
        return {
            "easings": {name: [ease(k / 20) for k in range(21)] for name, ease in EASINGS.items()},
            "modes": list(MODES),
            "channels": list(CHANNELS),
            "duration_ms": list(DURATION_RANGE_MS),
            "max_keyframes": MAX_KEYFRAMES,
            "max_delay_ms": MAX_DELAY_MS,
        }

    @app.get("/presets/<name>")
    @operation("A preset as its file holds it", answer=gives(**FILE), names={"name": names})
    def preset_file(name: str) -> dict[str, Any]:
        return described(name)

    @app.put("/presets/<name>")
    @operation(
        "Save a preset into your own folder; a shipped file is never touched",
        body=takes(preset=CONTENT),
        example={"preset": EXAMPLE},
        answer=gives(**FILE),
        names={"name": lambda: ["wave"]},
        problems=(422,),
    )
    def save_preset(name: str) -> dict[str, Any]:
        content = _content(read_body(("preset",), '{"preset": {"name": "wave", ...}}'))
        if content.get("name") != name:
            raise Problem(
                422, "bad-value", f"The preset's name must be that of the address, '{name[:40]}'."
            )
        try:
            files.save(content)
        except PresetError as exc:
            raise _refused(exc) from exc
        stream.reload_presets()
        return described(name)

    @app.delete("/presets/<name>")
    @operation(
        "Delete one of your own presets",
        answer=gives(deleted=text(), shipped=truth("the shipped preset of this name is back")),
        names={"name": files.own_names},
        problems=(409,),
    )
    def delete_preset(name: str) -> dict[str, Any]:
        try:
            back = files.delete(name)
        except KeyError:
            raise unknown("preset", name, names()) from None
        except PresetError as exc:
            raise Problem(409, "not-yours", str(exc)) from exc
        stream.reload_presets()
        return {"deleted": name, "shipped": back}

    @app.post("/presets/check")
    @operation(
        "Check a preset without saving it: what is wrong, or how its parameters run",
        body=takes(preset=CONTENT),
        example={"preset": EXAMPLE},
        answer=gives(
            ok=truth(),
            detail=text(meaning="what is wrong, empty if nothing is"),
            curves=mapping(listed(number()), "over the portrait at rest, from start to end"),
            yaml=text(meaning="the file's text"),
        ),
    )
    def check_preset() -> dict[str, Any]:
        content = _content(read_body(("preset",), '{"preset": {"name": "wave", ...}}'))
        try:
            preset = files.read(content)
        except PresetError as exc:
            return {"ok": False, "detail": str(exc), "curves": {}, "yaml": ""}
        return {
            "ok": True,
            "detail": "",
            "curves": curves(preset, stream.state()["rest"], POINTS),
            "yaml": as_text(written(preset)),
        }

    @app.post("/presets/try")
    @operation(
        "Play a preset that is not saved, or show the face at one place of it",
        body=takes(
            preset=CONTENT,
            strength=maybe(number(0, 1)),
            at=maybe(number(0, 1, "a place from start to end, held for a second")),
        ),
        example={"preset": EXAMPLE, "strength": 1},
        answer=gives(playing=text(), shown=NUMBERS),
        problems=(422,),
    )
    def try_preset() -> dict[str, Any]:
        body = read_body(("preset", "strength", "at"), '{"preset": {"name": "wave", ...}}')
        strength = number_of(body, "strength", 0.0, 1.0, default=1.0)
        try:
            # A draft plays once through, however its keys behave later.
            preset: Preset = files.read(_content(body))
        except PresetError as exc:
            raise _refused(exc) from exc
        if "at" in body:
            at = number_of(body, "at", 0.0, 1.0)
            shown = face_at(preset, stream.state()["rest"], at)
            stream.controls.drive(SCRUB, shown)
            return {"playing": "", "shown": shown}
        stream.controls.undrive(SCRUB)
        stream.try_preset(replace(preset, mode="once"), strength=strength)
        return {"playing": preset.name, "shown": {}}

    @app.post("/presets/forget")
    @operation("Forget what was tried", body=takes(), example={}, answer=gives(forgotten=truth()))
    def forget_preset() -> dict[str, Any]:
        read_body((), "{}")
        stream.controls.undrive(SCRUB)
        stream.reload_presets()
        return {"forgotten": True}


def _content(body: Mapping[str, Any]) -> Mapping[str, Any]:
    content = body.get("preset")
    if not isinstance(content, dict):
        raise Problem(400, "bad-value", "'preset' must be an object with the fields of a preset.")
    return content


def _refused(exc: PresetError) -> Problem:
    return Problem(422, "preset-refused", str(exc))
