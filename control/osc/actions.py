"""What each address does: a message in, a wish for the stream and a verdict out."""

from collections.abc import Callable, Iterable
from typing import Final

from control.live import Live
from control.osc.edges import Edges
from control.osc.limits import Sender
from control.osc.messages import Argument, Message, NotANumber, is_number, number
from control.osc.verdicts import Verdict, verdict
from streamer import PARAMETERS, ConsentError, SpeechError

PREFIX: Final = "portrait"

# Longer performances are a held preset; shorter ones than a frame would not be seen.
LENGTH_S: Final = (0.05, 600.0)


class Actions:
    """Turns messages into wishes. One thread calls `handle`; it never waits.

    ``change_photo(name, sender)`` must return at once and do the work elsewhere;
    ``subscribe(sender, port, on)`` returns in words where the state goes.
    """

    def __init__(
        self,
        stream: Live,
        *,
        change_photo: Callable[[str, Sender], Verdict],
        subscribe: Callable[[Sender, int | None, bool], str],
    ) -> None:
        self._stream = stream
        self._change_photo = change_photo
        self._subscribe = subscribe
        self._edges = Edges()
        self.table: dict[str, Callable[[_Call], Verdict]] = {
            "trigger": self._trigger,
            "set": self._set,
            "release": self._release,
            "reset": self._reset,
            "idle": self._idle,
            "photo": self._photo,
            "pause": self._pause,
            "privacy": self._privacy,
            "stop": self._stop,
            "say": self._say,
            "subscribe": self._listen,
            "unsubscribe": self._listen,
        }

    def handle(self, message: Message, sender: Sender, now: float) -> Verdict:
        """Do what a message asks for. Units: ``now`` s, any steady clock."""
        parts = [part for part in message.address.split("/") if part]
        action = self.table.get(parts[1].lower()) if len(parts) > 1 else None
        if action is None or parts[0].lower() != PREFIX:
            return verdict("unknown_address", known=", ".join(self.table))
        call = _Call(parts[1].lower(), "/".join(parts[2:]), message.args, sender, now)
        try:
            return action(call)
        except NotANumber as exc:
            return verdict("not_a_number", reason=exc)

    # --- one method an address

    def _trigger(self, call: "_Call") -> Verdict:
        name = call.take_name()
        if not name:
            return verdict("missing", reason="/portrait/trigger NAME")
        known = self._stream.presets.presets
        preset = find(name, known)
        if preset is None:
            return verdict("unknown_preset", name=name, known=", ".join(known))
        strength = call.take_number(default=1.0)
        length_s = call.take_number(default=0.0)  # 0: the preset's own
        if length_s != 0.0 and not LENGTH_S[0] <= length_s <= LENGTH_S[1]:
            return verdict("length", low=LENGTH_S[0], high=LENGTH_S[1], value=f"{length_s:g}")
        match self._edges.edge(call.sender, f"trigger/{preset}", strength, call.now):
            case "repeat":
                return verdict("repeat")
            case "release":
                self._stream.controls.release(preset, source=call.source)
                return verdict("released", name=preset)
        if reason := self._stream.refusal(preset):
            return verdict("not_for_this_photo", name=preset, reason=reason)
        self._stream.controls.trigger(
            preset, min(strength, 1.0), length_s or None, source=call.source
        )
        return verdict("played", name=preset)

    def _set(self, call: "_Call") -> Verdict:
        asked = call.take_name()
        name = find(asked, PARAMETERS)
        if name is None:
            return _unknown_parameter(asked, "set")
        value = number(call.take())
        held = self._stream.controls.set(name, value)
        return verdict("held" if held == value else "clamped", name=name, value=f"{held:g}")

    def _release(self, call: "_Call") -> Verdict:
        asked = call.take_name()
        name = find(asked, PARAMETERS)
        if name is None:
            return _unknown_parameter(asked, "release")
        if call.let_go():
            return verdict("let_go")
        self._stream.controls.free(name)
        return verdict("freed", name=name)

    def _reset(self, call: "_Call") -> Verdict:
        if call.let_go():
            return verdict("let_go")
        self._stream.controls.reset()
        return verdict("reset")

    def _idle(self, call: "_Call") -> Verdict:
        asked = call.name or call.take()
        if asked is None:
            return verdict("missing", reason="0..1, or a style's name")
        if is_number(asked) or not isinstance(asked, str):
            strength = min(max(number(asked), 0.0), 1.0)
            self._stream.controls.idle(strength=strength)
            return verdict("idle_strength", value=f"{strength:g}")
        known = self._stream.presets.idle_styles
        style = find(asked, known)
        if style is None:
            return verdict("unknown_style", name=asked, known=", ".join(known))
        if call.let_go():
            return verdict("let_go")
        self._stream.controls.idle(style=style)
        return verdict("idle_style", name=style)

    def _photo(self, call: "_Call") -> Verdict:
        asked = call.take_name()
        if not asked:
            return verdict("missing", reason="/portrait/photo NAME")
        known = [entry.name for entry in self._stream.photos.entries()]
        name = find(asked, known)
        if name is None:
            return verdict("unknown_photo", name=asked, known=", ".join(known))
        if call.let_go():
            return verdict("let_go")
        return self._change_photo(name, call.sender)

    def _pause(self, call: "_Call") -> Verdict:
        value = call.take()
        if value is not None:
            paused = number(value) > 0.0
        elif self._edges.edge(call.sender, "pause", 1.0, call.now) == "repeat":
            return verdict("repeat")
        else:
            # A sender without arguments has one button for both.
            paused = not self._stream.controls.snapshot().paused
        self._stream.controls.pause(paused)
        return verdict("paused" if paused else "resumed")

    def _privacy(self, call: "_Call") -> Verdict:
        value = call.take()
        if value is not None:
            on = number(value) > 0.0
        elif self._edges.edge(call.sender, "privacy", 1.0, call.now) == "repeat":
            return verdict("repeat")
        else:
            on = not self._stream.privacy
        self._stream.set_privacy(on)
        return verdict("covered" if on else "uncovered")

    def _stop(self, call: "_Call") -> Verdict:
        if call.let_go():
            return verdict("let_go")
        self._stream.controls.stop(source=call.source)
        return verdict("stopped")

    def _say(self, call: "_Call") -> Verdict:
        text = call.name or call.take()
        words = "" if text is None else f"{text:g}" if isinstance(text, float) else str(text)
        strength = min(call.take_number(default=1.0), 1.0)
        if not words.strip() or strength <= 0.0:
            self._stream.speaker.hush(source=call.source)
            return verdict("quiet")
        if self._edges.edge(call.sender, f"say/{words[:100]}", 1.0, call.now) == "repeat":
            return verdict("repeat")
        try:
            said = self._stream.speaker.say_soon(words, strength=strength, source=call.source)
        except ConsentError as exc:
            return verdict("not_for_this_photo", name="say", reason=exc)
        except SpeechError as exc:
            return verdict("unsayable", reason=exc)
        return verdict("says", name=said if len(said) <= 60 else f"{said[:59]}…")

    def _listen(self, call: "_Call") -> Verdict:
        on = call.action == "subscribe"
        value = call.take()
        port = None
        if value is not None:
            asked = number(value)
            if not (asked.is_integer() and 1 <= asked <= 65535):
                return verdict("port", value=f"{asked:g}")
            port = int(asked)
        where = self._subscribe(call.sender, port, on)
        return verdict("subscribed" if on else "unsubscribed", name=where)


class _Call:
    """One message on its way through an action: takes names and values from what was sent."""

    def __init__(
        self, action: str, name: str, args: tuple[Argument, ...], sender: Sender, now: float
    ) -> None:
        self.action = action
        self.name = name
        self.sender = sender
        self.now = now
        self.source = f"osc {sender[0]}:{sender[1]}"
        # Plug-ins with fixed fields send empty texts for the fields that nobody filled in.
        self._args = [arg for arg in args if arg != ""]

    def take_name(self) -> str:
        """The name in the address, or else the first argument; ``""`` without either."""
        if self.name:
            return self.name
        value = self.take()
        return value if isinstance(value, str) else ""

    def take(self) -> Argument:
        """The next argument, or `None`."""
        return self._args.pop(0) if self._args else None

    def take_number(self, default: float) -> float:
        """The next argument as a number; nothing and nil are the default. Raises `NotANumber`."""
        value = self.take()
        return default if value is None else number(value)

    def let_go(self) -> bool:
        """Whether a button was let go, for actions that happen on the press alone."""
        return self.take_number(default=1.0) <= 0.0


def find(asked: str, names: Iterable[str]) -> str | None:
    """Return the name that was meant, whatever its case."""
    folded = asked.casefold()
    return next((name for name in names if name.casefold() == folded), None)


def _unknown_parameter(asked: str, action: str) -> Verdict:
    if not asked:
        return verdict("missing", reason=f"/{PREFIX}/{action}/PARAMETER")
    return verdict("unknown_parameter", name=asked, known=", ".join(PARAMETERS))
