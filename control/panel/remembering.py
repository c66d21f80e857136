"""Keeps what requests change of the stream's choices, for the next start."""

from typing import Final

from flask import Flask, Response, g, request

from control.panel.context import Panel

# Which choices a route may change, by method and rule. OSC plays on the portrait and is not kept.
CHOICES: Final = {
    ("POST", "/photos"): ("photo",),
    ("PUT", "/view"): ("fit", "zoom", "offset_x", "offset_y", "mirror", "fill"),
    ("PUT", "/badge"): ("badge",),
    ("PUT", "/idle"): ("style", "idle"),
    ("PUT", "/engine"): ("engine", "device", "speed"),
    ("PUT", "/output"): ("camera", "size", "fps"),
}


def remember_choices(app: Flask, panel: Panel) -> None:
    """Let the panel's memory keep what a request has changed.

    Only what is different afterwards counts: a flag of this start must not become everybody's
    choice because another slider was moved.
    """
    memory = panel.memory
    if memory is None:
        return

    def names() -> tuple[str, ...]:
        rule = request.url_rule
        return CHOICES.get((request.method, rule.rule), ()) if rule is not None else ()

    @app.before_request
    def look() -> None:
        if names():
            g.choices_before = panel.stream.choices()

    @app.after_request
    def keep(response: Response) -> Response:
        before = g.get("choices_before")
        if before is not None:
            after = panel.stream.choices()
            changed = {name: after[name] for name in names() if after[name] != before[name]}
            if changed:
                memory.keep(changed)
        return response
