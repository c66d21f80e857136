"""What a soak measures every few seconds, as rows of a table, and what the rows prove."""

import csv
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.soak_product import PROGRAM, Measured, Product

Row = dict[str, float | None]

EVERY_S: Final = 5.0
ROLES: Final = (PROGRAM, "renderer", "sender")
COUNTS: Final = ("frames", "late", "dropped", "faults")
SENT: Final = ("sent", "held", "standby", "late", "dropped")

# The issue's own bounds; threads and descriptors come and go with the viewers.
SETTLED_S: Final = 600.0
GROWTH_MB: Final = 5.0
THREADS: Final = 3.0
FDS: Final = 6.0
QUIET_SHARE: Final = 0.01
LEAST_RESTS: Final = 4


def sample(product: Product, started: float) -> Row:
    """Measure once. What could not be asked is None."""
    state = product.state() or {}
    row: Row = {"t_s": round(time.monotonic() - started, 1)}
    row.update({name: _number(state.get(name)) for name in (*COUNTS, "fps", "viewers")})
    sender = state.get("sender") or {}
    row.update({f"sender_{name}": _number(sender.get(name)) for name in SENT})
    processes = product.processes()
    for role in ROLES:
        found = processes.get(role)
        row[f"pid_{role}"] = float(found.pid) if found else None
        row[f"rss_mb_{role}"] = round(found.rss_mb, 2) if found else None
        row[f"pss_mb_{role}"] = round(found.pss_mb, 2) if found else None
        row[f"threads_{role}"] = float(found.threads) if found else None
        row[f"fds_{role}"] = float(found.fds) if found else None
    row["load"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    everyone = list(processes.values())
    row["processes"] = float(len(everyone))
    row["rss_mb"] = round(sum(p.rss_mb for p in everyone), 2)
    row["pss_mb"] = round(sum(p.pss_mb for p in everyone), 2)
    row["threads"] = float(sum(p.threads for p in everyone))
    row["fds"] = float(sum(p.fds for p in everyone))
    return row


def collect(product: Product, seconds: float, enough: Callable[[], bool]) -> list[Row]:
    """Measure until the time is over, or ``enough``."""
    started, rows = time.monotonic(), []
    k = 0
    while not enough():
        rows.append(sample(product, started))
        k += 1
        if k * EVERY_S > seconds:
            break
        time.sleep(max(0.0, started + k * EVERY_S - time.monotonic()))
    return rows


def write_csv(rows: Sequence[Row], file: Path) -> None:
    """Write the rows, the numbers of processes left out."""
    names = [name for name in rows[0] if not name.startswith("pid_")]
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Verdict:
    """One line of the outcome."""

    subject: str
    ok: bool
    told: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.subject:12} {self.told}"


def settled_s(seconds: float) -> float:
    """Return from when on a run of this length is judged: a short one says less."""
    return min(SETTLED_S, seconds / 4)


def verdicts(
    rows: Sequence[Row], hits: Sequence[float], rests: Sequence[Row], fps: float
) -> list[Verdict]:
    """Judge what was measured.

    ``hits`` are the times (s) of faults that stop the renderer, ``rests`` rows of memory in one and
    the same state.
    """
    last = rows[-1]["t_s"] or 0.0
    settled = settled_s(last)
    early, late = _window(rows, settled, last, 0.0), _window(rows, settled, last, 1.0)
    found = _memory([row for row in rests if (row["t_s"] or 0.0) >= settled], rows)
    for name, bound in (("threads", THREADS), ("fds", FDS)):
        grown = statistics.median(_values(late, name)) - statistics.median(_values(early, name))
        told = f"{grown:+g} (at most {bound:+g}), highest {max(_values(rows, name)):g}"
        found.append(Verdict(name, grown <= bound, told))
    found += _frames(rows, hits, fps)
    loads = _values(rows, "load")
    if loads:
        told = f"{statistics.mean(loads):.1f} programs at work on {os.cpu_count()} processors"
        found.append(Verdict("machine", True, f"{told}; with more than those, frames are late"))
    return found


def at_rest(t: float, processes: Mapping[str, Measured]) -> Row:
    """Return the memory of all processes at the end of a rest, as a row."""
    row: Row = {"t_s": t, "pss_mb": sum(process.pss_mb for process in processes.values())}
    return row | {f"pss_mb_{role}": process.pss_mb for role, process in processes.items()}


def _memory(rests: Sequence[Row], rows: Sequence[Row]) -> list[Verdict]:
    """Compare the first rests with the last."""
    if len(rests) < LEAST_RESTS:
        told = f"not judged: {len(rests)} rests, at least {LEAST_RESTS} are needed"
        return [Verdict("memory", True, told)]
    count = max(2, len(rests) // 6)
    found = []
    for role in ("", *(f"_{role}" for role in ROLES)):
        name = f"pss_mb{role}"
        first, last = _values(rests[:count], name), _values(rests[-count:], name)
        if not first or not last:
            continue
        grown = statistics.median(last) - statistics.median(first)
        told = (
            f"{grown:+.1f} MB from rest to rest, {(rests[0]['t_s'] or 0) / 60:.0f} to "
            f"{(rests[-1]['t_s'] or 0) / 60:.0f} min (at most {GROWTH_MB:+g}); "
            f"{statistics.median(last):.0f} MB, highest meanwhile {max(_values(rows, name)):.0f}"
        )
        found.append(Verdict(f"memory {role.strip('_')}".strip(), grown <= GROWTH_MB, told))
    return found


def _frames(rows: Sequence[Row], hits: Sequence[float], fps: float) -> list[Verdict]:
    """Late and dropped frames, apart where the renderer was hit on purpose."""
    quiet = {"frames": 0.0, "late": 0.0, "dropped": 0.0}
    hit = dict(quiet)
    answered = [row for row in rows if row["frames"] is not None]
    for before, after in pairwise(answered):
        start, end = before["t_s"] or 0.0, after["t_s"] or 0.0
        # A renderer that was killed is away for a few seconds, one that hangs for twenty.
        where = hit if any(start - 30.0 <= at <= end for at in hits) else quiet
        for name in where:
            where[name] += max(0.0, (after[name] or 0.0) - (before[name] or 0.0))
    lost = quiet["late"] + quiet["dropped"]
    share = lost / max(1.0, quiet["frames"])
    told = (
        f"{quiet['late']:.0f} late, {quiet['dropped']:.0f} dropped of {quiet['frames']:.0f} "
        f"(at most {100 * QUIET_SHARE:g} %); around faults {hit['late']:.0f} and "
        f"{hit['dropped']:.0f} of {hit['frames']:.0f}"
    )
    found = [Verdict("frames", share <= QUIET_SHARE, told)]
    sent = [row for row in rows if row["sender_sent"] is not None]
    if len(sent) > 1:
        first, last = sent[0], sent[-1]
        of = {name: (last[f"sender_{name}"] or 0) - (first[f"sender_{name}"] or 0) for name in SENT}
        seconds = (last["t_s"] or 0.0) - (first["t_s"] or 0.0)
        told = (
            f"{of['sent']:.0f} sent in {seconds:.0f} s, {of['sent'] / seconds:.2f} a second; "
            f"{of['late']:.0f} late, {of['dropped']:.0f} dropped, {of['held']:.0f} held, "
            f"{of['standby']:.0f} of the idle loop"
        )
        even = abs(of["sent"] / seconds - fps) <= 1.0
        missed = (of["late"] + of["dropped"]) / max(1.0, of["sent"])
        found.append(Verdict("camera", even and missed <= QUIET_SHARE, told))
    return found


def _window(rows: Sequence[Row], settled: float, last: float, place: float) -> list[Row]:
    """The first (``place`` 0) or last (1) tenth of what is judged, two minutes at least."""
    length = min(max(120.0, (last - settled) / 10), (last - settled) / 2)
    start = settled + place * (last - settled - length)
    return [row for row in rows if start <= (row["t_s"] or 0.0) <= start + length]


def _values(rows: Sequence[Row], name: str) -> list[float]:
    return [value for row in rows if (value := row.get(name)) is not None]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
