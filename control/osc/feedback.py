"""State back to controllers: what to send, when, so that faders follow and labels fill."""

from collections.abc import Iterable
from typing import Any, Final

from streamer import PARAMETERS

Outgoing = tuple[str, tuple[float | int | str, ...]]
"""One message to send: address and arguments."""

# A parameter is sent at most this often; controllers redraw no faster.
PERIOD_S: Final = 0.05
HEARTBEAT_S: Final = 5.0
FPS_PERIOD_S: Final = 1.0


def outgoing(state: dict[str, Any], presets: Iterable[str] = ()) -> list[Outgoing]:
    """Return the whole state as messages: one number an address, texts on their own.

    Every one of ``presets`` has a number of its own, so that its key can light up.
    """
    idle = state.get("idle") or {}
    messages: list[Outgoing] = [
        (f"/portrait/state/{name}", (float(value),))
        for name, value in (state.get("face") or {}).items()
    ]
    playing = state.get("playing") or ()
    messages.extend((f"/portrait/playing/{name}", (int(name in playing),)) for name in presets)
    # An empty text when nothing plays: a variable that shows the last text must be emptied.
    messages.append(("/portrait/playing", tuple(playing) or ("",)))
    messages.append(("/portrait/idle", (float(idle.get("strength", 1.0)),)))
    messages.append(("/portrait/idle/style", (str(idle.get("style", "")),)))
    messages.append(("/portrait/photo", (str(state.get("photo") or ""),)))
    messages.append(("/portrait/pause", (int(bool(state.get("paused"))),)))
    messages.append(("/portrait/privacy", (int(bool(state.get("privacy"))),)))
    messages.append(("/portrait/fps", (round(float(state.get("fps") or 0.0), 1),)))
    return messages


class Changes:
    """Remembers what was sent, and picks what is worth sending now.

    Units: ``now`` s, any steady clock.
    """

    def __init__(self) -> None:
        self._sent: dict[str, tuple[float, tuple[float | int | str, ...]]] = {}
        self._heartbeat_at: float | None = None

    def pick(self, messages: list[Outgoing], now: float) -> list[Outgoing]:
        """Return what changed visibly since it was last sent, or all when a heartbeat is due."""
        if self._heartbeat_at is None or now - self._heartbeat_at >= HEARTBEAT_S:
            self._heartbeat_at = now
            picked = messages
        else:
            picked = [message for message in messages if self._worth_sending(message, now)]
        for address, args in picked:
            self._sent[address] = (now, args)
        return picked

    def _worth_sending(self, message: Outgoing, now: float) -> bool:
        address, args = message
        sent_at, before = self._sent.get(address, (-1e9, ()))
        if args == before:
            return False
        if address == "/portrait/fps":
            return now - sent_at >= FPS_PERIOD_S
        parameter = PARAMETERS.get(address.removeprefix("/portrait/state/"))
        if parameter is None or not before:
            return True
        # Idle life moves every parameter in every frame; half a slider step is what shows. The
        # tolerance on the time keeps a thread that wakes a hair early from skipping a turn.
        moved = abs(float(args[0]) - float(before[0])) >= 0.5 * parameter.step
        return moved and now - sent_at >= 0.9 * PERIOD_S
