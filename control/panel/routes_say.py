"""The route that lets the portrait say a text."""

from typing import Any, Final

from flask import Flask

from control.panel.bodies import number_of, read_body, text_of
from control.panel.context import Panel
from control.panel.openapi import operation
from control.panel.schemas import gives, maybe, number, takes, text
from control.problems import Problem
from streamer import SpeechError
from streamer.speech.text import MAX_LETTERS

SOURCE: Final = "page"
TEXT: Final = {"type": "string", "maxLength": MAX_LETTERS}


def add_routes(app: Flask, panel: Panel) -> None:
    """Add the route to the app."""
    speaker = panel.stream.speaker

    @app.post("/say")
    @operation(
        "Say a text, or stop speaking with an empty one",
        body=takes(text=TEXT, strength=maybe(number(0, 1))),
        example={"text": "안녕하세요, 반갑습니다", "strength": 1},
        answer=gives(
            saying=text(meaning="the text as it is said"),
            length_s=number(0, meaning="from the first movement to rest"),
            strength=number(0, 1),
        ),
        problems=(409, 422),
    )
    def say() -> dict[str, Any]:
        body = read_body(("text", "strength"), '{"text": "안녕하세요", "strength": 1}')
        words = "" if body.get("text") == "" else text_of(body, "text")
        if len(words) > MAX_LETTERS:
            raise Problem(
                400,
                "bad-value",
                f"'text' has {len(words)} characters; at most {MAX_LETTERS} are said at once. "
                "Send it in parts.",
            )
        strength = number_of(body, "strength", 0.0, 1.0, default=1.0)
        if not words or strength <= 0.0:
            speaker.hush(source=SOURCE)
            return {"saying": "", "length_s": 0.0, "strength": strength}
        try:
            speech = speaker.say(words, strength=strength, source=SOURCE)
        except SpeechError as exc:
            raise Problem(422, "nothing-to-say", str(exc)) from exc
        return {
            "saying": speech.text,
            "length_s": round(speech.length_s, 3),
            "strength": strength,
        }
