"""How many bits a picture gets."""

import re
from pathlib import Path

from streamer.sinks.network_tracks import bit_rate_of

DOCS = Path(__file__).parents[3] / "docs"


def test_more_pixels_get_more_bits_within_bounds() -> None:
    assert bit_rate_of(1280, 720, 30) == 2_488_320
    assert bit_rate_of(64, 64, 1) == 500_000
    assert bit_rate_of(4096, 4096, 60) == 8_000_000


def test_the_document_has_the_bit_rates_of_the_code() -> None:
    text = (DOCS / "streaming.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| (\d+)x(\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(rows) >= 4
    for width, height, kbit_s in rows:
        assert round(bit_rate_of(int(width), int(height), 30.0) / 1000) == int(kbit_s)
