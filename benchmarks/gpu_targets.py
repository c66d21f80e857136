"""The targets of the GPU path beside what was measured of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Target:
    """``most`` says that smaller is better."""

    name: str
    wanted: float
    unit: str
    found: float | None
    most: bool = True

    @property
    def met(self) -> bool | None:
        if self.found is None:
            return None
        return self.found <= self.wanted if self.most else self.found >= self.wanted

    def __str__(self) -> str:
        found = NOT_MEASURED if self.found is None else f"{self.found:.4g} {self.unit}"
        verdict = {True: " met", False: " MISSED", None: ""}[self.met]
        sign = "<=" if self.most else ">="
        return f"{self.name} {sign} {self.wanted:g} {self.unit}: {found}{verdict}"


def targets(figures: Mapping[str, Any]) -> list[Target]:
    """Read the targets out of a report's figures; milliseconds are those of an H200."""
    camera, pacing = figures.get("end to end", {}), figures.get("pacing", {})
    one, eight = _row(camera, 1), _row(camera, 8)
    ours = [row for row in _rows(figures.get("contestants", {})) if _ours(row) and _there(row)]
    return [
        Target("a frame at 720p, end to end", 4.0, "ms", one.get("ms")),
        Target("later", 3.0, "ms", one.get("ms")),
        Target("a frame of 8 at once, flowing", 2.7, "ms", eight.get("flowing ms")),
        Target("host's work a frame", 0.3, "ms", one.get("host ms")),
        Target(
            "as fast as the reference as shipped",
            4.0,
            "times",
            _times(figures.get("contestants", {}), "as shipped"),
            most=False,
        ),
        Target(
            "as fast as its compiled form",
            2.0,
            "times",
            _times(figures.get("compiled", {}), "max-autotune"),
            most=False,
        ),
        Target("first frame, warm", 6.0, "s", pacing.get("first_frame_s")),
        Target("memory at batch 1", 1100.0, "MB", _memory(pacing)),
        Target("worst PSNR of ours", 45.0, "dB", _worst(ours, "PSNR dB", min), most=False),
        Target("worst 99th percentile of ours", 3.0, "levels", _worst(ours, "p99", max)),
    ]


def lines(figures: Mapping[str, Any]) -> list[str]:
    """Return the targets one below the other, and all of them in the last line."""
    found = targets(figures)
    return [*(f"  {target}" for target in found), "targets: " + " | ".join(map(str, found))]


def fastest(part: Mapping[str, Any], batch: int) -> str | None:
    """Return the name of our fastest contestant of a batch size."""
    sizes: dict[str, float] = {}
    for name, ms in part.get("medians_ms", {}).items():
        many = re.search(r", (\d+) at once$", name)
        if name.startswith("ours ") and int(many[1] if many else 1) == batch:
            sizes[name] = ms
    return min(sizes, key=sizes.__getitem__, default=None)


def _times(part: Mapping[str, Any], their: str) -> float | None:
    """Return how many times as fast our best form at batch 1 is, by the medians of one race."""
    medians, best = part.get("medians_ms", {}), fastest(part, 1)
    theirs = [ms for name, ms in medians.items() if their in name]
    return theirs[0] / medians[best] if theirs and best else None


def _memory(pacing: Mapping[str, Any]) -> float | None:
    """Return the memory of the fastest form of single frames, before batches were made ready."""
    steps = [step for step in pacing.get("climb", []) if step.get("batches") == [1]]
    return float(steps[-1]["least mb"]) if steps and steps[-1]["least mb"] else None


def _rows(part: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = part.get("rows", [])
    return rows


def _row(part: Mapping[str, Any], batch: int) -> Mapping[str, Any]:
    for row in _rows(part):
        if row.get("batch") == batch and not row.get("error"):
            return row
    return {}


def _ours(row: Mapping[str, Any]) -> bool:
    return str(row.get("contestant", "")).startswith("ours ")


def _there(row: Mapping[str, Any]) -> bool:
    return not row.get("error") and row.get("PSNR dB") is not None


def _worst(rows: Sequence[Mapping[str, Any]], key: str, of: Any) -> float | None:
    worst: float | None = of((row[key] for row in rows), default=None)
    return worst
