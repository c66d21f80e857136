"""Draw the pictures of docs/controllers.md: what `export` writes, as its own drawing shows it.

python -m benchmarks.controller_pictures [--out docs] [--chromium /usr/bin/chromium]
"""

import argparse
import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from control.export.board import GRIDS, Language, make_board
from control.export.picture import keys_picture, layout_picture
from control.export.streamdeck import board_for
from streamer import Config
from streamer.stream import Stream


def pictures(language: Language) -> dict[str, str]:
    stream = Stream(Config(camera="none"))
    board = make_board(stream.presets.presets.values(), stream.photos.entries(), language)
    return {
        "companion": keys_picture(board, *GRIDS[15], "Companion"),
        "touchosc": layout_picture(board),
        "streamdeck": keys_picture(board_for(board, "timebutt"), *GRIDS[32], "Stream Deck XL"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--force-device-scale-factor=1"]
        )
        for name, svg in {**pictures("en"), "companion-ko": pictures("ko")["companion"]}.items():
            size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
            assert size is not None
            width, height = (int(float(part)) for part in size.groups())
            # Of a layout the first two pages say it all.
            height = min(height, 1620)
            scale = 0.6 if name == "touchosc" else 1.0
            page = browser.new_page(
                viewport={"width": int(width * scale), "height": int(height * scale)}
            )
            page.set_content(f'<body style="margin:0;zoom:{scale}">{svg}</body>')
            shot = io.BytesIO(page.screenshot())
            file = options.out / f"controller-{name}.png"
            Image.open(shot).convert("RGB").quantize(128).save(file, optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
