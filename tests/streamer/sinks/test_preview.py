import io
import threading

import numpy as np
from PIL import Image

from streamer.sinks.preview import PreviewSink

WAIT_S = 60.0


def frame(value: int) -> np.ndarray:
    return np.full((36, 64, 3), (value, 0, 255 - value), np.uint8)


def test_nothing_is_encoded_without_a_viewer() -> None:
    preview = PreviewSink()

    preview.send(frame(10), 0.0)

    assert not [t for t in threading.enumerate() if t.name == "preview"]
    preview.close()


def test_a_viewer_gets_the_newest_frame_in_the_right_colours() -> None:
    preview = PreviewSink()
    try:
        with preview.viewer() as viewer:
            preview.send(frame(200), 0.0)
            jpeg = viewer.next(WAIT_S)

        assert jpeg is not None
        red, green, blue = Image.open(io.BytesIO(jpeg)).convert("RGB").getpixel((32, 18))
        assert abs(red - 200) < 8
        assert green < 8
        assert abs(blue - 55) < 8
    finally:
        preview.close()


def test_ten_viewers_share_one_encoding() -> None:
    preview = PreviewSink()
    try:
        with preview.viewer() as first, preview.viewer() as second:
            preview.send(frame(1), 0.0)
            assert first.next(WAIT_S) is second.next(WAIT_S)
    finally:
        preview.close()


def test_a_viewer_without_news_gets_none_after_its_time() -> None:
    preview = PreviewSink()
    try:
        with preview.viewer() as viewer:
            assert viewer.next(0.01) is None
    finally:
        preview.close()


def test_closing_wakes_a_waiting_viewer_at_once() -> None:
    preview = PreviewSink()
    got: list[bytes | None] = []
    ready = threading.Event()

    def watch() -> None:
        with preview.viewer() as viewer:
            ready.set()
            got.append(viewer.next(60.0))

    thread = threading.Thread(target=watch)
    thread.start()
    ready.wait(WAIT_S)
    preview.close()
    thread.join(WAIT_S)

    assert got == [None]
