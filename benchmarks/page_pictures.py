"""Take the pictures of the control page for the documents, with the product and a real browser.

    python -m benchmarks.page_pictures [--out docs] [--only NAME ...]

Needs Playwright and a chromium. The stream runs in a folder of its own, without what was chosen on
this machine before, and stops at the end.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

QUALITY = 82
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
START_S = 30.0
SMILE_S = 8.0  # long enough for a browser under load to catch its middle


def rested(page: Any) -> None:
    """A moment without a blink, a glance or a late frame of the start."""
    page.request.put("/idle", data={"strength": 0.0})
    page.wait_for_timeout(2500)


def smiling(page: Any) -> None:
    rested(page)
    page.request.post("/trigger/smile", data={"length_s": SMILE_S})
    page.wait_for_selector(".preset.playing")
    page.wait_for_timeout(SMILE_S * 1000 * 0.42)


def portraits(page: Any) -> None:
    smiling(page)
    page.click("#tab-portrait")
    page.locator(".tabs").evaluate("e => scrollBy(0, e.getBoundingClientRect().top - 225)")


def editor(page: Any) -> None:
    rested(page)
    page.click("#tab-editor")
    page.select_option("#editor-preset", "surprise")
    page.wait_for_timeout(800)
    box = page.locator("#timeline").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.36 * box["width"], box["y"] + 40, steps=5)
    page.wait_for_timeout(700)


def camera(page: Any) -> None:
    rested(page)
    page.click("#tab-choices")
    page.wait_for_selector("#weights-start:visible")
    page.wait_for_timeout(300)


def landmarks(page: Any) -> None:
    rested(page)
    page.click("#tab-portrait")
    page.locator(".photo-item").first.hover()
    page.locator(".tool-points").first.click()
    page.wait_for_selector(".dots circle")
    page.wait_for_timeout(800)


@dataclass(frozen=True)
class Shot:
    """One picture: who looks at the page, what they did before, and the part of it that is kept."""

    do: Callable[[Any], None]
    locale: str = "en-US"
    size: dict[str, int] | None = None
    scheme: str = "dark"
    part: str | None = None


SHOTS = {
    "page-en": Shot(smiling),
    "page-ko": Shot(smiling, "ko-KR"),
    "page-phone-en": Shot(smiling, size=PHONE),
    "page-phone-ko": Shot(portraits, "ko-KR", PHONE, "light"),
    "editor-en": Shot(editor),
    "camera-en": Shot(camera, scheme="light", part=".side"),
    "landmarks-en": Shot(landmarks),
}


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def wait_for(running: subprocess.Popen[bytes], url: str) -> None:
    """Until the page listens, or the product has ended."""
    host, port = url.split(":")
    end = time.monotonic() + START_S
    while running.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the product did not open its page at {url}")


@contextlib.contextmanager
def product(home: Path) -> Iterator[str]:
    """The product on ports of its own; yields the page's address."""
    url = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
    osc = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    command = [sys.executable, "-m", "control", "run", "--camera", "none", "--panel", url]
    env = {**os.environ, "LIVING_PORTRAIT_HOME": str(home)}
    running = subprocess.Popen([*command, "--osc", osc, "--photo", "mona-lisa"], env=env)
    try:
        wait_for(running, url)
        yield f"http://{url}"
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(timeout=15)


def cut(page: Any, part: str | None) -> dict[str, Any]:
    """What of the page is kept: the window, or a part with a margin."""
    if part is None:
        return {}
    box = page.locator(part).bounding_box()
    x, y = max(box["x"] - 12, 0), max(box["y"] - 12, 0)
    clip = {"x": x, "y": y, "width": box["width"] + 24, "height": box["height"] + 24}
    return {"full_page": True, "clip": clip}


def take(browser: Any, url: str, shot: Shot) -> Image.Image:
    phone = shot.size is PHONE
    context = browser.new_context(
        base_url=url,
        viewport=shot.size or DESKTOP,
        locale=shot.locale,
        color_scheme=shot.scheme,
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2 if phone else 1,
    )
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector(".preset")
    page.wait_for_selector("#preview:visible")
    shot.do(page)
    page.request.put("/idle", data={"strength": 1.0})  # as it is shown
    page.wait_for_timeout(150)
    taken = Image.open(BytesIO(page.screenshot(**cut(page, shot.part)))).convert("RGB")
    page.request.post("/stop")
    context.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--only", nargs="+", choices=SHOTS, default=list(SHOTS))
    asked = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with (
        tempfile.TemporaryDirectory() as home,
        product(Path(home)) as url,
        sync_playwright() as playwright,
    ):
        os.nice(15)  # the stream goes first where cores are few
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for name in asked.only:
            path = asked.out / f"{name}.jpg"
            take(browser, url, SHOTS[name]).save(path, quality=QUALITY, optimize=True)
            print(f"written: {path}, {path.stat().st_size // 1000} KB")
        browser.close()


if __name__ == "__main__":
    main()
