"""Every operation of the interface, asked as described and as forbidden, alone and in any order.

``python -m tests.fuzz.openapi --examples 300 --seed 1``. The suite does the same with ten examples
each (`tests.control.panel.test_fuzz`).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from control.panel.app import create_app
from control.panel.context import panel_of
from tests.control.fakes import FakeStream
from tests.control.panel.test_fuzz import CONFIG, cases_of, operations
from tests.fuzz.rig import rss_mb

STEPS = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="of every operation")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        stream = FakeStream(Path(folder))
        app = create_app(stream)
        panel_of(app).closing.set()  # endless answers end after their beginning
        schema = schemathesis.openapi.from_wsgi(
            "/openapi.json", app, config=SchemathesisConfig.from_dict(CONFIG)
        )
        alone = {f"{m.upper()} {p}": cases_of(schema[p][m]) for p, m in operations()}
        together = st.lists(st.one_of(*alone.values()), min_size=STEPS, max_size=STEPS)
        with stream.showing():
            for name, cases in [*alone.items(), ("any order", together)]:
                before, begun = rss_mb(), time.monotonic()
                try:
                    _ask(cases, options.examples, options.seed)
                except Exception as exc:
                    failed += 1
                    print(f"{name}: WRONG: {type(exc).__name__}: {str(exc)[:2000]}", flush=True)
                took = time.monotonic() - begun
                print(f"{name}: {took:.1f} s, {rss_mb() - before:+.1f} MB", flush=True)
        panel_of(app).close()
        stream.preview.close()
        stream.speaker.close()
    print(f"{len(alone)} operations, {failed} wrong")
    return int(failed > 0)


def _ask(cases: st.SearchStrategy[Any], examples: int, seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(some=cases)
    def ask(some: Any) -> None:
        for case in some if isinstance(some, list) else [some]:
            case.call_and_validate()

    ask()


if __name__ == "__main__":
    sys.exit(main())
