"""Routes of what is chosen seldom: engine, camera, size, rate; and the privacy switch."""

from dataclasses import asdict
from typing import Any, Final

from flask import Flask

from control.panel.bodies import number_of, read_body, text_of, truth_of
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import (
    Schema,
    gives,
    listed,
    maybe,
    name_text,
    number,
    takes,
    text,
    truth,
)
from control.problems import Problem
from streamer import EngineError, WeightsError
from streamer.config import BADGES, FPS_RANGE, SPEEDS
from streamer.engines.liveportrait.devices import DEVICES
from streamer.engines.needs import Need, glance

SIZES: Final = ("1280x720", "1920x1080", "960x540", "640x480")
RATES: Final = (24, 25, 30, 50, 60)
ENGINES: Final = ("auto", "liveportrait", "baked", "warp")

CHOICES: Final[Schema] = gives(
    photo=text(),
    engine=text(*ENGINES),
    device=text(*DEVICES),
    speed=text(*SPEEDS),
    camera=text(meaning="`auto`, `none`, a path or a label"),
    size=text(),
    fps=number(*FPS_RANGE),
    fit=text(),
    zoom=number(),
    offset_x=number(),
    offset_y=number(),
    mirror=truth(),
    fill=text(),
    badge=text(*BADGES),
    style=text(),
    idle=number(0, 1),
)
NEED: Final = gives(subject=text(), ok=truth(), found=text(), fix=text(meaning="what to type"))
ENGINE: Final = gives(
    name=text(*ENGINES),
    usable=truth(),
    needs=listed(NEED, "what it needs on this machine, what is missing with its remedy"),
)

# Even numbers from 64 to 4096.
_SIDE: Final = (
    "(?:6[468]|[7-9][02468]|[1-9][0-9][02468]|[1-3][0-9]{2}[02468]|40[0-8][02468]|409[0246])"
)
SIZE: Final = f"^{_SIDE}x{_SIDE}$"


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream

    @app.get("/choices")
    @operation(
        "What is chosen, and what there is to choose from on this machine",
        answer=gives(
            choices=CHOICES,
            cameras=listed(gives(device=text(), label=text())),
            sizes=listed(text()),
            rates=listed(number()),
            engines=listed(ENGINE),
            devices=listed(text()),
            speeds=listed(text()),
            remembered=truth("whether the next start begins with what is chosen here"),
        ),
        problems=(500,),
    )
    def choices() -> dict[str, Any]:
        return {
            "choices": stream.choices(),
            "cameras": stream.cameras(),
            "sizes": list(SIZES),
            "rates": list(RATES),
            "engines": engines(panel),
            "devices": list(DEVICES),
            "speeds": list(SPEEDS),
            "remembered": panel.memory is not None,
        }

    @app.put("/engine")
    @operation(
        "Change the engine; answers when it draws. One that cannot start leaves the present one",
        body=takes(engine=text(*ENGINES), device=maybe(text(*DEVICES)), speed=maybe(text(*SPEEDS))),
        example={"engine": "warp"},
        answer=gives(why=text(meaning="what was picked, and why"), choices=CHOICES),
        problems=(409, 422),
    )
    def change_engine() -> dict[str, Any]:
        body = read_body(("engine", "device", "speed"), '{"engine": "auto", "device": "auto"}')
        engine = _one_of(body, "engine", ENGINES)
        now = stream.choices()
        device = _one_of({"device": now["device"], **body}, "device", DEVICES)
        speed = _one_of({"speed": now["speed"], **body}, "speed", SPEEDS)
        with panel.changing.under_way("engine", {"engine": engine, "device": device}):
            try:
                why = stream.change_engine(engine, device, speed)
            except (EngineError, WeightsError) as exc:
                raise Problem(422, "engine-refused", str(exc)) from exc
        return {"why": why, "choices": stream.choices()}

    @app.put("/output")
    @operation(
        "Change camera, frame size or rate; programs that show the camera must open it again",
        body=takes(
            camera=maybe(name_text("`auto`, `none`, a path or a label")),
            size=maybe({"type": "string", "pattern": SIZE}),
            fps=maybe(number(*FPS_RANGE)),
        ),
        example={"size": "1280x720", "fps": 30},
        answer=gives(choices=CHOICES),
        problems=(409, 422),
    )
    def change_output() -> dict[str, Any]:
        body = read_body(("camera", "size", "fps"), '{"camera": "auto", "size": "1280x720"}')
        camera = text_of(body, "camera") if "camera" in body else None
        size = text_of(body, "size") if "size" in body else None
        fps = number_of(body, "fps", *FPS_RANGE) if "fps" in body else None
        with panel.changing.under_way("output", body):
            try:
                stream.change_output(camera=camera, size=size, fps=fps)
            except EngineError as exc:
                raise Problem(422, "output-refused", str(exc)) from exc
        return {"choices": stream.choices()}

    @app.put("/privacy")
    @operation(
        "Show the 'be right back' picture in the place of the face, or the face again",
        body=takes(privacy=truth()),
        example={"privacy": True},
        answer=gives(privacy=truth()),
    )
    def privacy() -> dict[str, Any]:
        wanted = truth_of(read_body(("privacy",), '{"privacy": true}'), "privacy")
        stream.set_privacy(wanted)
        return {"privacy": stream.privacy}

    @app.put("/badge")
    @operation(
        "Show 'AI' in a corner of every frame that leaves, or nothing",
        body=takes(badge=text(*BADGES)),
        example={"badge": "ai"},
        answer=gives(badge=text(*BADGES)),
    )
    def badge() -> dict[str, Any]:
        wanted = _one_of(read_body(("badge",), '{"badge": "ai"}'), "badge", BADGES)
        stream.set_badge(wanted)
        return {"badge": stream.badge}


def engines(panel: Panel) -> list[dict[str, Any]]:
    """Return each engine with what it needs here; nothing heavy is imported for that."""
    chosen = None if panel.download is None else panel.download.chosen
    try:
        needs = glance(chosen)
    except WeightsError as exc:
        needs = [Need("weights", False, str(exc))]
    # Without an accelerator it draws, too, but at seconds per frame: no live picture.
    usable = all(need.ok for need in needs)
    return [
        {"name": "auto", "usable": True, "needs": []},
        {"name": "liveportrait", "usable": usable, "needs": [asdict(need) for need in needs]},
        _baked(panel),
        {"name": "warp", "usable": True, "needs": []},
    ]


def _baked(panel: Panel) -> dict[str, Any]:
    """Return whether there are baked frames of the photo on stage."""
    need = panel.stream.bake_need()
    return {"name": "baked", "usable": need.ok, "needs": [asdict(need)]}


def _one_of(body: dict[str, Any], key: str, known: tuple[str, ...]) -> str:
    value = text_of(body, key)
    if value not in known:
        raise Problem(
            400, "bad-value", f"'{key}' must be one of {', '.join(known)}, not '{value[:80]}'."
        )
    return value
