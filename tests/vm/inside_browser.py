"""Headless Chromium as the program that shows the camera: what a meeting in the browser sees.

Slow (a minute and more, emulated), so it has a switch of its own: ``python -m tests.vm --browser``.
"""

import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streamer.sinks.camera import CameraSink
from tests.vm import guest

# Debian's binary itself: the wrapper in /usr/bin is a shell script, seconds when emulated.
CHROMIUM = Path("/usr/lib/chromium/chromium")

pytestmark = [
    pytest.mark.vm,
    pytest.mark.skipif(os.environ.get("PORTRAIT_VM_BROWSER") != "1", reason="needs --browser"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.usefixtures("fresh_driver"),
]

# Says once a second what the camera shows: its name, size, state, and the colour in the middle of
# the first bar.
PAGE = """<!doctype html><video id=v autoplay muted></video><script>
const say = (what) => fetch('/say', {method: 'POST', body: JSON.stringify(what)});
(async () => {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({video: true});
    const track = stream.getVideoTracks()[0];
    v.srcObject = stream;
    const canvas = new OffscreenCanvas(640, 360), context = canvas.getContext('2d');
    setInterval(() => {
      context.drawImage(v, 0, 0);
      const pixels = context.getImageData(0, 0, 640, 360).data;
      const at = (x) => Array.from(pixels.slice(4 * (180 * 640 + x), 4 * (180 * 640 + x) + 3));
      say({label: track.label, state: track.readyState, muted: track.muted,
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
