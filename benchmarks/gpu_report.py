"""What `benchmarks.gpu` leaves: tables printed row by row, and a file that is whole after each."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

RESAMPLES = 2000  # of the bootstrap
CERTAIN = 95.0  # per cent


class Clock:
    """Seconds since the start, and how many are left for the whole."""

    def __init__(self, minutes: float, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._start = now()
        self.total_s = 60.0 * minutes

    @property
    def s(self) -> float:
        return self._now() - self._start

    @property
    def left_s(self) -> float:
        return self.total_s - self.s

    def part(self, seconds: float) -> "Deadline":
        """Give a part so many seconds, fewer where fewer are left."""
        return Deadline(self, min(self.s + seconds, self.total_s))


@dataclass(frozen=True)
class Deadline:
    """When a part must be through."""

    clock: Clock
    at_s: float

    @property
    def left_s(self) -> float:
        return self.at_s - self.clock.s

    @property
    def over(self) -> bool:
        return self.left_s <= 0.0


class Report:
    """Figures by part. ``file`` is replaced whole at every change; None keeps them in memory."""

    def __init__(self, file: Path | None, clock: Clock, say: Callable[[str], None] | None = None):
        self.clock = clock
        self.figures: dict[str, Any] = {}
        self._file = file
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._say = say or (lambda text: print(text, flush=True))
        self._lock = threading.Lock()

    def resume(self) -> None:
        """Go on with what is in the file."""
        if self._file is not None and self._file.is_file():
            self.figures = json.loads(self._file.read_text(encoding="utf-8"))

    def say(self, text: str = "") -> None:
        self._say(text)

    def put(self, part: str, key: str, value: Any) -> None:
        """Keep a figure."""
        with self._lock:
            self.figures.setdefault(part, {})[key] = value
        self.save()

    def tell(self, part: str, key: str, value: Any) -> None:
        """Keep a figure and print it."""
        self.put(part, key, value)
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        self.say(f"  {key}: {text}")

    def get(self, part: str, key: str) -> Any:
        return self.figures.get(part, {}).get(key)

    def save(self) -> None:
        if self._file is None:
            return
        with self._lock:
            text = json.dumps(_plain(self.figures), indent=1)
            beside = self._file.with_name(self._file.name + ".part")
            beside.write_text(text + "\n", encoding="utf-8")
            beside.replace(self._file)


@dataclass(frozen=True)
class Column:
    """``form`` is a format for numbers; a text column has none."""

    name: str
    width: int
    form: str = ""


class Table:
    """Rows of one part. A row that is added again under its first cell replaces the old one."""

    def __init__(self, report: Report, part: str, columns: Sequence[Column]) -> None:
        self._report, self._part, self._columns = report, part, columns
        self._headed = False
        self.rows: dict[str, dict[str, Any]] = {}

    def add(self, **cells: Any) -> None:
        """Print a row and keep it; ``error`` fills the rest of the line."""
        name = str(cells[self._columns[0].name])
        self.rows[name] = {**self.rows.get(name, {}), **cells}
        self._report.put(self._part, "rows", list(self.rows.values()))
        if not self._headed:
            self._headed = True
            self._report.say("  " + "".join(_fit(c, c.name) for c in self._columns).rstrip())
        self._report.say("  " + self._line(self.rows[name]))

    def again(self) -> None:
        """Print the whole table as it is now."""
        self._report.say("  " + "".join(_fit(c, c.name) for c in self._columns).rstrip())
        for row in self.rows.values():
            self._report.say("  " + self._line(row))

    def _line(self, row: Mapping[str, Any]) -> str:
        first, *others = self._columns
        if row.get("error"):
            return f"{_fit(first, row[first.name])} {row['error']}"
        return "".join(_fit(column, row.get(column.name)) for column in (first, *others)).rstrip()


def _fit(column: Column, value: Any) -> str:
    if value is None:
        text = "-"
    elif isinstance(value, float) and column.form:
        text = format(value, column.form)
    else:
        text = str(value)
    return f"{text:<{column.width}}" if not column.form else f"{text:>{column.width}}"


def median(times: Sequence[float] | Times) -> float:
    return float(np.median(times))


def percentile(times: Sequence[float] | Times, share: float) -> float:
    return float(np.percentile(times, share))


def ratio(slower: Sequence[Sequence[float]], faster: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return the ratio of medians of two contestants that took turns, and where it surely lies.

    Bootstrap over the rounds, whole and in pairs: what disturbs a round disturbs all its frames.
    """
    rounds = min(len(slower), len(faster))
    source = np.random.default_rng(1)
    picked = source.integers(0, rounds, (RESAMPLES, rounds))
    samples = _medians(slower, picked) / _medians(faster, picked)
    low, high = np.percentile(samples, [(100 - CERTAIN) / 2, (100 + CERTAIN) / 2])
    whole = median([t for r in slower[:rounds] for t in r]) / median(
        [t for r in faster[:rounds] for t in r]
    )
    return {"ratio": whole, "low": float(low), "high": float(high)}


def _medians(times: Sequence[Sequence[float]], picked: NDArray[np.int64]) -> Times:
    """Return the medians of so many resamples of rounds."""
    least = min(len(round_) for round_ in times)
    table = np.array([round_[:least] for round_ in times])
    return np.array([np.median(table[rounds]) for rounds in picked])


def line_of(exc: BaseException) -> str:
    """Return an error in one line."""
    text = (str(exc).strip().splitlines() or [""])[0]
    return f"error: {type(exc).__name__}: {text}"[:300]


def _plain(value: Any) -> Any:
    """Return what JSON can hold: no NaN, no numpy, keys of text."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return value if isinstance(value, int | str | bool | None) else str(value)
