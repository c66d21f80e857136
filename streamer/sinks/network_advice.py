"""What to do when a network stream does not reach its receiver, in plain words."""

from typing import Final
from urllib.parse import urlsplit

from streamer.stream_url import shown_url

AGAIN: Final = "It is tried again by itself."

# Short names of what may be wrong, for programs; another is told in its own words.
REASONS: Final = (
    *("refused", "unknown-host", "no-answer", "not-allowed", "no-srt", "no-protocol"),
    *("encoder", "slow", "lost"),
)


def advice(reason: str, text: str, url: str) -> str:
    """Return one or two sentences for a reason; ``text`` is what the library said, redacted."""
    place, host = shown_url(url), urlsplit(url).hostname or ""
    told = f" ({text})" if text else ""
    if reason == "refused":
        return (
            f"Nothing listens at {place} yet: start the receiver there, or correct the address of "
            f"--stream. {AGAIN} {_receiver(url)}"
        )
    if reason == "unknown-host":
        return (
            f"The name '{host}' of --stream is not known in this network. Correct it, or give the "
            f"machine's number, such as 192.168.1.20. {AGAIN}"
        )
    if reason == "no-answer":
        return (
            f"The receiver at {place} does not answer. Look whether that machine is on, and "
            f"whether its firewall lets the port through. {AGAIN}"
        )
    if reason == "not-allowed":
        return (
            f"The receiver at {place} does not let this stream in{told}. Give the name and "
            f"password, or the stream key, that it knows. {AGAIN}"
        )
    if reason == "no-srt":
        return (
            "SRT is sent through the program ffmpeg, which was not found here. Install it "
            "(Debian, Ubuntu: sudo apt install ffmpeg · macOS: brew install ffmpeg · Windows: "
            "winget install ffmpeg), or take udp:// or rtsp:// instead."
        )
    if reason == "no-protocol":
        return f"This PyAV cannot send to {place}{told}. Take another kind of address for --stream."
    if reason == "encoder":
        return (
            f"The stream cannot be encoded: {text}. Take --stream-encoder libx264, which works "
            "everywhere."
        )
    if reason == "slow":
        return (
            f"The stream to {place} cannot keep up: {text}. Take a smaller --size or a lower "
            "--fps, or a faster network or receiver; the camera and the page are not slowed."
        )
    return f"The connection to {place} broke{told}. {AGAIN}"


def _receiver(url: str) -> str:
    """What a receiver would be."""
    scheme = urlsplit(url).scheme
    if scheme in ("rtmp", "rtmps"):
        return "That is MediaMTX; or to try it: `ffplay -listen 1 rtmp://0.0.0.0:1935/live/KEY`"
    if scheme == "rtsp":
        return (
            "That is MediaMTX; or to try it: `ffplay -rtsp_flags listen rtsp://0.0.0.0:8554/NAME`"
        )
    return (
        "That is a Media Source in OBS; or to try it: `ffplay 'srt://0.0.0.0:9000?mode=listener'`"
    )
