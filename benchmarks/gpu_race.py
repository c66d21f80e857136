"""The race of `benchmarks.gpu`: contestants checked, then timed in turns on the same faces."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from benchmarks.gpu_case import RING, Case
from benchmarks.gpu_contestants import Contestant, Entry
from benchmarks.gpu_machine import DeviceGone, Machine
from benchmarks.gpu_report import (
    Column,
    Deadline,
    Report,
    Table,
    line_of,
    median,
    percentile,
    ratio,
)

COLUMNS = (
    Column("contestant", 40),
    Column("ms", 8, ".2f"),
    Column("p95", 8, ".2f"),
    Column("times as fast", 22, "s"),
    Column("PSNR dB", 9, ".1f"),
    Column("p99", 6, ".1f"),
    Column("most", 6, ".0f"),
    Column("peak MB", 9, ".0f"),
    Column("ready s", 9, ".1f"),
)

MADE_SHARE = 0.6  # of a part's time at most goes into making contestants


@dataclass(frozen=True)
class Plan:
    """How long a race is where there is time. Rounds have ``frames`` faces of every contestant.

    ``settling`` frames at the start of a turn do not count: caches hold another's data.
    """

    rounds: int = 20
    frames: int = 50
    fewest_rounds: int = 5
    fewest_frames: int = 6
    settling: int = 2
    trials: int = 3


class Race:
    """One race. Rows appear when a contestant was made, and once more after the last round."""

    def __init__(self, case: Case, machine: Machine, report: Report, part: str, plan: Plan) -> None:
        self._case, self._machine, self._report, self._part = case, machine, report, part
        self._plan = plan
        self._table = Table(report, part, COLUMNS)
        self._ready: list[Contestant] = []
        self._rounds: dict[str, list[list[float]]] = {}

    @property
    def medians(self) -> dict[str, float]:
        """By contestant, ms a frame."""
        return {name: median(_flat(rounds)) for name, rounds in self._rounds.items()}

    def enter(self, entries: Sequence[Entry], deadline: Deadline) -> None:
        """Make and check the contestants; who fails is told in a row and takes no part."""
        making_s = MADE_SHARE * deadline.left_s
        end = deadline.clock.part(making_s)
        for entry in entries:
            if end.over:
                self._table.add(contestant=entry.name, error="left out: no time")
                continue
            try:
                self._enter(entry)
            except Exception as exc:  # the others must run
                self._fail(entry.name, exc)

    def _enter(self, entry: Entry) -> None:
        machine = self._machine
        machine.device.settle()
        before_mb, started = machine.allocated_mb(), time.perf_counter()
        machine.new_peak()
        contestant = entry.make()
        with _benchmark(contestant.benchmark):
            pictures = self._drawn(contestant)
            ready_s = time.perf_counter() - started
            trial = machine.timed([partial(contestant.frame, 0)] * self._plan.trials)[-2:]
        self._table.add(
            contestant=entry.name,
            ms=median(trial) / contestant.batch,
            **{"peak MB": machine.peak_mb() - before_mb, "ready s": ready_s},
            **compare(pictures, self._case.expected),
        )
        self._ready.append(contestant)

    def _fail(self, name: str, exc: Exception) -> None:
        """Tell it in the contestant's row. Raises: `DeviceGone` where nobody can go on."""
        self._table.add(contestant=name, error=line_of(exc))
        if self._machine.lost():
            raise DeviceGone(name) from exc
        self._machine.device.free()

    def _drawn(self, contestant: Contestant) -> np.ndarray:
        """Draw the checked faces, each time over something spoilt."""
        machine, batch = self._machine, contestant.batch
        found = []
        machine.timed([partial(contestant.frame, RING - batch)])  # other faces, to be overwritten
        for first in range(0, len(self._case.expected), batch):
            machine.device.settle()
            contestant.poison()
            machine.device.settle()
            machine.timed([partial(contestant.frame, first)])
            machine.device.settle()
            found.append(contestant.pictures())
        return np.concatenate(found)

    def run(self, deadline: Deadline, baseline: str) -> None:
        """Let all who are ready take turns, as often as there is time for."""
        if not self._ready:
            return
        plan = self._plan
        guess_s = sum(self._turn_s(c) for c in self._ready)
        affordable = math.floor(deadline.left_s / max(guess_s, 1e-6))
        share = min(1.0, affordable / plan.fewest_rounds)
        rounds = max(2, min(plan.rounds, max(plan.fewest_rounds, affordable)))
        self._report.put(self._part, "rounds", rounds)
        for turn in range(rounds):
            for contestant in _turned(self._ready, turn):
                frames = max(plan.fewest_frames, round(share * plan.frames / contestant.batch))
                self._take_turn(contestant, turn, frames)
            if deadline.over and turn >= 1:
                break
        self._conclude(baseline)

    def _turn_s(self, contestant: Contestant) -> float:
        plan = self._plan
        ms = float(self._table.rows[contestant.name]["ms"]) * contestant.batch
        frames = max(plan.fewest_frames, plan.frames // contestant.batch)
        return (plan.settling + frames) * ms / 1000

    def _take_turn(self, contestant: Contestant, turn: int, frames: int) -> None:
        batch = contestant.batch
        works = [
            partial(contestant.frame, (turn * 7 * batch + i * batch) % RING)
            for i in range(self._plan.settling + frames)
        ]
        try:
            with _benchmark(contestant.benchmark):
                times = self._machine.timed(works)[self._plan.settling :]
        except Exception as exc:  # out of the race; the others go on
            self._ready.remove(contestant)
            self._fail(contestant.name, exc)
            return
        mean = [ms / batch for ms in times]
        self._rounds.setdefault(contestant.name, []).append(mean)

    def _conclude(self, baseline: str) -> None:
        if baseline not in self._rounds:  # it failed
            baseline = next(iter(self._rounds), "")
        there = self._rounds.get(baseline, [])
        for contestant in self._ready:
            rounds = self._rounds.get(contestant.name, [])
            if not rounds:
                continue
            times = _flat(rounds)
            found = ratio(there, rounds)
            text = f"{found['ratio']:.2f} ({found['low']:.2f}..{found['high']:.2f})"
            row = self._table.rows[contestant.name]
            row |= {"ms": median(times), "p95": percentile(times, 95.0), "times as fast": text}
            row |= {"ratio": found, "frames": len(times)}
        self._report.put(self._part, "rows", list(self._table.rows.values()))
        self._report.put(self._part, "medians_ms", self.medians)
        self._report.say(f"  in turns; times as fast as: {baseline}")
        self._table.again()


def compare(pictures: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """Return how far pictures are from the expected ones, in grey levels.

    Raises: `ArithmeticError` for values that are not finite.
    """
    if pictures.shape != expected.shape:
        raise ArithmeticError(f"pictures of {pictures.shape} instead of {expected.shape}")
    if not np.isfinite(pictures).all():
        share = 1 - np.isfinite(pictures).mean()
        raise ArithmeticError(f"{100 * share:.1f} % of the values are not finite or not drawn")
    away = np.abs(pictures - expected)
    mse = float(np.mean(np.square(away), dtype=np.float64))
    return {
        "PSNR dB": 10 * math.log10(255**2 / mse) if mse else math.inf,
        "p99": float(np.percentile(away, 99.0)),
        "most": float(away.max()),
    }


def _turned(ready: Sequence[Contestant], turn: int) -> list[Contestant]:
    """Return the contestants, each turn starting with another one."""
    start = turn % len(ready)
    return [*ready[start:], *ready[:start]]


def _flat(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [ms for round_ in rounds for ms in round_]


@contextmanager
def _benchmark(on: bool) -> Iterator[None]:
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = on
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
