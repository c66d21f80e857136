"""Whole messages, as they come from the parts that say them, leave no English in Korean."""

import re
from collections.abc import Iterator

import pytest

from control.ports import taken_message
from control.translations.catalogue import korean
from streamer.sinks import network_advice
from tests.test_docs_messages import camera_messages


def english_in(said: str) -> list[str]:
    """Return runs of English words outside of commands, quotes and names that one clicks on."""
    words = re.sub(r"`[^`]*`|'[^']*'|\([^)]*\)|https?://\S+", "", said)
    return re.findall(r"(?:\b[a-z]{2,} ){2,}[a-z]{2,}\b", words)


def network_messages() -> Iterator[str]:
    for reason in network_advice.REASONS:
        for url in ("rtmp://desk/live/KEY", "rtsp://desk:8554/x", "srt://desk:9000"):
            yield network_advice.advice(reason, "Connection refused", url)


@pytest.mark.parametrize("message", sorted({*camera_messages(), *network_messages()}))
def test_what_is_said_of_cameras_and_streams(message: str) -> None:
    said = korean()(message.strip())

    assert english_in(said.replace("sudo apt install", "").replace("brew install", "")) == []
    assert re.findall(r"`[^`]*`", said) == re.findall(r"`[^`]*`", message)


@pytest.mark.parametrize("door", ["page", "OSC", "VMC", "OSCQuery"])
@pytest.mark.parametrize("who", ["", "python3 (pid 12)", "another Living Portrait (process 7)"])
def test_what_is_said_of_a_port(door: str, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    monkeypatch.setattr("control.ports.holder", lambda *_: who)
    for code in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
        exc = OSError(code, {errno.EACCES: "Permission denied"}.get(code, "Address already in use"))
        message = taken_message(door, "--x", "127.0.0.1", 8000, exc)  # type: ignore[arg-type]

        assert english_in(korean()(message)) == []
        assert "127.0.0.1" in korean()(message)


@pytest.mark.parametrize(
    ("english", "said"),
    [
        (
            "No face was found in 'me.png'. Use a picture whose face looks at the camera, is "
            "larger and better lit; or mark the two pupils yourself: living-portrait landmarks "
            "'me.png' --eyes X,Y X,Y",
            "'me.png'에서 얼굴을 찾지 못했습니다. 카메라를 보는 얼굴이 더 크고 밝은 사진을 쓰거나, "
            "눈동자 두 개를 직접 찍으세요: living-portrait landmarks 'me.png' --eyes X,Y X,Y",
        ),
        (
            "Portrait 'x' was not taken: '/a.png' is empty. Copy or download the picture again.",
            "초상 'x'(으)로 바꾸지 못했습니다: '/a.png'이(가) 비어 있습니다. "
            "사진을 다시 복사하거나 내려받으세요.",
        ),
        (
            "a.yaml: keyframe 3, smile: found 4 is out of range, expected a number from 0 to 1.",
            "a.yaml: keyframe 3, smile: 4는 범위를 벗어났습니다. 알맞은 값: 0에서 1까지의 수.",
        ),
        (
            "There is no photo 'mona'. Did you mean 'mona-lisa'? There are: mona-lisa and 3 more.",
            "사진 'mona'이(가) 없습니다. 'mona-lisa'을(를) 찾으셨나요? 있는 것: mona-lisa 외 3개.",
        ),
        (
            "The take cannot be written to /x/t.yaml: No space left on device.",
            "녹화를 /x/t.yaml에 쓸 수 없습니다: 디스크에 남은 공간이 없습니다.",
        ),
    ],
)
def test_messages_within_messages(english: str, said: str) -> None:
    assert korean()(english) == said
