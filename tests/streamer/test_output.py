"""What leaves the stream, and where it can be seen instead."""

import pytest

from streamer import Config
from streamer.output import preview_url


@pytest.mark.parametrize(
    ("panel", "url"),
    [
        ("off", ""),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/preview.mjpg"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000/preview.mjpg"),
        ("[::]:9000", "http://[::1]:9000/preview.mjpg"),
        ("192.168.0.10:8000", "http://192.168.0.10:8000/preview.mjpg"),
    ],
)
def test_the_live_picture_has_an_address_that_works_here(panel: str, url: str) -> None:
    assert preview_url(Config(panel=panel)) == url
