"""The four routes that other programs rely on: health, expressions, source image, generate."""

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

from flask import Flask, Response

from control.live import FramesLike, PresetLike
from control.panel.bodies import number_of, read_body, text_of
from control.panel.context import Panel, left
from control.panel.events import event
from control.panel.openapi import PROBLEM, operation
from control.panel.schemas import (
    gives,
    listed,
    maybe,
    name_text,
    number,
    or_null,
    takes,
    text,
    whole,
)
from control.panel.shapes import HEALTH, PRESET
from control.problems import Problem, unknown
from streamer import PortraitError

log = logging.getLogger(__name__)

FPS: Final = (1.0, 60.0)
WIDTH: Final = (64.0, 1920.0)
EXAMPLE: Final = '{"expression": "smile", "fps": 30, "strength": 1.0}'

EVENTS: Final = {
    "start": gives(total=whole(1), fps=number(), width=whole(), height=whole()),
    "frame": gives(
        index=whole(0),
        time_ms=number(0),
        image=text(meaning="a JPEG in base64"),
    ),
    "done": gives(frames=whole(0)),
    "error": PROBLEM,
}


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""
    stream = panel.stream

    @app.get("/health")
    @operation("Whether frames flow", answer=HEALTH, also={503: HEALTH})
    def health() -> tuple[dict[str, Any], int]:
        flowing, figures = stream.health()
        return figures, 200 if flowing else 503

    @app.get("/expressions")
    @operation("The presets", answer=gives(expressions=listed(PRESET), problems=listed(text())))
    def expressions() -> dict[str, Any]:
        return {
            "expressions": [described(preset) for preset in stream.presets.presets.values()],
            "problems": list(stream.presets.problems),
        }

    @app.get("/source-image")
    @operation("The photo as loaded", media="image/png")
    def source_image() -> Response:
        return Response(stream.source_image(), mimetype="image/png")

    @app.post("/generate")
    @operation(
        "Draw one expression beside the live camera: events `start`, `frame` each, `done`",
        body=takes(
            expression=name_text(),
            fps=maybe(number(*FPS)),
            strength=maybe({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
            width=maybe(or_null(number(*WIDTH))),
        ),
        example={"expression": "smile", "fps": 10, "strength": 1.0, "width": 640},
        media="text/event-stream",
        events=EVENTS,
        problems=(404, 409, 503),
    )
    def generate() -> Response:
        asked = read_body(("expression", "fps", "strength", "width"), EXAMPLE)
        expression = text_of(asked, "expression")
        fps = number_of(asked, "fps", *FPS, default=30.0)
        strength = number_of(asked, "strength", 0.0, 1.0, default=1.0)
        width = None
        if asked.get("width") is not None:
            width = int(number_of(asked, "width", *WIDTH)) // 2 * 2
        with ExitStack() as undo:
            give_back = panel.generates.take()
            undo.callback(give_back)
            try:
                frames = stream.generate(expression, fps=fps, strength=strength, width=width)
            except KeyError:
                raise unknown("expression", expression, list(stream.presets.presets)) from None
            except ValueError as exc:
                raise Problem(400, "bad-value", f"{exc}.") from exc
            response = Response(_told(frames, panel, left()), mimetype="text/event-stream")
            response.call_on_close(frames.close)
            response.call_on_close(give_back)
            undo.pop_all()
        return response


def described(preset: PresetLike) -> dict[str, Any]:
    """One preset, as JSON."""
    return {
        "name": preset.name,
        "label": dict(preset.label),
        "emoji": preset.emoji,
        "duration_ms": round(preset.duration_s * 1000),
        "mode": preset.mode,
        "blocks": list(preset.blocks),
        "speaks": preset.speaks,
    }


def _told(frames: FramesLike, panel: Panel, gone: Callable[[], bool]) -> Iterator[bytes]:
    """Draw one frame after the other, each as an event."""
    from streamer.sinks.preview import encode_jpeg

    try:
        yield event(
            "start",
            {
                "total": frames.total,
                "fps": frames.fps,
                "width": frames.width,
                "height": frames.height,
            },
        )
        sent = 0
        for drawn in frames:
            if panel.closing.is_set() or gone():
                return
            yield event(
                "frame",
                {
                    "index": drawn.index,
                    "time_ms": round(drawn.time_s * 1000, 3),
                    "image": base64.b64encode(encode_jpeg(drawn.frame)).decode("ascii"),
                },
            )
            sent += 1
            panel.stream.courtesy.wait()  # the live camera goes before
            if gone():
                return  # before another frame is drawn for nobody
        yield event("done", {"frames": sent})
    except PortraitError as exc:
        # The answer has begun, so its status cannot tell any more.
        log.warning("Generating an expression ended early: %s", exc)
        yield event("error", Problem(500, "engine", str(exc)).body("/generate"))
    finally:
        frames.close()
