"""How many frames may be drawn: decided from what drawing costs while others use the device too.

``full`` draws every frame, ``half`` every second one, ``cached`` fewer still and asks for idle life
that comes from memory. Down goes fast, up slowly and ever more slowly where it did not last, so
that nothing flaps. Everything is a function of what is told and of the times told with it.
"""

import math
import statistics
from collections import deque
from typing import Final, Literal

Level = Literal["full", "half", "cached"]
LEVELS: Final[tuple[Level, ...]] = ("full", "half", "cached")

# A frame that takes more than this part of its time leaves none for the way around it: copies, the
# camera, a batch that is not wanted any more.
BUSY: Final = 0.85

# Up only where the better level would use at most this part of what is allowed. Little to spare: a
# card that just keeps up must come back, too, and attempts that fail become rare (`CALM_S`).
UP: Final = 0.95

# What is looked back at: the median of so many draws, none older than this. One slow frame in
# eight, somebody's loading screen, changes nothing.
DRAWS: Final = 8
FEWEST: Final = 3
RECENT_S: Final = 4.0

# So many late frames among the last `DRAWS` are too many, whatever the device says that they took.
TOO_LATE: Final = 4

# At least so long on a level before the next one down: its own figures must come in first.
SETTLE_S: Final = 0.5

# How long a level up must have been affordable before it is taken; twice as long after each time
# that it did not last, up to a minute, and as at first once `full` has lasted for a minute.
CALM_S: Final = 4.0
LONGEST_CALM_S: Final = 64.0
LASTING_S: Final = 60.0

# With everything coming from memory one frame in this time is drawn to see how the device does.
PROBE_S: Final = 1.0

# The budget of a given share: an even flow, of which so much may be saved up for a press.
SAVED_S: Final = 0.25


class Spent:
    """Device time that was asked for: first as expected, then as it was."""

    __slots__ = ("at", "ms")

    def __init__(self, at: float, ms: float) -> None:
        self.at, self.ms = at, ms


class Governor:
    """Watches what frames cost and says how many to draw. Used by one thread.

    ``gpu_share`` 0 adapts to what others leave; above 0, drawing takes at most that share of any
    second, as far as a frame's time can be known before it is drawn. All times ``now`` are in
    seconds on one clock that does not go back.
    """

    def __init__(self, fps: float, gpu_share: float = 0.0) -> None:
        self.fps = fps
        self.gpu_share = gpu_share
        self._level = 0
        self._since: float | None = None  # when this level was taken
        self._raised = -math.inf  # when it was last taken from below
        self._calm_s = CALM_S
        self._calm_from: float | None = None
        self._draws: deque[tuple[float, float]] = deque(maxlen=DRAWS)
        self._late: deque[bool] = deque(maxlen=DRAWS)
        self._changes = 0
        self._late_frames = 0
        self._spent: deque[Spent] = deque()
        self._saved_ms = 0.0
        self._saved_at: float | None = None
        self._last_draw = -math.inf

    # --- what it says

    @property
    def level(self) -> Level:
        """``full``, ``half`` or ``cached``."""
        return LEVELS[self._level]

    @property
    def strained(self) -> bool:
        """Whether new faces come too fast for the device: idle life should come from memory."""
        return self.level == "cached"

    @property
    def period_ms(self) -> float:
        """The time of a frame."""
        return 1000.0 / self.fps

    @property
    def every(self) -> int:
        """Every so many frames one is drawn; the others show it again."""
        if self._level < 2:
            return self._level + 1
        fits = math.ceil(self.expected_ms / self.period_ms / self._allowed)
        return min(max(fits, 3), max(3, round(self.fps)))

    @property
    def expected_ms(self) -> float:
        """What the next frame will probably take on the device; 0 while nothing is known."""
        return statistics.median(ms for _, ms in self._draws) if self._draws else 0.0

    def allows(self, now: float, frames: int = 1) -> bool:
        """Whether the given share has room for so many frames now."""
        if not self.gpu_share:
            return True
        self._save(now)
        cost = frames * self.expected_ms
        spent = sum(s.ms for s in self._spent)
        # A frame that costs more than a whole second's share waits until that is saved up.
        fits = spent == 0.0 or spent + cost <= 1000.0 * self.gpu_share
        return fits and self._saved_ms >= min(cost, self._most_saved_ms)

    def probe_due(self, now: float) -> bool:
        """Whether to draw a frame that would not have to be drawn, to learn what it costs."""
        return self.strained and now - self._last_draw >= PROBE_S

    def figures(self) -> dict[str, object]:
        """Return how it stands, for people."""
        return {
            "level": self.level,
            "every": self.every,
            "device_ms": round(self.expected_ms, 2),
            "gpu_share": self.gpu_share,
            "late": self._late_frames,
            "changes": self._changes,
        }

    # --- what it is told

    def begin(self, now: float, frames: int) -> Spent:
        """Note that frames are being drawn; give what is returned to `drew`."""
        spent = Spent(now, frames * self.expected_ms)
        self._last_draw = now
        if self.gpu_share:
            self._save(now)
            self._saved_ms -= spent.ms
            self._spent.append(spent)
        return spent

    def drew(self, spent: Spent, now: float, device_ms: float, frames: int) -> None:
        """Note what the frames took on the device, all together."""
        self._saved_ms -= device_ms - spent.ms
        spent.ms = device_ms
        self._draws.append((now, device_ms / frames))

    def shown(self, now: float, late: bool) -> None:
        """Note that a frame was shown, and whether it came late because of the device."""
        if self._since is None:
            self._since = now
        self._late.append(late)
        self._late_frames += late
        while self._draws and now - self._draws[0][0] > RECENT_S:
            self._draws.popleft()
        self._decide(now, now - self._since, late)

    # --- how it decides

    @property
    def _allowed(self) -> float:
        return min(BUSY, self.gpu_share) if self.gpu_share else BUSY

    def _decide(self, now: float, lasted_s: float, late: bool) -> None:
        known = len(self._draws) >= FEWEST
        need = self.expected_ms / self.period_ms
        too_much = known and need / (self._level + 1) > self._allowed
        if self._level < 2 and (too_much or sum(self._late) >= TOO_LATE):
            if lasted_s >= SETTLE_S:
                self._go(self._level + 1, now)
            return
        if self._level == 0:
            if lasted_s > LASTING_S:
                self._calm_s = CALM_S
            return
        # At the level above, `_level` frames pass for each one drawn.
        if late or not known or need / self._level > UP * self._allowed:
            self._calm_from = None
        elif self._calm_from is None:
            self._calm_from = now
        elif now - self._calm_from >= self._calm_s:
            self._go(self._level - 1, now)

    def _go(self, level: int, now: float) -> None:
        if level > self._level:
            if now - self._raised < max(2.0 * self._calm_s, 10.0):
                self._calm_s = min(2.0 * self._calm_s, LONGEST_CALM_S)
        else:
            self._raised = now
        self._level, self._since, self._calm_from = level, now, None
        self._late.clear()
        self._changes += 1

    # --- the budget

    @property
    def _most_saved_ms(self) -> float:
        return 1000.0 * self.gpu_share * SAVED_S

    def _save(self, now: float) -> None:
        if self._saved_at is None:
            self._saved_ms = self._most_saved_ms
        else:
            self._saved_ms += 1000.0 * self.gpu_share * (now - self._saved_at)
            self._saved_ms = min(self._saved_ms, self._most_saved_ms)
        self._saved_at = now
        while self._spent and now - self._spent[0].at >= 1.0:
            self._spent.popleft()
