"""``python -m tests.vm``: the camera tests in a virtual machine, once per driver asked for."""

import argparse
import sys

from tests.vm.machine import run


def main() -> int:
    """Parse the command line and run; the exit status is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tests.vm", description=__doc__)
    parser.add_argument(
        "--driver-suite",
        action="append",
        metavar="SUITE",
        help="Debian suite of v4l2loopback: bookworm 0.12.7 (default here), trixie 0.15.0; "
        "may be given several times, one boot each",
    )
    parser.add_argument("--browser", action="store_true", help="Chromium as a reader, too (slow)")
    options, pytest_args = parser.parse_known_args()
    worst = 0
    for suite in options.driver_suite or [None]:
        worst = run(suite, *pytest_args, browser=options.browser) or worst
    return worst


if __name__ == "__main__":
    sys.exit(main())
