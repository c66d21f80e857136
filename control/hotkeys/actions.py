"""What a hotkey does: plays a preset, or one of a few words."""

import logging
import threading
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

from control.live import Live
from streamer import PortraitError

log = logging.getLogger(__name__)

SOURCE: Final = "hotkey"
WORDS: Final = ("privacy", "pause", "stop", "reset")
PHOTO: Final = "photo:"


class Actions:
    """Does what the keys ask for; `do` returns at once."""

    def __init__(self, stream: Live) -> None:
        self._stream = stream
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._words: dict[str, Callable[[], None]] = {
            "privacy": lambda: stream.set_privacy(not stream.privacy),
            "pause": lambda: stream.controls.pause(not stream.controls.snapshot().paused),
            "stop": lambda: stream.controls.stop(source=SOURCE),
            "reset": lambda: stream.controls.reset(),
        }

    def unknown(self, action: str) -> str:
        """Return what is wrong with an action's name; empty for one that is there."""
        presets = list(self._stream.presets.presets)
        if action in self._words or action in presets:
            return ""
        if action.startswith(PHOTO):
            names = [entry.name for entry in self._stream.photos.entries()]
            known, wanted = names, action.removeprefix(PHOTO)
            if wanted in names:
                return ""
        else:
            known, wanted = [*presets, *WORDS], action
        close = get_close_matches(wanted, known, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
        return f"there is no '{wanted}'. {hint}"

    def do(self, action: str, pressed: bool) -> None:
        """Do it when the key goes down; a preset that holds ends when the key goes up."""
        if action in self._words:
            if pressed:
                self._words[action]()
        elif action.startswith(PHOTO):
            if pressed:
                self._change_photo(action.removeprefix(PHOTO))
        else:
            self._play(action, pressed)

    def close(self) -> None:
        """Wait for a change of photo under way."""
        thread = self._thread
        if thread is not None:
            thread.join(10.0)

    def _play(self, name: str, pressed: bool) -> None:
        preset = self._stream.presets.presets.get(name)
        if preset is None:  # its file has gone since
            log.warning("Hotkey: there is no preset '%s' any more.", name)
            return
        controls = self._stream.controls
        if not pressed:
            if preset.mode == "hold":
                controls.release(name, source=SOURCE)
            return
        if reason := self._stream.refusal(name):
            log.warning("%s", reason)
        elif preset.mode == "loop" and name in self._stream.state()["playing"]:
            controls.release(name, source=SOURCE)
        else:
            controls.trigger(name, 1.0, None, source=SOURCE)

    def _change_photo(self, name: str) -> None:
        if not self._changing.acquire(blocking=False):
            return  # one is being prepared; a second press means the same
        self._thread = threading.Thread(
            target=self._run_change, args=(name,), name="hotkey-photo", daemon=True
        )
        self._thread.start()

    def _run_change(self, name: str) -> None:
        try:
            self._stream.change_photo(name)
        except PortraitError as exc:
            log.warning("%s", exc)
        finally:
            self._changing.release()
