"""Recompute a golden archive: ``python -m tests.golden ARCHIVE.npz``.

One line per array: name, largest error, tolerance, ok or MISS. Ends with code 1 on any miss outside
``trace/``.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import torch

from streamer.engines.liveportrait.weights import Networks, load_networks
from tests.golden import checkpoints
from tests.golden.archive import Archive, Row
from tests.golden.recompute import Recomputer


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return the exit code."""
    options = _options(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    # The comparison is one in fp32: no shortened products on newer GPUs.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    archive = Archive(options.archive)
    started = time.perf_counter()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in _rows(archive, Path(folder), options.device, options.only):
            print(row, flush=True)
            rows.append(row)
    print(_summary(rows, time.perf_counter() - started))
    return int(any(not row.ok and not row.name.startswith("trace/") for row in rows))


def _rows(archive: Archive, folder: Path, device: str, only: list[str]) -> Iterator[Row]:
    def networks() -> Networks:
        checkpoints.write(folder, archive.salt)
        return load_networks(folder, device=device)

    def chosen(name: str) -> bool:
        return not only or any(fnmatchcase(name, pattern) for pattern in only)

    answered: set[str] = set()
    for prefix, part in Recomputer(archive, networks, device).parts().items():
        if not chosen(prefix):
            continue
        for name, array in part():
            if name in archive and name not in answered:
                rows = archive.rows(name, array)
                answered.update((name, f"{name}/stats"))
                yield from rows
    if not only:
        yield from (archive.missing(name) for name in archive.arrays if name not in answered)


def _summary(rows: list[Row], seconds: float) -> str:
    missed = [row for row in rows if not row.ok]
    ok = len(rows) - len(missed)
    measured = [row for row in rows if row.share < float("inf")]
    text = f"{len(rows)} arrays: {ok} ok, {len(missed)} MISS, {seconds:.0f} s"
    if measured:
        worst = max(measured, key=lambda row: row.share)
        text += f"; closest to its tolerance: {worst.name} at {100 * worst.share:.3g} % of it"
    return text


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("archive", type=Path, metavar="ARCHIVE.npz")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--threads", type=int, help="CPU threads; torch's own choice if absent")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PART", help="parts such as 'math/*' 'e2e/neutral'"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
