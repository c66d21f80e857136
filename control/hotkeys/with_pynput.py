"""Keys heard on Windows and macOS, by pynput (LGPL-3.0), which sees every key of the keyboard."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from control.hotkeys.combos import Combo, Matcher

log = logging.getLogger(__name__)

# The library's thread may end with the next key only; it holds nothing up meanwhile.
JOIN_S: Final = 0.5

# The library tells left from right; to us they are the same, but for AltGr, which writes signs.
_SAME: Final = {
    f"{name}_{side}": name for name in ("ctrl", "alt", "shift", "cmd") for side in ("l", "r")
}


def listen(combos: Iterable[Combo], heard: Callable[[Combo, bool], None]) -> "Keyboard":
    """Call ``heard`` with each combination and whether it goes down, from a thread of its own.

    Raises: `OSError` with a reason where the system refuses.
    """
    try:
        from pynput import keyboard
    except ImportError as exc:  # also where the display of DISPLAY does not answer
        raise OSError(str(exc).splitlines()[0]) from exc
    matcher = Matcher(combos)

    class Listener(keyboard.Listener):  # type: ignore[misc]  # pynput has no types
        """Ends with a line in the log when the system's keyboard goes."""

        def run(self) -> None:
            try:
                super().run()
            except Exception as exc:  # whatever the library of the system raises
                if self.running:
                    log.warning("Hotkeys have ended: %s", exc or type(exc).__name__)

    def feed(key: Any, down: bool) -> None:
        for combo, pressed in matcher.feed(_name(key), down):
            heard(combo, pressed)

    def _name(key: Any) -> str:
        if isinstance(key, keyboard.Key):
            return _SAME.get(str(key.name), str(key.name))
        char: str | None = listener.canonical(key).char
        return char.lower() if char else ""

    listener = Listener(
        on_press=lambda key: feed(key, True), on_release=lambda key: feed(key, False)
    )
    listener.name = "hotkeys"
    listener.daemon = True
    listener.start()
    listener.wait()
    if not getattr(listener, "IS_TRUSTED", True):
        listener.stop()
        raise OSError(
            "allow it in System Settings > Privacy & Security > Input Monitoring, and start again"
        )
    return Keyboard(listener)


class Keyboard:
    """The keyboard while it is heard."""

    problems = ""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def stop(self) -> None:
        """Hear it no longer."""
        # Beside us: on X11 the library shares one connection between threads, and may wait on it.
        ending = threading.Thread(target=self._listener.stop, name="hotkeys-stop", daemon=True)
        ending.start()
        ending.join(JOIN_S)
        self._listener.join(JOIN_S)
