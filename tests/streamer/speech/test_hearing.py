"""Microphones and wave files that stand in for them."""

import threading
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.controls import VOICE, Controls
from streamer.errors import SpeechError
from streamer.parameters import neutral_face
from streamer.speech import hearing
from streamer.speech.hearing import Microphone, WaveHearing, open_hearing
from streamer.speech.voice import Voice
from streamer.speech.wave_file import read_wave
from tests.streamer.speech.signals import RATE, silence, voice, write_wave

SPEECH = np.concatenate([silence(0.2), voice(0.4), silence(1.2)])


class PortAudioError(Exception):
    """The library's own."""


class FakeLibrary:
    """Two microphones and a loudspeaker; what it plays comes in blocks of ten milliseconds."""

    PortAudioError = PortAudioError

    def __init__(self, *, devices: int = 3) -> None:
        self.devices = [
            {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48000.0},
            {"name": "Built-in Audio", "max_input_channels": 2, "default_samplerate": 48000.0},
            {"name": "USB Mic", "max_input_channels": 1, "default_samplerate": RATE},
        ][:devices]
        self.default = SimpleNamespace(device=(2, 0))
        self.opened: list[dict[str, Any]] = []
        self.started = threading.Event()
        self.callback: Callable[..., None] = lambda *_: None
        self.breaks = False

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def InputStream(self, **options: Any) -> "FakeLibrary":
        if self.breaks:
            raise PortAudioError("Device unavailable")
        self.opened.append(options)
        self.callback = options["callback"]
        return self

    def __enter__(self) -> None:
        self.started.set()

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""


def microphone(
    device: str = "default", library: FakeLibrary | None = None, controls: Controls | None = None
) -> tuple[Microphone, FakeLibrary, list[str]]:
    said: list[str] = []
    library = library or FakeLibrary()
    controls = controls or Controls()
    mic = Microphone(device, lambda rate: Voice(rate, controls), said.append, library=library)
    return mic, library, said


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("default", "USB Mic"),
        ("usb", "USB Mic"),
        ("1", "Built-in Audio"),
        ("Built", "Built-in Audio"),
    ],
)
def test_a_microphone_is_found_by_number_and_part_of_its_name(device: str, name: str) -> None:
    assert microphone(device)[0].name == name


def test_an_unknown_microphone_names_those_there_are() -> None:
    with pytest.raises(SpeechError, match=r"no microphone 'Rode'.*1 'Built-in Audio', 2 'USB Mic'"):
        microphone("Rode")
    with pytest.raises(SpeechError, match="no microphone '0'"):
        microphone("0")  # a loudspeaker


def test_a_machine_without_a_microphone_says_what_to_try() -> None:
    with pytest.raises(SpeechError, match=r"no microphone\. .*--mic FILE\.wav"):
        microphone(library=FakeLibrary(devices=1))


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SpeechError, match=r"pip install 'living-portrait\[mic\]'"):
        open_hearing("default", lambda rate: Voice(rate, Controls()), lambda text: None)


def test_what_the_microphone_hears_drives_the_mouth_and_its_end_gives_it_back() -> None:
    controls = Controls()
    mic, library, said = microphone(controls=controls)
    mic.start()
    assert library.started.wait(60)
    driven = []
    for k in range(0, int(0.7 * RATE), 160):
        block = SPEECH[k : k + 160].astype(np.float32)[:, None]
        library.callback(block, 160, None, None)
        wait_until(lambda: mic._blocks.empty())
        driven.append(controls.snapshot().driven.get(VOICE))
    mic.stop()

    assert any(given and given["lip_ratio"].value > 0.1 for given in driven)
    assert VOICE not in controls.snapshot().driven
    assert library.opened[0]["blocksize"] == 160
    assert said == [""]


def test_a_microphone_that_cannot_be_opened_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing, "RETRY_S", 0.01)
    library = FakeLibrary()
    library.breaks = True
    mic, _, said = microphone(library=library)
    mic.start()
    wait_until(lambda: len(said) >= 2)
    library.breaks = False
    assert library.started.wait(60)
    mic.stop()

    assert "Device unavailable" in said[0]
    assert "tried again" in said[0]


def test_a_microphone_that_falls_silent_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "RETRY_S", 0.01)
    monkeypatch.setattr(hearing, "MUTE_S", 0.05)
    mic, library, said = microphone()
    mic.start()
    wait_until(lambda: len(library.opened) >= 2)
    mic.stop()

    assert "gives no sound" in said[0]


def test_sound_that_nobody_fetches_is_dropped_the_oldest_first() -> None:
    mic, _, _ = microphone()
    for k in range(hearing.MAX_WAITING + 50):
        mic._take(np.full((1, 1), k, np.float32), 1, None, None)

    assert mic._blocks.qsize() == hearing.MAX_WAITING
    assert mic._blocks.get()[0] == 50


def test_a_wave_file_plays_at_its_own_pace_and_ends(tmp_path: Path) -> None:
    controls = Controls()
    samples, rate = read_wave(write_wave(tmp_path / "a.wav", SPEECH))
    clock = iter(np.arange(0, 10, 0.1)).__next__
    played = WaveHearing(samples, rate, Voice(rate, controls), now=lambda: float(clock()))
    played.start()
    played._thread.join(60)

    assert not played._thread.is_alive()
    assert VOICE not in controls.snapshot().driven
    assert controls.snapshot().cues == () or controls.snapshot().cues[0].source == VOICE
    played.stop()


def test_a_voice_moves_no_mouth_that_may_not_speak() -> None:
    controls = Controls()
    mute = Voice(RATE, controls, allowed=lambda: False)
    mute.feed(SPEECH[: int(0.5 * RATE)])
    assert VOICE not in controls.snapshot().driven

    Voice(RATE, controls).feed(SPEECH[: int(0.5 * RATE)])  # another program, an older take
    assert controls.snapshot().driven[VOICE]["lip_ratio"].value > 0.1
    rest = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
    acting = Animator(seed=1, rest=rest, presets={}, styles={})
    acting.may_speak = False
    for k in range(30):
        face = acting.at(k / 30, controls.snapshot())
    assert {name: face[name] for name in ("lip_ratio", "grin", "pout", "purse")} == {
        name: rest[name] for name in ("lip_ratio", "grin", "pout", "purse")
    }


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_wave_files_of_every_width_are_read(tmp_path: Path, width: int, channels: int) -> None:
    wanted = np.sin(np.arange(800) / 10) * 0.5
    whole = np.repeat(wanted, channels)
    data = {
        1: lambda: (whole * 127 + 128).astype(np.uint8).tobytes(),
        2: lambda: (whole * 32767).astype("<i2").tobytes(),
        3: lambda: (
            (whole * (2**31 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
        ),
        4: lambda: (whole * (2**31 - 1)).astype("<i4").tobytes(),
    }[width]()
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, RATE, 0, "NONE", ""))
        file.writeframes(data)
    samples, rate = read_wave(path)

    assert rate == RATE
    assert np.allclose(samples, wanted, atol=0.015)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "no wave file"),
        (b"ID3 this is an mp3", "ffmpeg -i"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no wave file"),
    ],
)
def test_what_is_no_wave_file_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpeechError, match=message):
        read_wave(path)


def test_a_wave_file_without_sound_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="no sound"):
        read_wave(write_wave(tmp_path / "a.wav", silence(0.0)))


def wait_until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(2000):
        if true():
            return
        pause.wait(0.003)
    raise AssertionError("it did not happen")
