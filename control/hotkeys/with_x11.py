"""Keys heard under X11, by python-xlib (LGPL-2.1): only the ones asked for, and for us alone.

Each combination is grabbed from the display, so other programs do not get it, and what is written
there never comes here.
"""

import logging
import os
import select
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from control.hotkeys.combos import FUNCTION_KEYS, MODIFIERS, Combo

log = logging.getLogger(__name__)

JOIN_S: Final = 2.0
# A held key repeats as a release and a press at one time; the press follows within this.
REPEAT_S: Final = 0.01

# Names of X11 keys. Source: keysymdef.h of the X protocol.
_KEYS: Final = {
    "space": "space",
    "enter": "Return",
    "tab": "Tab",
    "esc": "Escape",
    "backspace": "BackSpace",
    "delete": "Delete",
    "insert": "Insert",
    "home": "Home",
    "end": "End",
    "page_up": "Prior",
    "page_down": "Next",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "pause": "Pause",
    "scroll_lock": "Scroll_Lock",
    "menu": "Menu",
    **{name: name.upper() for name in FUNCTION_KEYS},
}
_UNICODE_KEYS: Final = 0x01000000  # added to a sign's number beyond Latin-1


def listen(combos: Iterable[Combo], heard: Callable[[Combo, bool], None]) -> "Keyboard":
    """Call ``heard`` with each combination and whether it goes down, from a thread of its own.

    Raises: `OSError` with a reason where the display refuses.
    """
    try:
        from Xlib import display, error
    except ImportError as exc:
        raise OSError(str(exc)) from exc
    try:
        opened = display.Display()
    except (error.DisplayError, OSError) as exc:
        raise OSError(f"the display {os.environ.get('DISPLAY', '')} does not answer") from exc
    return Keyboard(opened, combos, heard)


class Keyboard:
    """The keyboard while it is heard. ``problems`` names combinations that cannot be had."""

    def __init__(
        self, display: Any, combos: Iterable[Combo], heard: Callable[[Combo, bool], None]
    ) -> None:
        self._display = display
        self._heard = heard
        self._grabbed: dict[tuple[int, int], Combo] = {}
        self._down: dict[int, Combo] = {}
        self._woken, self._wake = os.pipe()
        self.problems = " ".join(problem for problem in map(self._grab, combos) if problem)
        self._thread = threading.Thread(target=self._run, name="hotkeys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hear it no longer; the combinations belong to other programs again."""
        os.write(self._wake, b"x")
        self._thread.join(JOIN_S)

    def _grab(self, combo: Combo) -> str:
        """Take one combination, whichever locks are on; returns what is wrong."""
        from Xlib import X, error

        number = self._display.keysym_to_keycode(_keysym(combo.key))
        if number == 0:
            return f"Hotkey {combo}: this keyboard has no key '{combo.key}'."
        masks = _masks()
        modifiers = sum(masks[name] for name in combo.modifiers)
        root = self._display.screen().root
        refused = error.CatchError(error.BadAccess)
        for locks in (0, X.LockMask, X.Mod2Mask, X.LockMask | X.Mod2Mask):  # Caps, Num
            root.grab_key(
                number, modifiers | locks, False, X.GrabModeAsync, X.GrabModeAsync, onerror=refused
            )
        self._display.sync()
        if refused.get_error() is not None:
            return f"Hotkey {combo} belongs to another program already; take another one."
        self._grabbed[number, modifiers] = combo
        return ""

    def _run(self) -> None:
        from Xlib import error

        try:
            for number, state, down in self._events():
                combo = self._grabbed.get((number, state)) if down else self._down.pop(number, None)
                if combo is None or (down and number in self._down):
                    continue
                if down:
                    self._down[number] = combo
                self._heard(combo, down)
        except (error.ConnectionClosedError, OSError) as exc:
            log.warning("Hotkeys have ended: %s", exc)
        finally:
            self._display.close()  # gives the combinations back
            os.close(self._woken)
            os.close(self._wake)

    def _events(self) -> Iterator[tuple[int, int, bool]]:
        """Yield key, modifiers and whether it went down, without the repeats of a held key."""
        from Xlib import X

        ours = sum(_masks().values())
        released: Any = None
        while True:
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.KeyPress:
                    repeats = (
                        released is not None
                        and released.detail == event.detail
                        and released.time == event.time
                    )
                    if released is not None and not repeats:
                        yield released.detail, 0, False
                    released = None
                    if not repeats:
                        yield event.detail, event.state & ours, True
                elif event.type == X.KeyRelease:
                    if released is not None:
                        yield released.detail, 0, False
                    released = event
            wait_s = None if released is None else REPEAT_S
            ready, _, _ = select.select([self._display, self._woken], [], [], wait_s)
            if self._woken in ready:
                return
            if not ready and released is not None:
                yield released.detail, 0, False
                released = None


def _masks() -> dict[str, int]:
    from Xlib import X

    known = (X.ControlMask, X.Mod1Mask, X.ShiftMask, X.Mod4Mask)
    return dict(zip(MODIFIERS, known, strict=True))


def _keysym(key: str) -> int:
    from Xlib import XK

    if len(key) > 1:
        XK.load_keysym_group("xkb")
        return int(XK.string_to_keysym(_KEYS[key]))
    return ord(key) if ord(key) < 256 else _UNICODE_KEYS + ord(key)
