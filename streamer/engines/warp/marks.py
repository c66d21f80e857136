"""The part of a face's landmarks that somebody measured, to be completed from elsewhere.

Keys are written as in the sidecar file: ``eye_l.iris``, ``mouth.upper_in``, ``brow_r``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from streamer.engines.warp.landmarks import Eye, Landmarks, Mouth, Nose, Outline
from streamer.geometry import Points

POINT: Final = (2,)
LINE: Final = (3, 2)
GROUPS: Final[Mapping[str, Mapping[str, tuple[int, ...]]]] = {
    **{
        eye: {"outer": POINT, "inner": POINT, "upper": LINE, "lower": LINE, "iris": POINT}
        for eye in ("eye_l", "eye_r")
    },
    "nose": {f.name: POINT for f in fields(Nose)},
    "mouth": {f.name: POINT if f.name.startswith("corner") else LINE for f in fields(Mouth)},
    "face": {f.name: POINT for f in fields(Outline)},
}
BROWS: Final = ("brow_l", "brow_r")
EYE_NUMBERS: Final = ("iris_r", "lid")
FLAGS: Final = ("teeth", "glasses", "beard")


@dataclass(frozen=True)
class Marks:
    """What a sidecar says, in the pixels of ``Photo.image``."""

    points: Mapping[str, Points]
    numbers: Mapping[str, float]
    photo_expression: Mapping[str, float] | None = None
    flags: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    framing: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    found_by: str = "sidecar"

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that a complete file would have, too."""
        wanted = [f"{group}.{key}" for group, keys in GROUPS.items() for key in keys]
        wanted += [*BROWS, "eye_l.iris_r", "eye_r.iris_r"]
        return tuple(k for k in wanted if k not in self.points and k not in self.numbers)

    def landmarks(self, base: Landmarks | None = None) -> Landmarks:
        """Return the landmarks; what is not marked comes from ``base``.

        Raises: `ValueError` if something is missing and there is no ``base``.
        """
        if base is None:
            if self.missing:
                raise ValueError(f"not marked: {', '.join(self.missing)}")
            base = _BLANK
            found_by = self.found_by
        elif self.missing:
            found_by = f"{self.found_by}, completed by {base.found_by}"
        else:
            found_by = self.found_by
        said: dict[str, Any] = {name: self._group(name, getattr(base, name)) for name in GROUPS}
        said |= {name: self.points.get(name, getattr(base, name)) for name in BROWS}
        said |= self.flags
        said |= self.framing
        if self.photo_expression is not None:
            said["photo_expression"] = self.photo_expression
        return replace(base, found_by=found_by, **said)

    def _group(self, name: str, base: Any) -> Any:
        keys = (*GROUPS[name], *EYE_NUMBERS) if name.startswith("eye") else tuple(GROUPS[name])
        said: dict[str, Any] = {}
        for key in keys:
            full = f"{name}.{key}"
            if full in self.points:
                said[key] = self.points[full]
            elif full in self.numbers:
                said[key] = self.numbers[full]
        return replace(base, **said)


def _blank() -> Landmarks:
    """A face of zeros, to be replaced entirely by complete marks."""
    point, line = np.zeros(2), np.zeros((3, 2))
    eye = Eye(point, point, line, line, point, 0.0)
    mouth = Mouth(point, point, line, line, line, line)
    return Landmarks(eye, eye, line, line, Nose(*[point] * 4), mouth, Outline(*[point] * 11))


_BLANK: Final = _blank()
