"""Hotkeys: combinations of keys and what each of them does, while the stream runs."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from control.hotkeys.actions import Actions
from control.hotkeys.combos import Combo, parse
from control.hotkeys.system import Listen, Listening, listen, why_not
from control.live import Live
from streamer import ConfigError, PortraitError

log = logging.getLogger(__name__)


class Hotkeys:
    """Hears the keys of ``table``: pairs of a combination and a preset, or one of a few words.

    Without a desktop, a library or the system's permission nothing is heard, `message` says why,
    and everything else goes on. Raises: `ConfigError` for a combination that is none.
    """

    def __init__(
        self,
        stream: Live,
        table: Sequence[tuple[str, str]],
        *,
        environment: Mapping[str, str] | None = None,
        listen: Listen = listen,
    ) -> None:
        self._actions = Actions(stream)
        self._table: dict[Combo, str] = {}
        for text, action in table:
            combo = parse(text)
            if combo in self._table:
                raise ConfigError(f"Hotkey {combo} is given twice: '{text}' is the second.")
            self._table[combo] = action
        self._environment = os.environ if environment is None else environment
        self._listen = listen
        self._listening: Listening | None = None
        self.message = ""

    def start(self) -> None:
        """Begin to hear the keys."""
        faults = {combo: self._actions.unknown(action) for combo, action in self._table.items()}
        problems = [f"Hotkey {combo}: {fault}" for combo, fault in faults.items() if fault]
        reason = why_not(self._environment)
        if not reason:
            try:
                self._listening = self._listen(self._table, self._heard)
                reason = self._listening.problems
            except OSError as exc:
                reason = f"The keyboard cannot be heard: {exc}."
        self.message = " ".join([*problems, *([reason] if reason else [])])

    def stop(self) -> None:
        """Hear them no longer; calling it twice is harmless."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.stop()
        self._actions.close()

    def state(self) -> dict[str, Any]:
        """Return whether keys are heard, which, and why not. JSON-able."""
        return {
            "listening": self._listening is not None,
            "keys": {str(combo): action for combo, action in self._table.items()},
            "message": self.message,
        }

    def _heard(self, combo: Combo, pressed: bool) -> None:
        try:
            self._actions.do(self._table[combo], pressed)
        except PortraitError as exc:
            log.warning("Hotkey %s: %s", combo, exc)
