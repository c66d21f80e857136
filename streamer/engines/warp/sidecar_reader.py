"""Takes values out of a sidecar document; every complaint names the file and the key."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from streamer.engines.warp.marks import LINE, POINT
from streamer.errors import PhotoError
from streamer.geometry import Points

# Points may lie outside the picture (a cut-off crown), but not further than this part of it.
OUTSIDE: Final = 0.25


class Reader:
    """Takes values out of one document; every complaint names the file and the key.

    Raises: `PhotoError`, from every method.
    """

    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:
        self._path = path
        self._document = document

    def fail(self, key: str, what: str) -> NoReturn:
        """Refuse the file because of this key."""
        raise PhotoError(f"{self._path}: {key} {what}.")

    def no_unknown(self, group: Mapping[Any, Any], known: tuple[str, ...], prefix: str) -> None:
        """Refuse keys that are not ``known``."""
        for key in group:
            if key not in known:
                self.fail(f"{prefix}{str(key)[:60]}", f"is not known; known are {', '.join(known)}")

    def mapping(self, key: str) -> dict[str, Any]:
        """Return the group under a top key; empty when it is not there."""
        value = self._document.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fail(key, f"must hold named values, not {short(value)}")
        return dict(value)

    def number(self, key: str, value: Any) -> float:
        """Accept a finite number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"is {short(value)}; expected a number")
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if not math.isfinite(result):
            self.fail(key, f"is {short(value)}; expected a finite number")
        return result

    def positive(self, key: str, value: Any) -> float:
        """Accept a finite number above 0."""
        result = self.number(key, value)
        if result <= 0.0:
            self.fail(key, f"is {result:g}; it must be above 0")
        return result

    def between(self, key: str, value: Any, low: float, high: float) -> float:
        """Accept a number in a range."""
        result = self.number(key, value)
        if not low <= result <= high:
            self.fail(key, f"is {result:g}; it must be {low:g} to {high:g}")
        return result

    def array(self, key: str, value: Any, shape: tuple[int, ...]) -> Points:
        """Accept one point (2,) or three (3, 2)."""
        wanted = "[x, y]" if shape == POINT else "three points [[x, y], [x, y], [x, y]]"
        if shape == LINE:
            if not isinstance(value, list) or len(value) != 3:
                self.fail(key, f"is {short(value)}; expected {wanted}")
            return np.stack([self.array(f"{key}[{i}]", p, POINT) for i, p in enumerate(value)])
        if not isinstance(value, list) or len(value) != 2:
            self.fail(key, f"is {short(value)}; expected {wanted}")
        return np.array([self.number(key, v) for v in value])

    def inside(self, key: str, value: Points, width: int, height: int) -> None:
        """Refuse points (in picture pixels) that lie too far outside the picture."""
        for x, y in np.atleast_2d(value):
            if not (-OUTSIDE <= x / width <= 1 + OUTSIDE) or not (
                -OUTSIDE <= y / height <= 1 + OUTSIDE
            ):
                self.fail(
                    key,
                    f"lies at ({x:.0f}, {y:.0f}), too far outside the picture of {width} x "
                    f"{height} px",
                )


def short(value: Any) -> str:
    """Show a value in at most 40 characters."""
    if isinstance(value, int) and value.bit_length() > 200:
        return "a very large number"  # Python writes no number of more than 4,300 digits
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
