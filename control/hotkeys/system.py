"""Which keyboard can be heard on this system: X11, Windows, macOS; or in words why none can."""

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from typing import Final, Protocol

from control.hotkeys.combos import Combo

# python-xlib grabs the very combinations and needs no compiler. pynput's part for Linux sees every
# key and is built from source (evdev); `keyboard` had its last release in 2020 and wants root.
LIBRARIES: Final = {"win32": ("pynput", "pynput"), "darwin": ("pynput", "pynput")}
ON_X11: Final = ("Xlib", "python-xlib")
WITHOUT: Final = (
    "Bind the keys in the settings of your desktop instead, to a command such as "
    "`curl -X POST http://127.0.0.1:8000/trigger/smile`."
)


class Listening(Protocol):
    """A keyboard that is being heard."""

    problems: str
    """What cannot be heard of what was asked for."""

    def stop(self) -> None:
        """Hear it no longer."""


Listen = Callable[[Iterable[Combo], Callable[[Combo, bool], None]], Listening]


def why_not(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return why keys cannot be heard here and what to do; empty where they can."""
    if platform not in LIBRARIES:
        if environment.get("XDG_SESSION_TYPE") == "wayland" or "WAYLAND_DISPLAY" in environment:
            return (
                "Hotkeys do not work under Wayland, which shows a program only the keys that are "
                f"meant for it. {WITHOUT}"
            )
        if not environment.get("DISPLAY"):
            return "Hotkeys need a desktop; there is none (DISPLAY is not set)."
    module, package = LIBRARIES.get(platform, ON_X11)
    if find_spec(module) is None:
        return (
            f"Hotkeys need the package {package}. Type: "
            f'`"{sys.executable}" -m pip install {package}`.'
        )
    return ""


def listen(combos: Iterable[Combo], heard: Callable[[Combo, bool], None]) -> Listening:
    """Hear this system's keyboard. Raises: `OSError` with a reason where it refuses."""
    if sys.platform in LIBRARIES:
        from control.hotkeys import with_pynput as part
    else:
        from control.hotkeys import with_x11 as part  # type: ignore[no-redef]
    return part.listen(combos, heard)
