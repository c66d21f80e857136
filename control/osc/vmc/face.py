"""One tracker's face: what it last sent, and the parameters that follow from it."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from control.osc.vmc.bones import STILL, Angles, Turn, angles, then
from control.osc.vmc.table import FAMILIES, Channel, key
from streamer import PARAMETERS

# How much a channel of 1 moves its parameter. Judged by eye on two portraits.
LIPS: Final = 0.5  # lip_ratio, beyond the photo's own
SQUINT: Final = 0.35  # of the lids' opening
WINK: Final = 39.0
GAZE_X: Final = 26.0
GAZE_Y: Final = 42.0

# What a gaze channel of 1 is in degrees of an eye bone.
EYE_BONE_DEG: Final = 20.0

HEAD_BONES: Final = ("head", "neck")
EYE_BONES: Final = ("lefteye", "righteye")
BONES: Final = (*HEAD_BONES, *EYE_BONES)

# More names than any avatar has; a sender that makes up more is not remembered further.
MAX_NAMES: Final = 512

_LID_CHANNELS: Final[tuple[Channel, ...]] = ("lids", "lid_left", "lid_right", "squint", "wide")
_OWN_UNIT: Final[tuple[Channel, ...]] = ("smile", "eyebrow", "pout", "purse", "grin")

_Channels = dict[Channel, float]


class TrackedFace:
    """Collects blend shapes and bones; pure, without a clock."""

    def __init__(self) -> None:
        self._pending: dict[str, float] = {}
        self._blends: dict[str, float] = {}
        self._bones: dict[str, Turn] = {}
        self._looks: tuple[float, float] | None = None

    def blend(self, name: str, value: float) -> None:
        """Note a blend shape; it counts from the next `apply` on."""
        if len(self._pending) < MAX_NAMES:
            self._pending[key(name)] = min(max(value, 0.0), 1.0)

    def apply(self) -> bool:
        """Let the blend shapes count; returns whether there were any."""
        known = len(self._pending) > 0
        self._blends.update(self._pending)
        self._pending.clear()
        if len(self._blends) > MAX_NAMES:
            self._blends.clear()
        return known

    def bone(self, name: str, turned: Turn) -> bool:
        """Note a bone's rotation; returns whether the portrait has one like it."""
        folded = name.casefold()
        if folded not in BONES:
            return False
        self._bones[folded] = turned
        return True

    def look(self, x: float, y: float, z: float) -> None:
        """Note where the eyes look: a point before the head, in the avatar's axes."""
        if z > 0.0:
            self._looks = (math.degrees(math.atan2(x, z)), math.degrees(math.atan2(y, z)))

    def parameters(self, rest: Mapping[str, float]) -> dict[str, float]:
        """Return the parameters that the tracker gives; ``rest`` is the photo's own face."""
        channels = self._channels()
        given: dict[str, float] = {}
        if channels.keys() & set(_LID_CHANNELS):
            given.update(_lids(channels, rest["eye_ratio"]))
        if "lips" in channels:
            given["lip_ratio"] = rest["lip_ratio"] + LIPS * max(channels["lips"], 0.0)
        if "gaze_x" in channels or "gaze_y" in channels:
            given["eyeball_x"] = GAZE_X * channels.get("gaze_x", 0.0)
            given["eyeball_y"] = GAZE_Y * channels.get("gaze_y", 0.0)
        given.update((name, channels[name]) for name in _OWN_UNIT if name in channels)
        if any(name in self._bones for name in HEAD_BONES):
            neck, head = (self._bones.get(name, STILL) for name in ("neck", "head"))
            given.update(_head(angles(then(neck, head))))
        return {name: PARAMETERS[name].clamp(value) for name, value in given.items()}

    def _channels(self) -> _Channels:
        """Return the channels that were sent: of each the strongest family."""
        strongest: _Channels = {}
        for sums in (*(self._family(rows) for rows in FAMILIES), self._gaze()):
            for channel, value in sums.items():
                if abs(value) >= abs(strongest.get(channel, 0.0)):
                    strongest[channel] = value
        return strongest

    def _family(self, rows: Mapping[str, Iterable[tuple[Channel, float]]]) -> _Channels:
        sums: _Channels = {}
        for name, value in self._blends.items():
            for channel, gain in rows.get(name, ()):
                sums[channel] = sums.get(channel, 0.0) + gain * value
        return sums

    def _gaze(self) -> _Channels:
        """The eyes' bones, or the point that they look at."""
        eyes = [angles(self._bones[name]) for name in EYE_BONES if name in self._bones]
        if eyes:
            right = -sum(eye.yaw for eye in eyes) / len(eyes)
            up = -sum(eye.pitch for eye in eyes) / len(eyes)
        elif self._looks is not None:
            right, up = -self._looks[0], self._looks[1]
        else:
            return {}
        return {"gaze_x": right / EYE_BONE_DEG, "gaze_y": up / EYE_BONE_DEG}


def _lids(channels: _Channels, own: float) -> dict[str, float]:
    """Both lids as far as both are closed, and the rest as a wink, where the portrait has one.

    Only the eye on the left of the picture, the person's right, can wink.
    """
    both, left, right, squint, wide = (
        min(max(channels.get(name, 0.0), 0.0), 1.0) for name in _LID_CHANNELS
    )
    shut = max(both, min(left, right))
    opened = own * (1.0 - SQUINT * squint) + (PARAMETERS["eye_ratio"].high - own) * wide
    lids = {"eye_ratio": opened * (1.0 - shut)}
    if "lid_left" in channels or "lid_right" in channels:
        lids["wink"] = WINK * max(right - shut, 0.0)
    return lids


def _head(turned: Angles) -> dict[str, float]:
    """A person turns further than a portrait can: close to its limits it follows less and less."""
    return {
        f"head_{axis}": PARAMETERS[f"head_{axis}"].high
        * math.tanh(value / PARAMETERS[f"head_{axis}"].high)
        for axis, value in turned._asdict().items()
    }
