"""What a crowd on the page costs the camera: a run under load beside a quiet one.

    python -m benchmarks.page_load [--seconds 30] [--previews 10] [--connections 8] [--osc 1000]
                                   [--photo NAME] [--json] [-- FLAGS OF RUN]

The product runs as a user starts it, without a camera. Then the same again while `wrk` (apt install
wrk) asks for the page as fast as it is answered, viewers watch the preview and a sender moves a
slider by OSC. All of it runs on this machine and takes its share of the same cores.
"""

import argparse
import json
import multiprocessing
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.latency import datagram
from benchmarks.live import free_port

# The load begins when the page answers and ends before the run does.
START_S, END_S = 3.0, 2.0


def run(
    home: Path, seconds: float, page: int, osc: int, flags: list[str]
) -> "subprocess.Popen[bytes]":
    command = [
        *(sys.executable, "-m", "control", "run", "--camera", "none", "--seconds", str(seconds)),
        *("--panel", f"127.0.0.1:{page}", "--osc", f"127.0.0.1:{osc}", *flags),
    ]
    # What somebody chose on their page before must not be measured.
    environment = {**os.environ, "LIVING_PORTRAIT_HOME": str(home)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def watch(port: int, viewers: int, until: float, out: Any) -> None:
    """Read the preview as so many viewers, and count their pictures."""
    selector, total, pictures = selectors.DefaultSelector(), 0, 0
    for _ in range(viewers):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(b"GET /preview.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        selector.register(sock, selectors.EVENT_READ)
    while (left := until - time.time()) > 0:
        for key, _ in selector.select(min(left, 0.5)):
            data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            if not data:
                selector.unregister(key.fileobj)
            total += len(data)
            pictures += data.count(b"image/jpeg")
    out.put({"pictures": pictures, "bytes": total})


def move_sliders(port: int, rate: int, until: float) -> None:
    """Send OSC as a fader does that somebody moves."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    messages = [datagram("/portrait/set/head_yaw", 0.1 * n) for n in range(-50, 50)]
    begun, sent = time.time(), 0
    while (now := time.time()) < until:
        for _ in range(int((now - begun) * rate) - sent):
            sender.sendto(messages[sent % len(messages)], ("127.0.0.1", port))
            sent += 1
        time.sleep(0.004)


def wait_for_page(port: int) -> None:
    end = time.time() + 30
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the page did not open within 30 s")


@contextmanager
def load(options: argparse.Namespace, page: int, osc: int, until: float) -> Iterator[Any]:
    """Everything that presses on the product; yields what it counted, once it has ended."""
    counted: dict[str, object] = {}
    results: Any = multiprocessing.Queue()
    workers = []
    if options.previews:
        watching = (page, options.previews, until, results)
        workers.append(multiprocessing.Process(target=watch, args=watching))
    if options.osc:
        workers.append(multiprocessing.Process(target=move_sliders, args=(osc, options.osc, until)))
    for worker in workers:
        worker.start()
    seconds = max(1, round(until - time.time()))
    if options.connections:
        url = f"http://127.0.0.1:{page}{options.path}"
        command = ["wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s", "--latency", url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        counted["requests_per_s"] = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
        counted["request_p99"] = re.search(r"99%\s+(\S+)", text)[1]  # type: ignore[index]
    if options.previews:
        seen = results.get(timeout=30)
        counted["preview_fps"] = round(seen["pictures"] / options.previews / seconds, 1)
        counted["preview_mb_per_s"] = round(seen["bytes"] / 1e6 / seconds, 1)
    for worker in workers:
        worker.join()
    yield counted


def measure(options: argparse.Namespace, *, loaded: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        page, osc = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        flags = ["--photo", options.photo, "--report", str(report), *options.flags]
        process = run(Path(folder), options.seconds + START_S + END_S, page, osc, flags)
        counted: dict[str, object] = {}
        try:
            wait_for_page(page)
            if loaded:
                with load(options, page, osc, time.time() + options.seconds) as figures:
                    counted = figures
            process.wait(timeout=options.seconds + 60)
        finally:
            process.kill()
        return {**json.loads(report.read_text()), **counted}


ROWS = ("frames", "late", "dropped", "fps_mean", "interval_ms", "delay_ms", "cpu_percent", "rss_mb")
COUNTED = ("requests_per_s", "request_p99", "preview_fps", "preview_mb_per_s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--previews", type=int, default=10)
    parser.add_argument("--connections", type=int, default=8, help="of wrk; 0 leaves it out")
    parser.add_argument("--path", default="/", help="what wrk asks for")
    parser.add_argument("--osc", type=int, default=1000, help="messages a second")
    parser.add_argument("--photo", default="mona-lisa")
    parser.add_argument("--only", choices=("quiet", "loaded"), help="one of the two runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("flags", nargs="*")
    options = parser.parse_args()
    if options.connections and shutil.which("wrk") is None:
        raise SystemExit("wrk is missing (apt install wrk), or leave it out with --connections 0")
    wanted = [options.only] if options.only else ["quiet", "loaded"]
    runs = {name: measure(options, loaded=name == "loaded") for name in wanted}
    if options.json:
        print(json.dumps(runs, indent=2))
        return
    for key in (*ROWS, *COUNTED):
        shown = [str(runs[name].get(key, "")) for name in wanted]
        print(f"{key:18} " + "   ".join(f"{text:>44}" for text in shown))
    print(f"{'section_ms':18} {runs[wanted[-1]]['section_ms']}")


if __name__ == "__main__":
    main()
