"""The face's controls: one table that panel, OSC, presets, engines, docs and tests read.

Signs are as seen in the picture: a positive ``head_yaw`` turns the nose to the picture's left.
An engine whose own signs differ turns them inside.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Face = dict[str, float]
"""The parameter values at one instant: every name of `PARAMETERS`, resolved to a number."""

Group = Literal["eyes", "mouth", "head"]


@dataclass(frozen=True)
class Parameter:
    """One control of the face.

    ``neutral`` is ``None`` where the photo itself decides (`eye_ratio`, `lip_ratio`); the engine
    answers with the photo's own value in ``Scene.rest``.
    """

    name: str
    low: float
    high: float
    neutral: float | None
    unit: str
    step: float
    group: Group
    label: Mapping[str, str]
    meaning: Mapping[str, str]

    def clamp(self, value: float) -> float:
        """Return ``value`` inside the range. Raises `ValueError` for NaN and infinity."""
        if not math.isfinite(value):
            raise ValueError(f"{self.name} must be a finite number, got {value}")
        return min(max(value, self.low), self.high)


def _parameter(
    name: str,
    low: float,
    high: float,
    neutral: float | None,
    unit: str,
    step: float,
    group: Group,
    en: str,
    ko: str,
    meaning_en: str,
    meaning_ko: str,
) -> Parameter:
    return Parameter(
        name,
        low,
        high,
        neutral,
        unit,
        step,
        group,
        MappingProxyType({"en": en, "ko": ko}),
        MappingProxyType({"en": meaning_en, "ko": meaning_ko}),
    )


# Source of names and ranges: slider limits of the LivePortrait demo (app.py of its repository).
# fmt: off
_TABLE: Final = (
    _parameter("eye_ratio", 0.0, 0.8, None, "ratio", 0.01, "eyes", "Eyelids", "눈꺼풀",
               "lid opening: 0 shut, 0.8 wide", "눈 뜬 정도: 0 감음, 0.8 크게 뜸"),
    _parameter("wink", 0.0, 39.0, 0.0, "", 0.5, "eyes", "Wink", "윙크",
               "closes the eye on the left of the picture", "화면 왼쪽 눈을 감음"),
    _parameter("eyebrow", -30.0, 30.0, 0.0, "", 0.5, "eyes", "Eyebrows", "눈썹",
               "raises the brows; below 0 frowns", "눈썹을 올림, 음수는 찌푸림"),
    _parameter("eyeball_x", -30.0, 30.0, 0.0, "", 0.5, "eyes", "Gaze right", "시선 좌우",
               "looks to the picture's right", "화면 오른쪽을 봄"),
    _parameter("eyeball_y", -63.0, 63.0, 0.0, "", 0.5, "eyes", "Gaze up", "시선 상하",
               "looks up", "위를 봄"),
    _parameter("smile", -0.3, 1.3, 0.0, "ratio", 0.01, "mouth", "Smile", "미소",
               "smiles; below 0 sad", "미소, 음수는 슬픔"),
    _parameter("lip_ratio", 0.0, 0.8, None, "ratio", 0.01, "mouth", "Mouth opening", "입 벌림",
               "mouth opening: 0 closed", "입 벌린 정도: 0 다묾"),
    _parameter("lip_open", -90.0, 120.0, 0.0, "", 1.0, "mouth", "Jaw", "턱",
               "opens the jaw further", "턱을 더 벌림"),
    _parameter("pout", -0.09, 0.09, 0.0, "", 0.002, "mouth", "Pout", "입술 내밀기",
               "pushes the lips forward", "입술을 내밂"),
    _parameter("purse", -20.0, 15.0, 0.0, "", 0.5, "mouth", "Purse", "입술 오므리기",
               "draws the lips together", "입술을 오므림"),
    _parameter("grin", 0.0, 15.0, 0.0, "", 0.5, "mouth", "Grin", "활짝 웃기",
               "widens the mouth", "입을 옆으로 벌림"),
    _parameter("head_pitch", -15.0, 15.0, 0.0, "deg", 0.5, "head", "Head down", "고개 숙이기",
               "looks down", "고개를 숙임"),
    _parameter("head_yaw", -25.0, 25.0, 0.0, "deg", 0.5, "head", "Head turn", "고개 돌리기",
               "turns the nose to the picture's left", "코를 화면 왼쪽으로 돌림"),
    _parameter("head_roll", -15.0, 15.0, 0.0, "deg", 0.5, "head", "Head tilt", "고개 기울이기",
               "tilts the head's top to the picture's right", "머리 위를 화면 오른쪽으로 기울임"),
    _parameter("shift_x", -0.19, 0.19, 0.0, "", 0.005, "head", "Shift right", "좌우 이동",
               "moves the head to the picture's right", "머리를 화면 오른쪽으로 옮김"),
    _parameter("shift_y", -0.19, 0.19, 0.0, "", 0.005, "head", "Shift down", "상하 이동",
               "moves the head down", "머리를 아래로 옮김"),
    _parameter("scale", 0.9, 1.2, 1.0, "ratio", 0.005, "head", "Size", "크기",
               "makes the head larger", "머리를 크게 함"),
)
# fmt: on

PARAMETERS: Final[Mapping[str, Parameter]] = MappingProxyType({p.name: p for p in _TABLE})
"""All parameters by name, in the order in which pages and files list them."""


def neutral_face(*, eye_ratio: float, lip_ratio: float) -> Face:
    """Return the face at rest of a photo with these lid and lip ratios."""
    own = {"eye_ratio": eye_ratio, "lip_ratio": lip_ratio}
    return {
        name: p.clamp(own[name]) if p.neutral is None else p.neutral
        for name, p in PARAMETERS.items()
    }
