"""Headless Chromium as the program that shows the camera: what a meeting in the browser sees.

Slow (a minute and more, emulated), so it has a switch of its own: ``python -m tests.vm --browser``.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streamer.sinks.camera import CameraSink
from tests.vm import guest
from tests.vm.fed import Fed
from tests.vm.inside_product import Product

# Debian's binary itself: the wrapper in /usr/bin is a shell script, seconds when emulated.
PORT = 8000
CHROMIUM = Path("/usr/lib/chromium/chromium")

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif(os.environ.get("PORTRAIT_VM_BROWSER") != "1", reason="needs --browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.usefixtures("fresh_driver"),
]

# Says once a second what the camera shows: its name, size, state, the colour in the middle of the
# first bars, how many frames were shown so far, and the longest time without one (s).
PAGE = """<!doctype html><video id=v autoplay muted></video><script>
const say = (what) => fetch('/say', {method: 'POST', body: JSON.stringify(what)});
(async () => {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({video: true});
    const track = stream.getVideoTracks()[0];
    v.srcObject = stream;
    let frames = 0, last = performance.now(), gap = 0;
    const shown = () => {
      const now = performance.now();
      frames += 1; gap = Math.max(gap, now - last); last = now;
      v.requestVideoFrameCallback(shown);
    };
    v.requestVideoFrameCallback(() => { last = performance.now(); shown(); });
    const canvas = new OffscreenCanvas(640, 360), context = canvas.getContext('2d');
    setInterval(() => {
      context.drawImage(v, 0, 0);
      const pixels = context.getImageData(0, 0, 640, 360).data;
      const at = (x) => Array.from(pixels.slice(4 * (180 * 640 + x), 4 * (180 * 640 + x) + 3));
      say({label: track.label, state: track.readyState, muted: track.muted,
           frames, gap: Math.max(gap, performance.now() - last) / 1000,
           width: v.videoWidth, height: v.videoHeight, bars: [40, 120, 200, 280].map(at)});
    }, 1000);
  } catch (error) { say({error: String(error)}); }
})();
</script>"""


class Page(BaseHTTPRequestHandler):
    said: ClassVar[list[dict[str, Any]]] = []

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Page.said.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[None]:
    Page.said.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, name="test-page")
    thread.start()
    browser = subprocess.Popen(
        [
            *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-dev-shm-usage", "--use-fake-ui-for-media-stream"),
            *(f"--user-data-dir={folder}", f"http://localhost:{server.server_port}/"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        browser.terminate()
        browser.wait()
        server.shutdown()
        server.server_close()
        thread.join()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(count: int, timeout_s: float) -> dict[str, Any]:
    end = time.monotonic() + timeout_s
    while len(Page.said) < count:
        assert time.monotonic() < end, Page.said
        time.sleep(0.2)
    return Page.said[-1]


def lives(since: int, frames: int) -> dict[str, Any]:
    """Wait until the page was shown so many more frames; it has never lost the camera."""
    before = Page.said[-1].get("frames", 0)
    end = time.monotonic() + 120
    while Page.said[-1].get("frames", 0) < before + frames:
        assert time.monotonic() < end, Page.said[-3:]
        time.sleep(0.2)
    for said in Page.said[since:]:
        assert said.get("state") == "live", said
        assert not said["muted"], said
    return Page.said[-1]


def test_whatever_becomes_of_the_renderer_the_page_is_shown_frames(tmp_path: Path) -> None:
    program = Fed(tmp_path, guest.WIDTH, guest.HEIGHT)
    try:
        program.until(guest.readable, "the camera")
        with chromium(tmp_path / "chromium"):
            wait_for(3, timeout_s=240)
            lives(0, 20)
            renderer = program.renderer()
            os.kill(renderer, signal.SIGSTOP)
            time.sleep(12)  # longer than a browser's patience
            os.kill(renderer, signal.SIGCONT)
            lives(0, 20)
            os.kill(renderer, signal.SIGKILL)
            program.until(lambda: program.renderer() != renderer, "another renderer")
            last = lives(0, 60)
    finally:
        program.end()

    print(last)
    assert last["gap"] < 5.0, last


def test_photo_engine_and_renderer_change_while_a_page_watches(tmp_path: Path) -> None:
    """The whole product, as slow as it is on an emulated processor."""

    def ask(method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def answers(what: Callable[[dict[str, Any]], Any]) -> None:
        end = time.monotonic() + 300
        while True:
            with contextlib.suppress(OSError):
                if what(ask("GET", "/state")):
                    return
            assert time.monotonic() < end, "the product does not get there"
            time.sleep(0.5)

    product = Product(tmp_path, "--panel", f"127.0.0.1:{PORT}", "--seconds", "900")
    try:
        answers(lambda state: state["frames"] > 5 and state["camera"]["status"] == "attached")
        with chromium(tmp_path / "chromium"):
            wait_for(3, timeout_s=240)
            lives(0, 10)
            ask("POST", "/photos", {"name": "mona-lisa"})
            answers(lambda state: state["photo"] == "mona-lisa")
            lives(0, 10)
            ask("PUT", "/engine", {"engine": "auto"})
            lives(0, 10)
            pid = ask("GET", "/state")["processes"]["renderer"]
            os.kill(pid, signal.SIGKILL)
            answers(lambda state: state["processes"]["renderer"] != pid)
            answers(lambda state: state["photo"] == "mona-lisa")
            last = lives(0, 20)
    finally:
        product.end()

    print(last)
    assert last["gap"] < 9.0, last


def test_a_page_lists_the_camera_shows_its_colours_and_survives_silence(tmp_path: Path) -> None:
    bars = guest.moving_bars()[:1]
    sink = CameraSink("auto", guest.WIDTH, guest.HEIGHT, 30)
    with contextlib.closing(sink), chromium(tmp_path):
        with guest.sending(sink, bars, fps=10):
            wait_for(1, timeout_s=240)
            first = wait_for(len(Page.said) + 3, timeout_s=60)
        time.sleep(14)  # the renderer is silent for longer than a browser's patience
        last = wait_for(len(Page.said) + 2, timeout_s=60)

    for said in (first, last):
        assert said.get("label") == "Living Portrait", said
        assert (said["width"], said["height"]) == (guest.WIDTH, guest.HEIGHT)
        assert said["state"] == "live"
        for seen, sent in zip(said["bars"], guest.BARS, strict=False):
            assert max(abs(a - b) for a, b in zip(seen, sent, strict=True)) <= 6, said
    assert not last["muted"]
