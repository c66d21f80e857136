"""The system's keyboard, heard whatever program has it: pynput, or in words why that cannot be.

pynput (LGPL-3.0) serves Windows, macOS and X11, and is kept. Looked at beside it: ``keyboard``
(last release 2020, needs root on Linux), ``python-xlib`` alone (X11 only).
"""

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final, Protocol

log = logging.getLogger(__name__)

INSTALL: Final = f'"{sys.executable}" -m pip install pynput'
WITHOUT: Final = (
    "Bind the keys in the settings of your desktop instead, to a command such as "
    "`curl -X POST http://127.0.0.1:8000/trigger/smile`."
)
# On X11 the library's thread often ends with the next key only; it holds nothing up meanwhile.
JOIN_S: Final = 0.5

# The library tells left from right; to us they are the same, but for AltGr, which writes signs.
_SAME: Final = {
    f"{name}_{side}": name for name in ("ctrl", "alt", "shift", "cmd") for side in ("l", "r")
}


class Listening(Protocol):
    """A keyboard that is being heard."""

    def stop(self) -> None:
        """Hear it no longer."""


def why_not(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return why keys cannot be heard here and what to do; empty where they can."""
    if platform not in ("win32", "darwin"):
        if environment.get("XDG_SESSION_TYPE") == "wayland" or "WAYLAND_DISPLAY" in environment:
            return (
                "Hotkeys do not work under Wayland, which shows a program only the keys that are "
                f"meant for it. {WITHOUT}"
            )
        if not environment.get("DISPLAY"):
            return "Hotkeys need a desktop; there is none (DISPLAY is not set)."
    if find_spec("pynput") is None:
        return f"Hotkeys need the package pynput. Type: `{INSTALL}`."
    return ""


def listen(heard: Callable[[str, bool], None]) -> Listening:
    """Call ``heard`` with each key's name and whether it goes down, from a thread of its own.

    Raises: `OSError` with a reason where the system refuses.
    """
    try:
        from pynput import keyboard
    except ImportError as exc:  # also where the display of DISPLAY does not answer
        raise OSError(str(exc).splitlines()[0]) from exc

    class Listener(keyboard.Listener):  # type: ignore[misc]  # pynput has no types
        """Ends with a line in the log when the display goes."""

        def run(self) -> None:
            try:
                super().run()
            except Exception as exc:  # whatever the library of the system's display raises
                if self.running:
                    log.warning("Hotkeys have ended: %s", exc or type(exc).__name__)

    def name(key: Any) -> str:
        if isinstance(key, keyboard.Key):
            return _SAME.get(str(key.name), str(key.name))
        char: str | None = listener.canonical(key).char
        return char.lower() if char else ""

    listener = Listener(
        on_press=lambda key: heard(name(key), True),
        on_release=lambda key: heard(name(key), False),
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
    return _Heard(listener)


class _Heard:
    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def stop(self) -> None:
        # Beside us: on X11 the library shares one connection between threads, and may wait on it.
        ending = threading.Thread(target=self._listener.stop, name="hotkeys-stop", daemon=True)
        ending.start()
        ending.join(JOIN_S)
        self._listener.join(JOIN_S)
