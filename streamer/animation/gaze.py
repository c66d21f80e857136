"""Where the eyes look: fixations and the jumps between them, as a function of (t, seed)."""

from bisect import bisect_right
from typing import Final, NamedTuple

from streamer.animation.chance import Chance, blocks, fill
from streamer.animation.easing import min_jerk
from streamer.animation.idle_style import GazeStyle

BLOCK_S: Final = 45.0

# Degrees of eye rotation per unit of the gaze parameters, for the speed of the jumps only: the
# iris moves 0.07 and 0.045 eye distances at full, on an eyeball of 12 mm with eyes 63 mm apart.
DEG_PER_X: Final = 0.7
DEG_PER_Y: Final = 0.22

# Source: the main sequence of saccades, 21 ms and 2.2 ms per degree.
SACCADE_S: Final = 0.021
SACCADE_S_PER_DEG: Final = 0.0022

# The head goes along later and more slowly than the eyes.
HEAD_DELAY_S: Final = 0.06
HEAD_S: Final = 0.55

# A loop ends with the eyes on the viewer for so long; the head needs 0.61 s to follow them.
HOME_S: Final = 0.9


class Look(NamedTuple):
    """One fixation: when it begins, where, how long the jump takes and how far it goes."""

    t: float
    x: float
    y: float
    away: bool
    jump_s: float
    jump_deg: float


class Gaze:
    """The fixations of one seed and style; a loop of ``loop_s`` begins and ends straight ahead."""

    def __init__(self, style: GazeStyle, seed: int, loop_s: float | None = None) -> None:
        self._style = style
        build = self._build if loop_s is None else self._build_loop
        self._blocks = blocks(seed, "gaze", BLOCK_S, build, loop_s)

    def at(self, t: float) -> tuple[float, float]:
        """Return (x, y) at ``t`` in the units of ``eyeball_x`` and ``eyeball_y``."""
        looks, times = self._blocks.with_tail(self._blocks.index(t), 8)
        i = bisect_right(times, t) - 1
        look = looks[i]
        if t >= look.t + look.jump_s:
            return look.x, look.y
        before = looks[i - 1]
        e = min_jerk((t - look.t) / look.jump_s)
        return before.x + (look.x - before.x) * e, before.y + (look.y - before.y) * e

    def head(self, t: float) -> tuple[float, float]:
        """Return how far the head has gone along, in the same units as the gaze."""
        looks, times = self._blocks.with_tail(self._blocks.index(t), 8)
        i = bisect_right(times, t - HEAD_DELAY_S) - 1
        last = looks[i]
        # The moves towards the last fixations add up; the older ones are over. A look's share is
        # its own change of goal, times how far that movement has come.
        x = y = 0.0
        while i > 0:
            look, before = looks[i], looks[i - 1]
            u = (t - HEAD_DELAY_S - look.t) / HEAD_S
            if u >= 1.0:
                break
            e = min_jerk(u)
            x -= (1.0 - e) * (look.x * look.away - before.x * before.away)
            y -= (1.0 - e) * (look.y * look.away - before.y * before.away)
            i -= 1
        share = self._style.head
        return share * (x + last.x * last.away), share * (y + last.y * last.away)

    def jumps(self, start: float, end: float) -> list[Look]:
        """Return the fixations that begin around this time."""
        return self._blocks.between(start, end)

    def _build(self, chance: Chance, start: float, end: float) -> list[Look]:
        """Alternate bouts at the viewer and away; begin and end at the viewer."""
        style = self._style
        bouts: list[list[tuple[float, float, float, bool]]] = []  # (seconds, x, y, away)

        def bout_pair() -> float:
            bouts.append([*_near(chance, style), *_away(chance, style)])
            return sum(fixation[0] for fixation in bouts[-1])

        times = fill(start, end, bout_pair)
        looks: list[Look] = []
        x = y = 0.0
        for bout, first, last in zip(bouts, times, times[1:], strict=False):
            t = first
            stretch = (last - first) / sum(fixation[0] for fixation in bout)
            for seconds, to_x, to_y, away in bout:
                looks.append(_look(t, x, y, to_x, to_y, away))
                x, y = to_x, to_y
                t += seconds * stretch
        return looks

    def _build_loop(self, chance: Chance, start: float, end: float) -> list[Look]:
        looks = self._build(chance, start, end - HOME_S)
        looks[0] = _look(start, 0.0, 0.0, 0.0, 0.0, away=False)
        last = looks[-1]
        return [*looks, _look(end - HOME_S, last.x, last.y, 0.0, 0.0, away=False)]


def _look(t: float, x: float, y: float, to_x: float, to_y: float, away: bool) -> Look:
    """Return the fixation that begins with a jump from ``x``, ``y``."""
    deg = ((to_x - x) * DEG_PER_X) ** 2 + ((to_y - y) * DEG_PER_Y) ** 2
    deg **= 0.5
    return Look(t, to_x, to_y, away, SACCADE_S + SACCADE_S_PER_DEG * deg, deg)


def _near(chance: Chance, style: GazeStyle) -> list[tuple[float, float, float, bool]]:
    """Draw the fixations of one bout at the viewer: small steps over the other's face."""
    left = min(max(chance.log_normal(style.viewer_s, 0.5), 0.5), 4.0 * style.viewer_s)
    looks = []
    while left > 0.0:
        seconds = min(max(chance.log_normal(style.fixation_s, 0.45), 0.2), left)
        if left - seconds < 0.2:
            seconds = left
        x, y = chance.normal(0.0, style.near_x), chance.normal(0.0, style.near_y)
        looks.append((seconds, x, y, False))
        left -= seconds
    return looks


def _away(chance: Chance, style: GazeStyle) -> list[tuple[float, float, float, bool]]:
    """Draw one bout away: one direction, one to three fixations there."""
    left = min(max(chance.log_normal(style.away_s, 0.4), 0.3), 3.0 * style.away_s)
    side = 1.0 if chance.uniform() < 0.5 else -1.0
    far = chance.uniform(0.45, 1.25)
    x = side * far * style.away_x
    y = chance.normal(-style.lower, 0.6 * style.away_y)
    y = min(max(y, -1.3 * style.away_y), 1.3 * style.away_y)
    looks = []
    while left > 0.0:
        seconds = min(max(chance.log_normal(0.8 * style.fixation_s, 0.4), 0.2), left)
        if left - seconds < 0.2:
            seconds = left
        looks.append((seconds, x, y, True))
        x += chance.normal(0.0, 1.5 * style.near_x)
        y += chance.normal(0.0, 1.5 * style.near_y)
        left -= seconds
    return looks
