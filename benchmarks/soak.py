"""An hour of a busy day: random cues, viewers that come and go, faults; what grows, what is late.

    python -m benchmarks.soak [--minutes 60] [--seed 1] [--gentle] [--out FOLDER] [-- FLAGS OF RUN]

The product runs as a user starts it, at 30 fps, on ports and in a folder of its own, with a camera
that shows nothing unless ``-- --camera DEVICE`` names one; all that is started here is ended.
Presets, sliders, photos, views and the engine change by OSC and HTTP; viewers watch, leave and
stall, rubbish comes through both doors, a preset's file breaks and is mended; in the first ten
minutes (of a short run, its first quarter) the renderer is killed, stopped for four seconds or for
good by turns, after that stopped for four seconds every two minutes (``--gentle`` leaves that out).
Every 75 s all rests for 15 s, in one and the same state, so that memory can be compared. Every five
seconds frames, memory, threads and file descriptors of each process are written down:
soak.csv, soak.json, soak.svg and the log in ``--out``. Exit code 1 if a verdict is FAIL.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.soak_deeds import Deeds
from benchmarks.soak_plot import drawing
from benchmarks.soak_product import Product
from benchmarks.soak_samples import Verdict, at_rest, collect, settled_s, verdicts, write_csv

FPS: Final = 30.0

# Before the first deed: the libraries of the doors are loaded and the caches filled.
QUIET_S: Final = 5.0


def soak(options: argparse.Namespace, home: Path) -> bool:
    """Run it, write the files, print the verdicts; returns whether all are good."""
    with Product(home, options.flags) as product:
        seconds = options.minutes * 60.0
        deeds = Deeds(product, options.seed, kill_s=0.0 if options.gentle else settled_s(seconds))
        time.sleep(QUIET_S)
        begun = time.monotonic()
        deeds.start()
        rows = collect(product, seconds, lambda: product.process.poll() is not None)
        ended_early = product.process.poll() is not None
        deeds.close()
        left = [] if ended_early else product.end()
        log = product.log()
    hits = [(at - begun, kind) for at, kind in deeds.hits]
    rests = [at_rest(at - begun, processes) for at, processes in deeds.rests]
    found = verdicts(rows, [at for at, _ in hits], rests, FPS)
    found += [
        Verdict("answers", not deeds.wrong, _listed(deeds.wrong) or "all as they should be"),
        Verdict(
            "log",
            "Traceback" not in log,
            f"{log.count('Traceback')} tracebacks in {len(log)} bytes",
        ),
        Verdict(
            "end",
            not left and not ended_early,
            "ended by itself" if ended_early else f"{len(left)} processes left behind",
        ),
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "soak.csv")
    (options.out / "soak.log").write_text(log, encoding="utf-8")
    title = f"{options.minutes:g} minutes at {FPS:g} fps, seed {options.seed}"
    (options.out / "soak.svg").write_text(drawing(rows, hits, rests, title), encoding="utf-8")
    figures = {
        "minutes": options.minutes,
        "seed": options.seed,
        "done": dict(deeds.done),
        "away_s": [round(s, 2) for s in deeds.back_s],
        "wrong": dict(deeds.wrong),
        "rests": rests,
        "verdicts": [asdict(verdict) for verdict in found],
    }
    (options.out / "soak.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"done: {_listed(deeds.done)}")
    if deeds.back_s:
        print(f"page away after a fault: {max(deeds.back_s):.1f} s at most")
    for verdict in found:
        print(verdict)
    print(f"written: {options.out}/soak.csv, .json, .svg, .log")
    return all(verdict.ok for verdict in found)


def _listed(counts: "dict[str, int]") -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--gentle", action="store_true", help="never kill or stop the renderer")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "soak")
    parser.add_argument("flags", nargs="*", help="of run, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        good = soak(options, Path(home))
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
