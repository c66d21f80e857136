"""Routes that change the face: parameters, presets, idle life, pause, view."""

from typing import Any, Final

from flask import Flask

from control.live import PresetLike
from control.panel.bodies import finite_of, number_of, read_body, text_of, truth_of
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import (
    LABEL,
    gives,
    listed,
    mapping,
    maybe,
    name_text,
    number,
    or_null,
    takes,
    text,
    truth,
)
from control.panel.shapes import NUMBERS, STATE, VIEW
from control.problems import Problem, unknown
from streamer import PARAMETERS
from streamer.view import FITS, OFFSET_RANGE, ZOOM_RANGE

LENGTH_S: Final = (0.05, 600.0)
VIEW_KEYS: Final = ("fit", "zoom", "offset_x", "offset_y", "mirror", "fill")
FILL: Final = "^(blur|#[0-9a-fA-F]{6})$"
GROUPS: Final = {
    "eyes": {"en": "Eyes", "ko": "눈"},
    "mouth": {"en": "Mouth", "ko": "입"},
    "head": {"en": "Head", "ko": "머리"},
}
# So that the stream's log and the page can tell who pressed.
SOURCE: Final = "page"


PARAMETER: Final = gives(
    name=text(),
    group=text(*GROUPS),
    low=number(),
    high=number(),
    neutral=or_null(number()),
    unit=text(),
    step=number(),
    label=LABEL,
    meaning=LABEL,
    value=or_null(number()),
    held=or_null(number()),
)
HELD: Final = gives(held=NUMBERS)
IDLE: Final = {"strength": number(0, 1), "style": text()}


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream
    controls = stream.controls

    def preset_named(name: str) -> PresetLike:
        presets = stream.presets.presets
        if name not in presets:
            raise unknown("preset", name, list(presets))
        return presets[name]

    def names() -> list[str]:
        return list(stream.presets.presets)

    @app.get("/state")
    @operation("What is live", answer=STATE)
    def state() -> dict[str, Any]:
        return panel.state()

    @app.get("/parameters")
    @operation(
        "The table of parameters, with their present values",
        answer=gives(groups=mapping(LABEL), parameters=listed(PARAMETER)),
    )
    def parameters() -> dict[str, Any]:
        now = stream.state()
        return {"groups": GROUPS, "parameters": parameter_table(now)}

    @app.put("/parameters")
    @operation(
        "Hold parameters (clamped to their range), or give them back with null",
        body=takes(**{name: maybe(or_null(number())) for name in PARAMETERS}),
        example={"smile": 0.5, "wink": None},
        answer=HELD,
    )
    def set_parameters() -> dict[str, Any]:
        body = read_body(tuple(PARAMETERS), '{"smile": 0.5, "wink": null}')
        # All are checked before any is set: half a change would be a grimace.
        wanted = {k: None if v is None else finite_of(k, v) for k, v in body.items()}
        for name, value in wanted.items():
            if value is None:
                controls.free(name)
            else:
                controls.set(name, value)
        return {"held": dict(controls.snapshot().held)}

    @app.post("/reset")
    @operation("Give all parameters back", body=takes(), example={}, answer=HELD)
    def reset() -> dict[str, Any]:
        read_body((), "{}")
        controls.reset()
        return {"held": {}}

    @app.post("/trigger/<name>")
    @operation(
        "Play a preset",
        body=takes(strength=maybe(number(0, 1)), length_s=maybe(or_null(number(*LENGTH_S)))),
        example={"strength": 0.5, "length_s": 2},
        answer=gives(triggered=text(), strength=number(0, 1), mode=text()),
        names={"name": names},
        problems=(409,),
    )
    def trigger(name: str) -> dict[str, Any]:
        preset = preset_named(name)
        body = read_body(("strength", "length_s"), '{"strength": 0.5, "length_s": 2}')
        strength = number_of(body, "strength", 0.0, 1.0, default=1.0)
        if strength > 0.0 and (reason := stream.refusal(preset.name)):
            raise Problem(409, "not-for-this-photo", reason)
        length_s = None
        if body.get("length_s") is not None:
            length_s = number_of(body, "length_s", *LENGTH_S)
        controls.trigger(preset.name, strength, length_s, source=SOURCE)
        return {"triggered": preset.name, "strength": strength, "mode": preset.mode}

    @app.post("/release/<name>")
    @operation(
        "Release a preset",
        body=takes(),
        example={},
        answer=gives(released=text()),
        names={"name": names},
    )
    def release(name: str) -> dict[str, Any]:
        preset = preset_named(name)
        read_body((), "{}")
        controls.release(preset.name, source=SOURCE)
        return {"released": preset.name}

    @app.post("/stop")
    @operation(
        "Stop everything that plays", body=takes(), example={}, answer=gives(stopped=truth())
    )
    def stop() -> dict[str, Any]:
        read_body((), "{}")
        controls.stop(source=SOURCE)
        return {"stopped": True}

    @app.put("/idle")
    @operation(
        "Strength or style of idle life",
        body=takes(strength=maybe(number(0, 1)), style=maybe(name_text())),
        example={"strength": 0.5, "style": "calm"},
        answer=gives(**IDLE),
        problems=(404,),
    )
    def idle() -> dict[str, Any]:
        body = read_body(("strength", "style"), '{"strength": 0.5, "style": "calm"}')
        strength = number_of(body, "strength", 0.0, 1.0) if "strength" in body else None
        style = text_of(body, "style") if "style" in body else None
        if style is not None and style not in stream.presets.idle_styles:
            raise unknown("style", style, list(stream.presets.idle_styles))
        controls.idle(strength=strength, style=style)
        wishes = controls.snapshot()
        return {"strength": wishes.idle_strength, "style": wishes.idle_style}

    @app.get("/idle")
    @operation(
        "Idle life, and the styles there are",
        answer=gives(**IDLE, styles=listed(gives(name=text(), label=LABEL))),
    )
    def idle_styles() -> dict[str, Any]:
        wishes = controls.snapshot()
        return {
            "strength": wishes.idle_strength,
            "style": wishes.idle_style,
            "styles": [
                {"name": name, "label": dict(getattr(style, "label", None) or {"en": name})}
                for name, style in stream.presets.idle_styles.items()
            ],
        }

    @app.put("/pause")
    @operation(
        "Freeze the face, or let it go on",
        body=takes(paused=truth()),
        example={"paused": True},
        answer=gives(paused=truth()),
    )
    def pause() -> dict[str, Any]:
        body = read_body(("paused",), '{"paused": true}')
        paused = truth_of(body, "paused")
        controls.pause(paused)
        return {"paused": paused}

    @app.put("/view")
    @operation(
        "Change the framing; what is not named stays",
        body=takes(
            fit=maybe(text(*FITS)),
            zoom=maybe(number(*ZOOM_RANGE)),
            offset_x=maybe(number(*OFFSET_RANGE)),
            offset_y=maybe(number(*OFFSET_RANGE)),
            mirror=maybe(truth()),
            fill=maybe({"type": "string", "pattern": FILL}),
        ),
        example={"fit": "face", "zoom": 1.2, "offset_x": 0, "mirror": False, "fill": "blur"},
        answer=gives(view=VIEW),
    )
    def view() -> dict[str, Any]:
        body = read_body(VIEW_KEYS, '{"fit": "face", "zoom": 1.2, "mirror": false}')
        fields = {key: _view_field(key, body) for key in body}
        if fields:
            stream.change_view(**fields)
        return {"view": stream.state()["view"]}


def parameter_table(state: dict[str, Any]) -> list[dict[str, Any]]:
    """All parameters with their labels and present values, as JSON."""
    face, rest, held = state["face"], state["rest"], state["held"]
    return [
        {
            "name": p.name,
            "group": p.group,
            "low": p.low,
            "high": p.high,
            "neutral": rest.get(p.name, p.neutral),
            "unit": p.unit,
            "step": p.step,
            "label": dict(p.label),
            "meaning": dict(p.meaning),
            "value": face.get(p.name),
            "held": held.get(p.name),
        }
        for p in PARAMETERS.values()
    ]


def _view_field(key: str, body: dict[str, Any]) -> Any:
    """One field with its type checked; the view itself knows the ranges."""
    match key:
        case "zoom" | "offset_x" | "offset_y":
            return finite_of(key, body[key])
        case "mirror":
            return truth_of(body, key)
        case "fit" | "fill":
            return text_of(body, key)
    raise Problem(400, "unknown-key", f"Unknown key '{key}'.")
