"""Datagrams by the million: ``python -m tests.fuzz.osc --datagrams 1000000 --seed 1``.

All go through the doors' own code: decoder, limits, actions, monitor, and a face drawn from what
was wished. Ends with 1 on an exception, a table that grew, or memory beyond ``--growth-mb``.
"""

import argparse
import itertools
import json
import sys

import hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.packets import Packets, datagrams
from tests.fuzz.rig import Outcome, Rig, rss_mb

# After so many all tables are full and all caches warm; what grows from then on is a leak.
WARM = 20_000
CHUNK = 50
# Hypothesis remembers what it made for as long as one of its runs lasts.
RUN = 2_000


def fuzz(count: int, seed: int, *, made_by_hypothesis: int = 0) -> Outcome:
    """Throw ``count`` datagrams, some of them made by hypothesis."""
    rig, outcome = Rig(seed), Outcome()
    try:
        endless = iter(Packets(seed))
        for run in range(made_by_hypothesis // RUN):
            hypothesise(rig, outcome, RUN, seed + run)
        rig.feed(itertools.islice(endless, min(WARM, count // 2)), outcome)
        outcome.rss_before_mb = rss_mb()
        rig.feed(itertools.islice(endless, max(0, count - outcome.datagrams)), outcome)
        outcome.rss_after_mb = rss_mb()
        rig.judge(outcome)
    finally:
        rig.close()
    return outcome


def hypothesise(rig: Rig, outcome: Outcome, count: int, seed: int) -> None:
    """Let hypothesis make datagrams, many to an example: an example costs more than a datagram."""

    @hypothesis.seed(seed)
    @settings(
        max_examples=max(1, count // CHUNK),
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @given(st.lists(datagrams, min_size=CHUNK, max_size=CHUNK))
    def throw(some: list[bytes]) -> None:
        before = len(outcome.exceptions)
        rig.feed(some, outcome)
        assert len(outcome.exceptions) == before, outcome.exceptions[before:]

    throw()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datagrams", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth-mb", type=float, default=10.0)
    options = parser.parse_args()

    made = options.datagrams // 20
    outcome = fuzz(options.datagrams, options.seed, made_by_hypothesis=made)

    told = dict(vars(outcome))
    told["exceptions"] = outcome.exceptions[:20]
    print(json.dumps(told, indent=2))
    growth = outcome.rss_after_mb - outcome.rss_before_mb
    print(
        f"{outcome.datagrams} datagrams in {outcome.seconds:.0f} s, slowest "
        f"{outcome.slowest_ms:.1f} ms, memory {growth:+.1f} MB, "
        f"{len(outcome.exceptions)} exceptions"
    )
    return int(bool(outcome.exceptions or outcome.grown or growth > options.growth_mb))


if __name__ == "__main__":
    sys.exit(main())
