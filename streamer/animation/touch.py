"""What one press has of its own: a little faster, larger or more closely together than another.

Drawn from the seed, the preset's name and the cue's serial number, so that a take that is played
again is the same to the last bit.
"""

from dataclasses import dataclass
from typing import Final

from streamer.animation.chance import Chance
from streamer.animation.performance import INDEX, NAMES

# Shares of `ActingStyle.vary`: how much the whole and each parameter by itself differ in size, how
# much faster a press is at most, and how much nearer its later parameters follow.
_WHOLE: Final = 0.7
_EACH: Final = 0.5
_FASTER: Final = 0.8
_NEARER: Final = 3.0

# Lids that shut must shut: what closes the eyes differs in time alone.
_EXACT: Final = frozenset({INDEX["eye_ratio"], INDEX["wink"]})


@dataclass(frozen=True)
class Touch:
    """``sizes`` has a factor per parameter, about the face at rest; ``tempo`` is 1 or faster.

    ``delay`` 0..1 shortens the delays. So no press lasts longer than its preset says.
    """

    tempo: float
    delay: float
    sizes: tuple[float, ...]


def touch_of(vary: float, seed: int, name: str, serial: int) -> Touch | None:
    """Draw the touch of one press; ``None`` where nothing is to vary."""
    if vary <= 0.0:
        return None
    chance = Chance(seed, "press " + name, serial)
    tempo = 1.0 + _FASTER * vary * chance.uniform()
    delay = 1.0 - min(_NEARER * vary, 0.6) * chance.uniform()
    whole = 1.0 + _WHOLE * vary * chance.uniform(-1.0, 1.0)
    sizes = (whole + _EACH * vary * chance.uniform(-1.0, 1.0) for _ in NAMES)
    return Touch(tempo, delay, tuple(1.0 if i in _EXACT else s for i, s in enumerate(sizes)))
