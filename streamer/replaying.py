"""Replays a take: its wishes come at their times, frame for frame as they were recorded."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from streamer.controls import Controls
from streamer.speech.speech import Speech, speech_again, speech_of
from streamer.takes import Event, Take


class Replay:
    """Gives a take's wishes to ``controls`` as time goes on.

    ``change_photo`` and ``change_view`` are called with what a take says of them.
    """

    def __init__(
        self,
        take: Take,
        controls: Controls,
        *,
        change_photo: Callable[[str], None],
        change_view: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._controls = controls
        self._change_photo = change_photo
        self._change_view = change_view
        # Prepared ahead: the thread that calls `advance` draws frames.
        self._speeches = {
            (event.value, event.more.get("sounds")): _speech(event)
            for event in take.events
            if event.does == "say"
        }
        self._events: Iterator[Event] = iter(take.events)
        self._next: Event | None = next(self._events, None)

    def advance(self, t: float) -> None:
        """Do all that is due in the frame of ``t``, s."""
        while self._next is not None and self._next.t <= t:
            self._do(self._next)
            self._next = next(self._events, None)

    def _do(self, event: Event) -> None:
        controls, value, more = self._controls, event.value, event.more
        source = str(more.get("source", "take"))
        match event.does:
            case "trigger":
                strength = float(more.get("strength", 1.0))
                at = more.get("at", event.t)
                controls.trigger(value, strength, more.get("length_s"), at=at, source=source)
            case "say":
                speech = self._speeches[value, more.get("sounds")]
                at = more.get("at", event.t)
                controls.say(speech, float(more.get("strength", 1.0)), at=at, source=source)
            case "stop":
                controls.trigger("", 0.0, at=more.get("at", event.t), source=source)
            case "set":
                for name, wanted in value.items():
                    if wanted is None:
                        controls.free(name)
                    else:
                        controls.set(name, wanted)
            case "drive":
                controls.drive(source, value)
            case "undrive":
                controls.undrive(value)
            case "idle":
                controls.idle(strength=value)
            case "style":
                controls.idle(style=value)
            case "pause":
                controls.pause(value)
            case "photo":
                self._change_photo(value)
            case "view":
                self._change_view(value)


def _speech(event: Event) -> Speech:
    """What an event says; without its sounds, as the spelling has it."""
    sounds = event.more.get("sounds")
    return speech_of(event.value) if sounds is None else speech_again(event.value, sounds)
