"""A golden archive: its arrays, what they are made of, and how close an answer must come."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.weights_recipe import sample_index

# For what no pattern of the manifest names: integers are equal, statistics up to their rounding.
_STATS_RTOL = 1e-12


@dataclass(frozen=True)
class Row:
    """One array held against its answer. ``share``: the error in parts of what is allowed."""

    name: str
    error: float
    atol: float
    rtol: float
    share: float
    ok: bool
    note: str = ""

    def __str__(self) -> str:
        tolerance = f"{self.atol:g}" + (f" + {self.rtol:g} x" if self.rtol else "")
        verdict = "ok" if self.ok else "MISS"
        return f"{self.name}  {self.error:.3g}  {tolerance}  {verdict}" + (
            f"  ({self.note})" if self.note else ""
        )


class Archive:
    """``ARCHIVE.npz`` with its manifest ``ARCHIVE.json`` beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
        with np.load(path) as stored:
            self.arrays = {name: stored[name] for name in stored.files}
        self.salt: str = self.manifest["salt"]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def names(self, prefix: str) -> list[str]:
        """Return the names under a prefix."""
        return [name for name in self.arrays if name.startswith(prefix)]

    def tolerance(self, name: str) -> tuple[float, float]:
        """Return (atol, rtol): the first pattern that matches wins."""
        for pattern, atol, rtol, _remark in self.manifest["tolerances"]:
            if fnmatchcase(name, pattern):
                return float(atol), float(rtol)
        return 0.0, _STATS_RTOL if name.endswith("/stats") else 0.0

    def rows(self, name: str, answer: np.ndarray) -> list[Row]:
        """Hold a full array against the stored sample and the stored statistics."""
        answer = np.asarray(answer)
        entry = self.manifest["arrays"].get(name, {})
        full = entry.get("full_shape")
        if full is not None and list(answer.shape) != list(full):
            return [self._missed(name, f"shape {answer.shape}, expected {tuple(full)}")]
        step = entry.get("step")
        rows = [self.row(name, answer[sample_index(answer.shape, step)] if step else answer)]
        if f"{name}/stats" in self:
            rows.append(self.row(f"{name}/stats", statistics(answer)))
        return rows

    def row(self, name: str, answer: np.ndarray) -> Row:
        """Hold an array against the stored one."""
        stored = self.arrays[name]
        if answer.shape != stored.shape:
            return self._missed(name, f"shape {answer.shape}, expected {stored.shape}")
        if answer.dtype != stored.dtype and stored.dtype.kind != answer.dtype.kind:
            return self._missed(name, f"{answer.dtype}, expected {stored.dtype}")
        atol, rtol = self.tolerance(name)
        wanted = stored.astype(np.float64)
        away = np.abs(answer.astype(np.float64) - wanted)
        allowed = atol + rtol * np.abs(wanted)
        if name.startswith("trace/"):
            return self._trace_row(name, away, away <= allowed)
        if not np.isfinite(away).all():
            return self._missed(name, "not finite")
        error = float(away.max(initial=0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(away > 0, away / allowed, 0.0)
        note = f"{100 * np.mean(away > 0):.3g} % differ" if stored.dtype == np.uint8 else ""
        worst = float(share.max(initial=0.0))
        return Row(name, error, atol, rtol, worst, bool((away <= allowed).all()), note)

    def _trace_row(self, name: str, away: np.ndarray, fits: np.ndarray) -> Row:
        """Name the first layer that differs; a layer that was never heard of has NaN."""
        atol, rtol = self.tolerance(name)
        bad = np.flatnonzero(~fits.all(axis=1))
        error = float(np.nanmax(away, initial=0.0))
        if not bad.size:
            return Row(name, error, atol, rtol, 0.0, True)
        layers = self.manifest["traces"][name.split("/")[1]]
        first = layers[bad[0]]["submodule"]
        why = "never called" if np.isnan(away[bad[0]]).all() else "differs"
        note = f"{bad.size} of {len(layers)} layers; first: {first} {why}"
        return Row(name, error, atol, rtol, float("inf"), False, note)

    def missing(self, name: str) -> Row:
        """Say of an array that nothing answered it."""
        return self._missed(name, "not recomputed")

    def _missed(self, name: str, why: str) -> Row:
        atol, rtol = self.tolerance(name)
        return Row(name, float("nan"), atol, rtol, float("inf"), False, why)


def statistics(array: np.ndarray) -> np.ndarray:
    """Return mean, standard deviation, least and largest of the full array."""
    values = array.astype(np.float64)
    return np.array([values.mean(), values.std(), values.min(), values.max()])
