"""What leaves the stream, and where it can be seen instead."""

import logging
import socket

import pytest

from streamer import Config, ConfigError
from streamer.output import preview_url
from streamer.stream import Stream
from tests.waiting import wait_until


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


@pytest.fixture
def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"rtmp://me:PASSW0RD@127.0.0.1:{probe.getsockname()[1]}/live/K3Y"


def test_a_network_stream_without_a_receiver_is_told_and_slows_nothing(
    nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = Config(
        engine="warp", camera="none", size="320x180", panel="off", osc="off", seed=1, stream=nobody
    )
    stream = Stream(config)
    stream.start()
    try:
        wait_until(lambda: "Nothing listens at" in str(stream.health()[1]["problems"]))
        frames = stream.stats.frames
        state, report = stream.state(), stream.report()
        wait_until(lambda: stream.stats.frames >= frames + 5)
    finally:
        stream.stop()

    assert state["stream"]["status"] == "waiting"  # type: ignore[index]
    assert state["stream"]["url"].startswith("rtmp://127.0.0.1:")  # type: ignore[index]
    assert report["stream"]["skipped"] == 0  # type: ignore[index]
    said = repr(state) + repr(report) + caplog.text + repr(stream.choices())
    assert "PASSW0RD" not in said
    assert "K3Y" not in said


def test_another_size_and_rate_reach_the_stream_and_the_badge_stays() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        config = Config(
            engine="warp",
            camera="none",
            size="320x180",
            seed=1,
            badge="ai",
            stream=f"udp://127.0.0.1:{receiver.getsockname()[1]}",
            stream_encoder="libx264",
        )
        stream = Stream(config)
        stream.start()
        try:
            for size in ("320x180", "640x360"):
                stream.change_output(size=size, fps=20.0)
                wait_until(lambda size=size: stream.state()["stream"]["size"] == size)
            assert stream.state()["badge"] == "ai"
            assert stream.choices()["badge"] == "ai"
            stream.set_badge("off")
            assert stream.state()["badge"] == "off"
            with pytest.raises(ConfigError, match="off, ai"):
                stream.set_badge("AI!")
        finally:
            stream.stop()
