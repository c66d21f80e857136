"""What each blend shape of a tracker means here: a table of (channel, gain) for every name.

Names are those of ARKit (52, called "perfect sync" by avatar programs) and of VRM 0 and 1, in any
case, with ``_L`` and ``_R`` for the sides, too. ``left`` is the tracked person's own left, which
is the right of the picture. A row without channels is a shape that the portrait has nothing for:
it is known, left out, and said to be.

Source of the names: ARKit's ARFaceAnchor.BlendShapeLocation; VRM 0.x BlendShapePreset and VRM 1.0
expressions. The gains are judged by eye on two portraits with the built-in engine.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Channel = Literal[
    "lids",  # 0 open, 1 shut
    "lid_left",
    "lid_right",
    "squint",  # 1 narrows both lids by a third
    "wide",  # 1 opens both lids as far as they go
    "gaze_x",  # -1..1, to the picture's right
    "gaze_y",  # -1..1, up
    "lips",  # 1 opens the mouth by LIPS
    "smile",  # this and the following are in the parameter's own units
    "eyebrow",
    "pout",
    "purse",
    "grin",
]
Row = tuple[tuple[Channel, float], ...]

# ARKit's blink seldom reaches 1 with the lids shut.
_BLINK: Final = 1.15


def _sides(name: str, channel: Channel, gain: float) -> dict[str, Row]:
    """The same for both sides; together they give twice the gain."""
    return {f"{name}{side}": ((channel, gain),) for side in ("Left", "Right")}


def _none(*names: str) -> dict[str, Row]:
    return dict.fromkeys(names, ())


_ARKIT: Final[dict[str, Row]] = {
    "eyeBlinkLeft": (("lid_left", _BLINK),),
    "eyeBlinkRight": (("lid_right", _BLINK),),
    # In and out are towards and away from the nose; the person's left is the picture's right.
    "eyeLookInLeft": (("gaze_x", -0.5),),
    "eyeLookOutLeft": (("gaze_x", 0.5),),
    "eyeLookInRight": (("gaze_x", 0.5),),
    "eyeLookOutRight": (("gaze_x", -0.5),),
    **_sides("eyeLookUp", "gaze_y", 0.5),
    **_sides("eyeLookDown", "gaze_y", -0.5),
    **_sides("eyeSquint", "squint", 0.5),
    **_sides("eyeWide", "wide", 0.5),
    "jawOpen": (("lips", 1.0),),
    # How far the lips are closed although the jaw is open.
    "mouthClose": (("lips", -1.0),),
    "mouthFunnel": (("pout", 0.04), ("lips", 0.15)),
    "mouthPucker": (("pout", 0.08), ("purse", 5.0)),
    **_sides("mouthSmile", "smile", 0.55),
    **_sides("mouthFrown", "smile", -0.15),
    **_sides("mouthDimple", "grin", 2.0),
    **_sides("mouthStretch", "grin", 5.0),
    **_sides("mouthPress", "purse", 4.0),
    **_sides("mouthUpperUp", "grin", 1.5),
    **_sides("mouthLowerDown", "lips", 0.15),
    "mouthRollLower": (("purse", 3.0),),
    "mouthRollUpper": (("purse", 3.0),),
    "browInnerUp": (("eyebrow", 14.0),),
    **_sides("browOuterUp", "eyebrow", 8.0),
    **_sides("browDown", "eyebrow", -13.0),
    **_none("jawForward", "jawLeft", "jawRight", "mouthLeft", "mouthRight"),
    **_none("mouthShrugLower", "mouthShrugUpper", "cheekPuff", "tongueOut"),
    **_none("cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight"),
}

_HAPPY: Final[Row] = (("smile", 1.0), ("squint", 0.4))
_ANGRY: Final[Row] = (("eyebrow", -24.0), ("smile", -0.16), ("purse", 5.0))
_SAD: Final[Row] = (("smile", -0.3), ("eyebrow", 6.0))
_RELAXED: Final[Row] = (("smile", 0.6), ("squint", 0.2))
_AA: Final[Row] = (("lips", 0.55),)
_IH: Final[Row] = (("lips", 0.2), ("grin", 6.0))
_OU: Final[Row] = (("lips", 0.2), ("pout", 0.05))
_EE: Final[Row] = (("lips", 0.3), ("grin", 4.0))
_OH: Final[Row] = (("lips", 0.45), ("pout", 0.03))

_VRM: Final[dict[str, Row]] = {
    "Joy": _HAPPY,
    "Angry": _ANGRY,
    "Sorrow": _SAD,
    "Fun": _RELAXED,
    "happy": _HAPPY,
    "sad": _SAD,
    "relaxed": _RELAXED,
    "surprised": (("eyebrow", 20.0), ("wide", 0.8), ("lips", 0.5)),
    "neutral": (),
    "A": _AA,
    "I": _IH,
    "U": _OU,
    "E": _EE,
    "O": _OH,
    "aa": _AA,
    "ih": _IH,
    "ou": _OU,
    "ee": _EE,
    "oh": _OH,
    "Blink": (("lids", 1.0),),
    "blinkLeft": (("lid_left", 1.0),),
    "blinkRight": (("lid_right", 1.0),),
    "lookUp": (("gaze_y", 1.0),),
    "lookDown": (("gaze_y", -1.0),),
    "lookLeft": (("gaze_x", 1.0),),
    "lookRight": (("gaze_x", -1.0),),
}


def key(name: str) -> str:
    """Return the one spelling of a name: ``eyeBlink_L`` and ``EyeBlinkLeft`` are the same."""
    folded = name.casefold()
    for short, side in (("_l", "left"), ("_r", "right")):
        if folded.endswith(short):
            folded = folded[: -len(short)] + side
    return folded.replace("_", "")


# A program may send both families for one face: of each channel the stronger one counts, since
# the sum would open the mouth twice.
FAMILIES: Final[tuple[Mapping[str, Row], ...]] = (
    MappingProxyType({key(name): row for name, row in _ARKIT.items()}),
    MappingProxyType({key(name): row for name, row in _VRM.items()}),
)

ARKIT_NAMES: Final = tuple(_ARKIT)
VRM_NAMES: Final = tuple(_VRM)


def row_of(name: str) -> Row | None:
    """Return what a name means; `None` for a name that nobody has heard of."""
    spelled = key(name)
    return next((family[spelled] for family in FAMILIES if spelled in family), None)
