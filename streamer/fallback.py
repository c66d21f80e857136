"""When the engine on stage keeps failing, the next safer one takes over, once and for good."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from streamer.engines.choice import Understudy

log = logging.getLogger(__name__)


class Patience:
    """How many bad frames are too many: ``failing`` turns true after some, false after many good.

    Chosen: three in a row are 0.1 s of standing still, which passes unseen; ten of 300 are a
    stutter every second. A single bad frame is only counted.
    """

    IN_A_ROW: Final = 3
    REPEATED: Final = 10
    WITHIN: Final = 300

    def __init__(self) -> None:
        self.failing = False
        self._row = 0
        self._bad_at: list[int] = []
        self._frame = 0

    def see(self, good: bool) -> bool:
        """Take in one frame; returns whether ``failing`` has changed."""
        self._frame += 1
        if good:
            self._row = 0
            if self.failing and self._frame - self._bad_at[-1] >= self.WITHIN:
                self.failing = False
                self._bad_at.clear()
                return True
            return False
        self._row += 1
        oldest = self._frame - self.WITHIN
        self._bad_at = [at for at in self._bad_at[-self.REPEATED :] if at > oldest]
        self._bad_at.append(self._frame)
        before = self.failing
        self.failing = before or self._row >= self.IN_A_ROW or len(self._bad_at) >= self.REPEATED
        return self.failing != before


class Fallback:
    """Watches the engine on stage and calls its understudies, the next safer one first.

    The render thread calls `see` with every frame, which only counts. ``spawn`` runs the change in
    a thread of its own; ``hand_over`` prepares an understudy and puts it on stage, or raises.
    Nobody comes back: an engine that works now and then would come and go on air.
    """

    def __init__(
        self,
        name: str,
        understudies: Sequence[Understudy],
        *,
        hand_over: Callable[[Understudy], None],
        spawn: Callable[[Callable[[], None]], None],
        say: Callable[[str], None],
    ) -> None:
        self.faults = 0
        self._name = name
        self._left = list(understudies)
        self._hand_over = hand_over
        self._spawn = spawn
        self._say = say
        self._told = ""  # of the last change; stays true to the end
        self._changing = False
        self._patience = Patience()

    def see(self, fault: str) -> None:
        """Take in one frame: what was wrong with it, or an empty text."""
        if fault:
            self.faults += 1
        patience = self._patience
        if self._changing or not patience.see(good=not fault):
            return
        if not patience.failing:
            self._say(self._told)  # it works again, and there was nobody to take over
        elif self._left:
            self._changing = True
            self._spawn(lambda: self._change(fault))
        else:
            self._say(self._alone(fault))

    def _change(self, fault: str) -> None:
        because = _short(fault)
        while self._left:
            understudy = self._left.pop(0)
            told = (
                f"The engine {self._name} failed ({because}); {understudy.name} takes over. "
                f"Restart to have {self._name} again."
            )
            self._say(told)
            try:
                self._hand_over(understudy)
            except Exception as exc:  # whatever it is, the next one is tried, and this is told
                log.debug("%s cannot take over", understudy.name, exc_info=True)
                because = f"{because}; {understudy.name}, too: {_short(str(exc))}"
                continue
            self._name, self._told = understudy.name, told
            self._patience = Patience()
            break
        else:
            self._say(self._alone(because))
        self._changing = False

    def _alone(self, because: str) -> str:
        return (
            f"The engine {self._name} fails ({_short(because)}); the last good frame stays. Try "
            "another photo, or restart."
        )


def _short(text: str) -> str:
    """Return the first line, without its full stop."""
    return (text.strip().splitlines() or ["unknown"])[0].rstrip(".")[:300]
