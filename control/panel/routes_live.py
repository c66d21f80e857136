"""Routes that go on: live picture, state as events; and the OSC monitor."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from flask import Flask, Response, request

from control.panel.context import Panel, left
from control.panel.language import LANGUAGES, asked_language
from control.panel.openapi import operation
from control.panel.schemas import LABEL, anything, gives, listed, number, text, whole, without
from control.panel.shapes import NUMBERS, OSC, STATE
from control.problems import Problem

BOUNDARY: Final = "frame"
# How long a silent stream waits before it looks whether the server closes, and before it sends the
# last picture once more: only by sending does it notice that nobody is there.
WAIT_S: Final = 0.5
REPEAT_AFTER: Final = 6
SNAPSHOT_S: Final = 3.0

MESSAGE: Final = gives(
    id=whole(),
    time=number(meaning="seconds since 1970"),
    sender=text(),
    address=text(),
    args=listed(anything()),
    kind=text(),
    code=text(meaning="the verdict's short name, for programs"),
    verdict=LABEL,
    count=whole(1, meaning="how many alike came in a row"),
)


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the routes to the app."""

    @app.get("/preview.mjpg")
    @operation(
        "The live picture, endless",
        media=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
        problems=(503,),
    )
    def preview() -> Response:
        give_back = panel.previews.take()
        response = Response(
            _pictures(panel, left()), mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}"
        )
        response.call_on_close(give_back)
        return response

    @app.get("/snapshot.jpg")
    @operation("The next frame", media="image/jpeg", problems=(503,))
    def snapshot() -> Response:
        with panel.stream.preview.viewer() as viewer:
            jpeg = viewer.next(SNAPSHOT_S)
        if jpeg is None:
            raise Problem(
                503, "no-frame", f"No frame came for {SNAPSHOT_S:g} s; GET /health says more."
            )
        return Response(jpeg, mimetype="image/jpeg")

    @app.get("/events")
    @operation(
        "The state, endless: events `face` and `state`",
        media="text/event-stream",
        events={"face": NUMBERS, "state": without(STATE, "face")},
        query={"lang": text(*LANGUAGES, meaning="of sentences; else by Accept-Language")},
        problems=(400, 503),
    )
    def events() -> Response:
        # A browser's EventSource sends no headers of the page's choice.
        language = request.args.get("lang") or asked_language()
        if language not in LANGUAGES:
            raise Problem(
                400,
                "bad-value",
                f"'lang' must be one of {', '.join(LANGUAGES)}, not '{language[:80]}'.",
            )
        give_back = panel.events.take()
        response = Response(_events(panel, left(), language), mimetype="text/event-stream")
        response.call_on_close(give_back)
        return response

    @app.get("/osc")
    @operation(
        "The OSC door's state and its last messages, newest first",
        answer=gives(state=OSC, messages=listed(MESSAGE)),
    )
    def osc() -> dict[str, Any]:
        messages = panel.osc.monitor() if panel.osc is not None else []
        return {"state": panel.osc_state(), "messages": messages}


def _pictures(panel: Panel, gone: Callable[[], bool]) -> Iterator[bytes]:
    """Each newest JPEG as one part.

    The boundary follows its picture at once: browsers show a part when they see its end.
    """
    courtesy = panel.stream.courtesy
    boundary = f"--{BOUNDARY}\r\n".encode()
    part, waited = b"", 0
    yield boundary
    with panel.stream.preview.viewer() as viewer:
        while not (panel.closing.is_set() or gone()):
            jpeg = viewer.next(WAIT_S)
            courtesy.wait()
            if jpeg is not None:
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                part, waited = head.encode() + jpeg + b"\r\n" + boundary, 0
                yield part
            elif part and (waited := waited + 1) % REPEAT_AFTER == 0:
                yield part


def _events(panel: Panel, gone: Callable[[], bool], language: str) -> Iterator[bytes]:
    yield b"retry: 1000\n\n"
    with panel.feed.listener(language) as listener:
        while not (panel.closing.is_set() or gone()):
            events = listener.next(2.0)
            panel.stream.courtesy.wait()
            yield b"".join(events) or b": still here\n\n"
