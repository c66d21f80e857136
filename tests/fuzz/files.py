"""Wrong files by the thousand: ``python -m tests.fuzz.files --documents 20000 --seed 1``.

So many of every kind go through the program's own readers. Ends with 1 on any error that is not
the family's, that does not name the file, or that takes longer than a second.
"""

import argparse
import itertools
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from streamer.photo import read_photo
from streamer.resources import shipped
from tests.fuzz.documents import Documents
from tests.fuzz.readers import Reader, readers
from tests.fuzz.rig import rss_mb

SLOWEST_S = 1.0
LONGEST_MESSAGE = 3000


@dataclass
class Outcome:
    """What came of one kind of file."""

    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def fuzz(
    reader: Reader, folder: Path, count: int, seed: int, *, slowest_s: float = SLOWEST_S
) -> Outcome:
    """Write ``count`` files of one kind, one after the other, and read each.

    One that takes longer than ``slowest_s`` of a core is wrong.
    """
    outcome = Outcome()
    path = folder / reader.file
    documents = Documents(seed, reader.seeds, reader.load, reader.dump)
    for data in itertools.islice(documents, count):
        path.write_bytes(data)
        begun = time.thread_time()
        try:
            reader.read(path)
            outcome.read += 1
        except Exception as exc:
            said = str(exc)
            if reader.error is None or not isinstance(exc, reader.error):
                outcome.wrong.append(f"{type(exc).__name__}: {said[:300]} from {data[:300]!r}")
            elif reader.named and str(folder) not in said and path.name not in said:
                outcome.wrong.append(f"names no file: {said[:300]}")
            elif len(said) > LONGEST_MESSAGE:
                outcome.wrong.append(f"{len(said)} characters: {said[:200]}")
            outcome.refused += 1
            outcome.reasons[" ".join(said.replace(str(path), "").split()[:6])[:60]] += 1
        taken = time.thread_time() - begun
        outcome.slowest_s = max(outcome.slowest_s, taken)
        if taken > slowest_s:
            outcome.wrong.append(f"{taken:.1f} s for {data[:100]!r}")
        for left in folder.iterdir():
            left.unlink()
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000, help="of every kind")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)

    photo = read_photo(shipped("photo") / "mona-lisa.jpg")
    wrong = 0
    for name, reader in readers(photo).items():
        before = rss_mb()
        with tempfile.TemporaryDirectory() as folder:
            outcome = fuzz(reader, Path(folder), options.documents, options.seed)
        print(
            f"{name}: {outcome.read} read, {outcome.refused} refused in "
            f"{len(outcome.reasons)} ways, slowest {outcome.slowest_s:.2f} s, memory "
            f"{rss_mb() - before:+.1f} MB, {len(outcome.wrong)} wrong",
            flush=True,
        )
        for line in outcome.wrong[:10]:
            print(f"  {line}")
        wrong += len(outcome.wrong)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
