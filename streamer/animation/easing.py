"""Curves from 0 to 1 by name: how a value travels between two keyframes.

Every curve starts at 0 and ends at 1. The ones that presets use by default also start and end at
rest, so that whatever comes before and after joins without a kink.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

Easing = Callable[[float], float]


def linear(u: float) -> float:
    """Even speed; kinks at both ends."""
    return u


def smoothstep(u: float) -> float:
    """Rest to rest, the default."""
    return u * u * (3.0 - 2.0 * u)


def min_jerk(u: float) -> float:
    """Rest to rest without a jolt: the course of a voluntary movement.

    Source: Flash & Hogan 1985, the minimum-jerk polynomial.
    """
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))


def quick(u: float) -> float:
    """Rest to rest, most of the way early, then a long settling: lids opening, an attack."""
    v = 1.0 - u
    return min_jerk(1.0 - v * math.sqrt(v))


def lazy(u: float) -> float:
    """Rest to rest, slow to leave: a smile that fades, a head that sinks."""
    return min_jerk(u * (0.35 + 0.65 * u))


def overshoot(u: float) -> float:
    """Rest to rest, past the goal by about 8 % at three quarters of the way, then back.

    Source: 5-10 % of follow-through is animators' practice.
    """
    return min_jerk(u) + 6.8 * u * u * u * (1.0 - u) * (1.0 - u)


def ease_in(u: float) -> float:
    """From rest, arrives at speed."""
    return u * u * u


def ease_out(u: float) -> float:
    """Leaves at speed, comes to rest."""
    v = 1.0 - u
    return 1.0 - v * v * v


def ease_in_out(u: float) -> float:
    """Rest to rest, faster in the middle than smoothstep."""
    return 4.0 * u * u * u if u < 0.5 else 1.0 - 4.0 * (1.0 - u) ** 3


EASINGS: Final[Mapping[str, Easing]] = MappingProxyType(
    {
        f.__name__: f
        for f in (
            smoothstep,
            min_jerk,
            quick,
            lazy,
            overshoot,
            linear,
            ease_in,
            ease_out,
            ease_in_out,
        )
    }
)
"""All curves that a preset may name."""
