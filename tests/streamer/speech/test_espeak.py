"""The optional ear: what espeak-ng answers becomes sounds; whatever goes wrong, rules remain."""

import pytest

from streamer.speech import espeak
from streamer.speech.espeak import listener, sounds_of
from streamer.speech.sounds import Sound
from streamer.speech.speech import speech_of


def shapes(sounds: list[Sound]) -> str:
    return "".join(sound.shape for sound in sounds)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("h_ə_l_ˈoʊ", "kvtou"),
        ("n_ˈaɪ_s", "tais"),
        ("tʃ_ˈɪ_n", "cit"),
        ("f_ˈɪ_ʃ", "fic"),
        ("w_ˈɜː_l_d", "wvtt"),
        ("j_ˈuː", "ju"),
        ("ˈeɪ_p_əl", "eimvt"),
        ("", ""),
        ("?_!", ""),
    ],
)
def test_phonemes_become_shapes(word: str, expected: str) -> None:
    assert shapes(sounds_of(word))[: len(expected)] == expected


def test_stress_and_length_are_kept() -> None:
    sounds = sounds_of("m_ˈiː_t")

    assert sounds[1].accent
    assert sounds[1].length_s > sounds_of("m_ɪ_t")[1].length_s
    assert not sounds_of("m_ɪ_t")[1].accent


def test_it_is_asked_once_for_a_phrase_and_not_for_hangul() -> None:
    asked = []

    def run(command: list[str], text: str, timeout_s: float) -> str:
        asked.append((command[0], text.strip(), timeout_s))
        return "h_ə_l_ˈoʊ ð_ˈɛ_ɹ\n"

    speech = speech_of("Hello there, 안녕", listener("/bin/espeak-ng", run=run, now=lambda: 0.0))

    assert asked == [("/bin/espeak-ng", "Hello there", espeak.BUDGET_S)]
    assert speech.sounds.startswith("k60 v")


def test_a_slow_or_broken_program_leaves_the_rules() -> None:
    clock = iter([0.0, 0.1, 0.9, 1.1, 1.2]).__next__
    calls = []

    def run(command: list[str], text: str, timeout_s: float) -> str:
        calls.append(timeout_s)
        raise OSError("no answer")

    speech = speech_of("one, two, three, four", listener("x", run=run, now=clock))

    assert speech.sounds == speech_of("one, two, three, four").sounds
    assert calls == [pytest.approx(0.9), pytest.approx(0.1)]


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(OSError, match="timed out"):
        espeak._run(["sleep", "30"], "", 0.05)


def test_without_the_program_nothing_is_run() -> None:
    assert listener(None)("hello") is None


def test_the_real_one_says_what_the_rules_do_not_know() -> None:
    program = espeak.find()
    if program is None:
        pytest.skip("espeak-ng is not installed: sudo apt install espeak-ng")
    words = listener(program)("thorough tough")

    assert words is not None
    assert shapes(words[1]) == "tvf"
