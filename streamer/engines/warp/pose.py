"""Face parameters -> what the puppet does, in its own units and inside what looks right.

The puppet's own signs: yaw turns the nose to the picture's right, gaze y looks down.
Numbers without another source were judged by eye on two portraits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import radians
from typing import Final

import numpy as np

from streamer.engines.warp.face_frame import FaceFrame
from streamer.engines.warp.landmarks import Eye, Landmarks
from streamer.parameters import PARAMETERS, Face, neutral_face

# Lip gap in u per unit of lip_ratio, straight up to KNEE, then bending towards LIMIT.
LIP_GAIN: Final = 0.85
LIP_KNEE: Final = 0.30
LIP_LIMIT: Final = 0.62

USUAL_MOUTH: Final = 0.95  # u from corner to corner

EYE_RATIO_SANE: Final = (0.25, 0.5)
SMILE_SHOWS_TEETH: Final = 0.3  # a photo_expression.smile from here on rests with closed lips


@dataclass(frozen=True)
class Lids:
    """``closure``: 0 photo, 1 shut, below 0 wide. ``raised``: lower lid, in parts of the gap."""

    closure: float = 0.0
    raised: float = 0.0


OPEN: Final = Lids()


@dataclass(frozen=True)
class Pose:
    """What one frame shows. Units: angles rad, shifts, gaze and lips u, the rest 0..1 and so."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    zoom: float = 1.0
    lids_l: Lids = OPEN
    lids_r: Lids = OPEN
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    lips: float = 0.0  # gap between the lips, u
    smile: float = 0.0
    sad: float = 0.0
    grin: float = 0.0
    pout: float = 0.0
    tuck: float = 0.0
    purse: float = 0.0
    stretch: float = 0.0
    press: float = 0.0
    veil: float = 0.0  # how much rounded lips hide the teeth
    jaw: float = 0.0  # opening beyond the photo's own, u
    brow: float = 0.0
    wink: float = 0.0


@dataclass(frozen=True)
class Rest:
    """What the photo itself shows: its ratios, the gap between its lips (u), its smile."""

    eye_ratio: float
    lip_ratio: float
    lips: float
    smile: float
    mouth: float  # the mouth's width over the usual one: a small mouth opens less
    turn: float  # how far the photo's own nose points to the picture's left, u
    glasses: bool

    @staticmethod
    def of(landmarks: Landmarks) -> "Rest":
        """Measure a photo."""
        frame = FaceFrame.of(landmarks)
        mouth = landmarks.mouth
        lips = float(np.hypot(*(mouth.lower_in[1] - mouth.upper_in[1]))) / frame.unit
        lips = lips if lips > 0.02 else 0.0  # less is the line between closed lips
        width = float(np.hypot(*(mouth.corner_r - mouth.corner_l))) / frame.unit
        wide = min(max(width / USUAL_MOUTH, 0.75), 1.05)
        smile = float(landmarks.photo_expression.get("smile", 0.0))
        ratio = 0.5 * (_eye_ratio(landmarks.eye_l) + _eye_ratio(landmarks.eye_r))
        closed = lips == 0.0 or smile >= SMILE_SHOWS_TEETH
        return Rest(
            eye_ratio=min(max(ratio, EYE_RATIO_SANE[0]), EYE_RATIO_SANE[1]),
            lip_ratio=0.0 if closed else min(_ratio_of(lips / wide), PARAMETERS["lip_ratio"].high),
            lips=lips,
            smile=smile,
            mouth=wide,
            turn=_turn(landmarks, frame),
            glasses=landmarks.glasses,
        )

    @property
    def face(self) -> Face:
        """The neutral face."""
        return neutral_face(eye_ratio=self.eye_ratio, lip_ratio=self.lip_ratio)

    @property
    def still(self) -> Pose:
        """The pose that is the photo itself."""
        return Pose(lips=self.lips)


def pose_of(face: Mapping[str, float], rest: Rest) -> Pose:
    """Translate a face. Every slider's whole range counts; its far ends are compressed."""
    smile, grin = face["smile"], face["grin"] / 15.0
    purse, pout = face["purse"], face["pout"] / 0.09
    kiss = max(purse / 15.0, 0.0)
    jaw = face["lip_open"]
    raised = 0.22 * max(smile, 0.0) + 0.10 * grin
    lids = _lids(face["eye_ratio"], rest.eye_ratio)
    winked = 1.0 - (1.0 - face["wink"] / 39.0) ** 2.4
    winking = face["wink"] / 39.0

    # A photo that smiles with its teeth shows them again when it is asked to smile.
    parted = rest.lips * _ramp(max(smile - 0.15, 0.9 * grin), 0.0, 0.75 * max(rest.smile, 0.5))
    if rest.lip_ratio > 0.0 or rest.lips == 0.0:
        parted = 0.0
    wanted = _lips_of(face["lip_ratio"]) + 0.0032 * jaw * (1.0 if jaw > 0 else 0.7)
    wanted *= rest.mouth
    lips = max(wanted, 0.0) if wanted > parted else parted
    rounded = max(kiss, pout, 0.0)
    lips *= 1.0 - 0.75 * rounded**2
    lips = _bend(lips, LIP_KNEE + 0.06, LIP_LIMIT)
    return Pose(
        yaw=-radians(_soft(face["head_yaw"], 25.0, _widest_yaw(face["head_yaw"], rest.turn))),
        pitch=radians(_soft(face["head_pitch"], 15.0, 12.0)),
        roll=radians(_soft(face["head_roll"], 15.0, 13.5)),
        shift_x=1.3 * face["shift_x"],
        shift_y=1.3 * face["shift_y"],
        zoom=1.0 + 0.8 * (face["scale"] - 1.0),
        lids_l=Lids(max(lids, winked) if winked > 0 else lids, raised + 0.5 * winking),
        lids_r=Lids(lids, raised),
        gaze_x=0.078 * _eased(face["eyeball_x"] / 30.0) * (0.25 if rest.glasses else 1.0),
        gaze_y=_gaze_y(face["eyeball_y"] / 63.0) * (0.4 if rest.glasses else 1.0),
        lips=lips,
        smile=max(smile, 0.0) - rest.smile,
        sad=max(-smile / 0.3, 0.0),
        grin=grin,
        pout=max(pout, 0.0),
        tuck=max(-pout, 0.0),
        purse=kiss,
        stretch=max(-purse / 20.0, 0.0),
        veil=_ramp(rounded, 0.35, 0.85),
        press=max(-wanted / 0.2, 0.0),
        jaw=max(lips - rest.lips, 0.0),
        brow=face["eyebrow"] / 30.0 * (0.3 if rest.glasses else 1.0),
        wink=winking,
    )


def _turn(landmarks: Landmarks, frame: FaceFrame) -> float:
    tip = landmarks.nose.tip - frame.origin
    return -float(tip @ frame.along) / frame.unit


def _widest_yaw(wanted: float, turn: float) -> float:
    """A head that is turned already has little left of its far side to turn further."""
    same_way = turn if wanted > 0 else -turn
    return 18.0 - 6.0 * min(max(same_way / 0.2, 0.0), 1.0)


def _eye_ratio(eye: Eye) -> float:
    gap = float(np.hypot(*(eye.lower[1] - eye.upper[1])))
    return gap / max(float(np.hypot(*(eye.inner - eye.outer))), 1e-6)


def _lids(ratio: float, rest: float) -> float:
    """Closure for an eye ratio; the wide end asks for 0.20 of the gap more."""
    if ratio <= rest:
        return 1.0 - ratio / rest
    return -0.20 * (ratio - rest) / (PARAMETERS["eye_ratio"].high - rest)


def _lips_of(ratio: float) -> float:
    return _bend(LIP_GAIN * ratio, LIP_KNEE, LIP_LIMIT)


def _ratio_of(lips: float) -> float:
    if lips <= LIP_KNEE:
        return lips / LIP_GAIN
    room = LIP_LIMIT - LIP_KNEE
    over = min(lips, 0.99 * LIP_LIMIT) - LIP_KNEE
    return (LIP_KNEE + over * room / (room - over)) / LIP_GAIN


def _bend(value: float, knee: float, limit: float) -> float:
    """Follow ``value`` up to ``knee``, then approach ``limit`` without ever standing still."""
    if value <= knee:
        return value
    room, over = limit - knee, value - knee
    return knee + over * room / (room + over)


def _soft(value: float, end: float, wanted: float) -> float:
    """Bend a slider softly, so that its ``end`` shows as ``wanted``; small values stay."""
    bend = (end / wanted) ** 3 - 1.0
    return float(value / (1.0 + bend * abs(value / end) ** 3) ** (1.0 / 3.0))


def _eased(v: float) -> float:
    return v * (1.3 - 0.3 * abs(v))


def _gaze_y(v: float) -> float:
    """Positive is up on the slider and down in the picture."""
    return -0.042 * _eased(v) if v > 0 else -0.052 * _eased(v)


def _ramp(x: float, low: float, high: float) -> float:
    v = min(max((x - low) / (high - low), 0.0), 1.0)
    return v * v * (3.0 - 2.0 * v)
