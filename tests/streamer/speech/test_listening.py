"""The ear alone: sounds made here, and what they do to the mouth."""

import numpy as np
import pytest

from streamer.speech.listening import QUIET_S, WIDEST, Heard, Listener
from tests.streamer.speech.signals import RATE, Course, noise, silence, voice


def hear(*parts: Course) -> list[Heard]:
    return Listener(RATE).hear(np.concatenate(parts))


def lips(heard: list[Heard]) -> Course:
    return np.array([row.values["lip_ratio"] for row in heard])


def syllables(count: int, gain: float = 1.0) -> Course:
    return np.concatenate([np.concatenate([voice(0.14) * gain, silence(0.08)])] * count)


def test_lips_are_closed_in_silence_and_open_in_a_vowel() -> None:
    mouth = lips(hear(silence(0.5), voice(0.3), silence(0.5)))

    assert mouth[:50].max() == 0.0
    assert mouth[55:78].min() > 0.5 * WIDEST
    assert mouth[-30:].max() == 0.0


def test_the_mouth_answers_within_two_hundredths_of_a_second() -> None:
    mouth = lips(hear(silence(0.5), voice(0.5)))

    half = np.argmax(mouth > 0.5 * WIDEST) * 0.01
    assert 0.5 <= half <= 0.53


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0, 3.0])
def test_gain_makes_no_difference_once_it_is_learned(gain: float) -> None:
    hiss = noise(6 * 0.22 + 4.0, 1e-4) * gain
    sound = np.concatenate([silence(4.0), syllables(6, gain)])
    mouth = lips(hear(sound + hiss[: len(sound)]))[400:]

    assert mouth.max() > 0.8 * WIDEST
    assert mouth.min() < 0.1 * WIDEST


@pytest.mark.parametrize("level", [0.0003, 0.003, 0.02])
def test_steady_noise_is_learned_and_does_not_move_the_mouth(level: float) -> None:
    heard = hear(noise(6.0, level))

    assert lips(heard)[200:].max() == 0.0
    assert not heard[-1].speaking


def test_speech_over_noise_still_closes_between_words() -> None:
    sound = np.concatenate([silence(3.0), syllables(4), silence(0.6), syllables(4)])
    mouth = lips(hear(sound + noise(len(sound) / RATE, 0.004)[: len(sound)]))[300:]

    assert mouth[:88].max() > 0.7 * WIDEST
    assert mouth[110:140].max() < 0.05 * WIDEST


def test_a_hiss_does_not_open_the_mouth_as_a_vowel_does() -> None:
    sharp = noise(0.3, 0.1)
    spectrum = np.fft.rfft(sharp)
    spectrum[: int(4500 * 0.3)] = 0.0  # an s: nothing below 4.5 kHz
    hiss = np.fft.irfft(spectrum, len(sharp))
    mouth = lips(hear(silence(0.5), syllables(4), hiss, silence(0.2)))

    at = 50 + 4 * 22
    assert mouth[at + 3 : at + 28].max() < 0.25 * WIDEST


def test_bright_vowels_spread_the_lips_and_dark_ones_round_them() -> None:
    bright, dark = (300.0, 2300.0), (350.0, 800.0)
    parts = [np.concatenate([voice(0.2, formants=f), silence(0.05)]) for f in [bright, dark] * 6]
    heard = hear(silence(0.3), *parts)
    last_bright, last_dark = heard[30 + 10 * 25 + 17].values, heard[30 + 11 * 25 + 17].values

    assert last_bright["grin"] > 2.0 > last_dark["grin"]
    assert last_dark["pout"] > 0.02 > last_bright["pout"]


@pytest.mark.parametrize("block", [1, 7, 160, 1000, 100_000])
def test_it_does_not_matter_how_the_sound_is_cut(block: int) -> None:
    sound = np.concatenate([silence(0.2), syllables(1)])
    whole = hear(sound)
    listener = Listener(RATE)
    parts = [
        row for k in range(0, len(sound), block) for row in listener.hear(sound[k : k + block])
    ]

    assert parts == whole


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 48_000, 96_000])
def test_every_rate_hears_the_same(rate: int) -> None:
    sound = np.concatenate([silence(0.5), syllables(3), silence(0.5)])
    t = np.arange(int(len(sound) / RATE * rate)) / rate
    heard = Listener(rate).hear(np.interp(t, np.arange(len(sound)) / RATE, sound))
    usual = lips(hear(sound))

    assert np.corrcoef(lips(heard)[: len(usual)], usual[: len(heard)])[0, 1] > 0.95


def test_rubbish_is_heard_as_silence() -> None:
    listener = Listener(RATE)
    for rubbish in (np.nan, np.inf, -np.inf, 1e30):
        rows = listener.hear(np.full(1600, rubbish, np.float32))
        assert all(np.isfinite(list(row.values.values())).all() for row in rows)
    assert listener.hear(np.zeros(0, np.float32)) == []


def test_loud_syllables_nod_and_ends_of_phrases_blink() -> None:
    heard = hear(silence(0.3), *[syllables(6), silence(0.6)] * 3)
    accents = [row.t for row in heard if row.accent]
    ends = [row.t for row in heard if row.phrase_ends]

    assert 3 <= len(accents) <= 9
    assert np.diff(accents).min() >= 0.7
    assert len(ends) == 3


def test_a_long_silence_ends_the_speech() -> None:
    heard = hear(silence(0.3), syllables(3), silence(2.0))
    spoke = [row.t for row in heard if row.speaking]

    assert spoke[0] == pytest.approx(0.32, abs=0.03)
    assert spoke[-1] == pytest.approx(0.3 + 3 * 0.22 - 0.08 + QUIET_S, abs=0.1)
