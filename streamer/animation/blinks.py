"""When the lids close and how: blinks as a function of (t, seed)."""

from bisect import bisect_right
from typing import Final, NamedTuple

from streamer.animation.chance import Blocks, Chance, blocks, fill
from streamer.animation.easing import min_jerk, quick
from streamer.animation.gaze import Gaze
from streamer.animation.idle_style import BlinkStyle

BLOCK_S: Final = 60.0

# How far a partial blink closes the lids: less than this does not read as a blink.
PARTIAL: Final = (0.5, 0.8)

# A stream that begins with closed eyes looks broken.
FIRST_BLINK_S: Final = 0.8

# People blink with large gaze shifts, starting just before them. Source: Evinger et al. 1994, 97 %
# above 33 degrees, 39 ms ahead (of the head). A blink that is due this close to a jump of the eyes
# waits or hurries for it.
COUPLED_DEG: Final = 4.0
COUPLED_S: Final = 0.6
AHEAD_S: Final = 0.039
SEPARATE_S: Final = 0.4  # nearer to the blink before, the two would read as one double blink

# A blink of the talking rate that would begin or end this near to another one is left out, and the
# others are drawn so much the closer.
APART_S: Final = 0.35
LEFT_OUT: Final = 0.25

_TAIL: Final = 4  # how many earlier blinks may still be going on: a double one, and the one before


class Blink(NamedTuple):
    """One blink. ``rank`` 0..1 decides which ones remain when idle life is turned down.

    ``depth`` is how far it closes the lids: 1 shut.
    """

    t: float
    close_s: float
    shut_s: float
    open_s: float
    rank: float
    depth: float = 1.0

    @property
    def end(self) -> float:
        """When the lids are open again."""
        return self.t + self.close_s + self.shut_s + self.open_s


class Blinks:
    """The blinks of one seed and style; a loop of ``loop_s`` begins and ends with open eyes."""

    def __init__(
        self, style: BlinkStyle, gaze: Gaze, seed: int, loop_s: float | None = None
    ) -> None:
        self._style, self._gaze = style, gaze
        build = self._build if loop_s is None else self._build_loop
        self._blocks = blocks(seed, "blink", BLOCK_S, build, loop_s)
        self._more = blocks(seed, "talking blink", BLOCK_S, self._build_more, loop_s)

    def at(self, t: float, strength: float, talking: float = 0.0) -> float:
        """Return how far the lids are closed at ``t``: 0 open, 1 shut.

        A weaker idle life has fewer blinks, not half ones. ``talking`` 0..1 lets more of them in.
        """
        closed = _closed(self._blocks, t, strength)
        if talking > 0.0 and self._style.talking > self._style.per_minute > 0.0:
            closed = max(closed, talking * _closed(self._more, t, strength))
        return closed

    def events(self, start: float, end: float) -> list[Blink]:
        """Return the blinks that begin from ``start`` up to ``end``."""
        return [b for b in self._blocks.between(start, end) if start <= b.t < end]

    def _build(self, chance: Chance, start: float, end: float) -> list[Blink]:
        style = self._style
        if style.per_minute <= 0.0:
            return []
        # Doubles count, too, so that the rate is the one that the style names.
        mean = 60.0 * (1.0 + style.double) / style.per_minute
        shortest = 0.25 * mean
        times = fill(start, end, lambda: max(chance.log_normal(mean, style.spread), shortest))[:-1]
        jumps = [j for j in self._gaze.jumps(start, end) if j.jump_deg >= COUPLED_DEG]
        blinks: list[Blink] = []
        free_from = start  # when the lids are open again after the blink before
        for k, due in enumerate(times):
            t = max(due, free_from)
            if 0 < k < len(times) - 1 and jumps:
                jump_t = min((j.t - AHEAD_S for j in jumps), key=lambda at: abs(at - due))
                if abs(jump_t - due) <= COUPLED_S and jump_t >= free_from + SEPARATE_S:
                    t = jump_t
            blinks.append(self._draw(chance, t))
            if chance.uniform() < style.double and k < len(times) - 1:
                again = blinks[-1].end + chance.uniform(0.06, 0.2)
                blinks.append(self._draw(chance, again)._replace(rank=blinks[-1].rank))
            free_from = blinks[-1].end + 0.06
        if style.partial > 0.0:
            blinks = [self._perhaps_partial(chance, blink) for blink in blinks]
        return sorted(b for b in blinks if b.t >= FIRST_BLINK_S)

    def _build_more(self, chance: Chance, start: float, end: float) -> list[Blink]:
        """Draw the blinks that talking adds: between the others."""
        style = self._style
        mean = 60.0 * (1.0 - LEFT_OUT) / max(style.talking - style.per_minute, 0.1)
        times = fill(start, end, lambda: max(chance.log_normal(mean, style.spread), 0.25 * mean))
        others = self._blocks.between(start - BLOCK_S, end + BLOCK_S)
        drawn = [self._draw(chance, t) for t in times[:-1]]
        return [
            blink
            for blink in drawn
            if blink.t >= FIRST_BLINK_S
            and all(o.end + APART_S < blink.t or blink.end + APART_S < o.t for o in others)
        ]

    def _perhaps_partial(self, chance: Chance, blink: Blink) -> Blink:
        if chance.uniform() >= self._style.partial:
            return blink
        return blink._replace(depth=chance.uniform(*PARTIAL))

    def _build_loop(self, chance: Chance, start: float, end: float) -> list[Blink]:
        return [blink for blink in self._build(chance, start, end) if blink.end < end]

    def _draw(self, chance: Chance, t: float) -> Blink:
        style = self._style

        def varied(ms: float) -> float:
            return ms / 1000.0 * chance.uniform(1.0 - style.vary, 1.0 + style.vary)

        return Blink(
            t,
            varied(style.close_ms),
            varied(style.shut_ms),
            varied(style.open_ms),
            chance.uniform(),
        )


def usual_blink(style: BlinkStyle) -> Blink:
    """Return a blink of a style as it usually is; none where the style has none."""
    close_s, shut_s, open_s = (ms / 1000.0 for ms in (style.close_ms, style.shut_ms, style.open_ms))
    return Blink(0.0, close_s, shut_s, open_s, 0.0, float(style.per_minute > 0.0))


def _closed(blocks_of: Blocks[Blink], t: float, strength: float) -> float:
    blinks, times = blocks_of.with_tail(blocks_of.index(t), _TAIL)
    i = bisect_right(times, t)
    closed = 0.0
    for blink in blinks[max(i - _TAIL, 0) : i]:
        since = t - blink.t
        if since < blink.close_s + blink.shut_s + blink.open_s:
            closed = max(closed, closure(blink, since) * _kept(blink, strength))
    return closed


def closure(blink: Blink, since: float) -> float:
    """Return how far a blink closes the lids ``since`` seconds after it began.

    Down fast, shut, up more slowly with a long settling; never the same way back.
    """
    if since < blink.close_s:
        return blink.depth * min_jerk(since / blink.close_s)
    since -= blink.close_s + blink.shut_s
    if since <= 0.0:
        return blink.depth
    return blink.depth * (1.0 - quick(since / blink.open_s)) if since < blink.open_s else 0.0


def _kept(blink: Blink, strength: float) -> float:
    return min(max((strength - 0.8 * blink.rank) / 0.2, 0.0), 1.0)
