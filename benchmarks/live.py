"""Run the product as a user does and print its own report: start, pace, CPU, memory.

    python -m benchmarks.live [--seconds 60] [--runs 1] [--json] [-- FLAGS OF RUN]

The camera is off unless a flag says otherwise; page and OSC are open on free ports, nobody watches.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

KEYS = ("first_frame_s", "late", "dropped", "fps_mean", "cpu_percent", "rss_mb")


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_once(seconds: float, flags: list[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "control", "run", "--camera", "none"),
            *("--seconds", str(seconds), "--report", str(report)),
            *("--panel", f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"),
            *("--osc", f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"),
            *flags,
        ]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return dict(json.loads(report.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    reports = [run_once(options.seconds, options.flags) for _ in range(options.runs)]
    if options.json:
        print(json.dumps(reports, indent=2))
        return
    for key in KEYS:
        values = [float(report[key]) for report in reports]  # type: ignore[arg-type]
        print(f"{key:14} median {statistics.median(values):8.2f}   {values}")
    for key in ("interval_ms", "delay_ms"):
        print(f"{key:14} {reports[-1][key]}")
    print(f"{'section_ms':14} {reports[-1]['section_ms']}")


if __name__ == "__main__":
    main()
