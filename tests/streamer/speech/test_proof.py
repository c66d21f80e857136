"""Held against speech: the mouth opens as the sound swells, soon enough to be believed."""

from pathlib import Path

import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.controls import Controls, Wishes
from streamer.parameters import neutral_face
from streamer.resources import shipped
from streamer.speech.voice import PlayedVoice
from streamer.speech.wave_file import read_wave
from tests.streamer.speech.signals import best_lag, envelope, spoken

LIBRARY = PresetLibrary([shipped("presets")])
SENTENCES = (
    ("ko", "안녕하세요, 반갑습니다. 오늘은 날씨가 참 좋네요."),
    ("ko", "저는 오래된 그림입니다. 말을 하니까 신기하지요?"),
    ("en-us", "Hello, nice to meet you. How are you today?"),
    ("en-us", "I am a painting, but I can talk, and I move my mouth while you speak."),
)
LEAST = 0.7
LATEST_S = 0.080


@pytest.mark.parametrize("gain", [1.0, 0.03])
@pytest.mark.parametrize(("language", "text"), SENTENCES)
def test_the_mouth_on_screen_follows_a_voice(
    tmp_path: Path, language: str, text: str, gain: float
) -> None:
    path = spoken(text, language, tmp_path / "voice.wav")
    samples, rate = read_wave(path)
    if gain != 1.0:
        from tests.streamer.speech.signals import write_wave

        write_wave(path, samples * gain, rate)
    controls = Controls(Wishes(idle_strength=0.0))
    played = PlayedVoice(path, controls, known=lambda name: True)
    rest = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
    acting = Animator(seed=1, rest=rest, presets=LIBRARY.presets, styles=LIBRARY.idle_styles)
    mouth = []
    for k in range(int(played.length_s * 30)):
        played.hear(k / 30)
        mouth.append(acting.at(k / 30, controls.snapshot())["lip_ratio"])

    # At 100 values a second, so that the lag is not one of whole frames.
    times = np.arange(int(played.length_s * 100)) / 100
    shown = np.interp(times, np.arange(len(mouth)) / 30, mouth)
    alike, lag_s = best_lag(envelope(samples, rate, 100), shown, 100)
    print(f"{language}: correlation {alike:.2f}, {lag_s * 1000:.0f} ms late")
    assert alike >= LEAST
    assert lag_s <= LATEST_S
