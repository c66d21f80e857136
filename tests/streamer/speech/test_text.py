"""Text to sounds: what is said of Korean, English, and of everything else that people type."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.errors import SpeechError
from streamer.speech import korean, latin
from streamer.speech.shapes import SHAPES
from streamer.speech.sounds import Sound, length_of, read_sounds, written
from streamer.speech.speech import speech_of
from streamer.speech.text import BREATH_S, MAX_LETTERS, cleaned, sounds_of


def shapes(text: str) -> str:
    return "".join(sound.shape for sound in sounds_of(cleaned(text)))


def syllables(text: str) -> int:
    return sum(SHAPES[shape].vowel for shape in shapes(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("안녕", "attjvk"),  # ㅏ ㄴ + ㄴ ㅕ ㅇ
        ("바보", "mamo"),
        ("우유", "uju"),
        ("의사", "yisa"),
        ("왜", "we"),
        ("읽다", "ikta"),  # ㄺ is heard as ㄱ
        ("밥이", "mami"),  # the final is said with the vowel that follows
        ("강아지", "kakasi"),  # ㅇ never moves
        ("좋아", "soa"),  # ㅎ is not heard between vowels
        ("값이", "kamsi"),
        ("옷", "ot"),  # ㅅ closes like ㄷ
        ("앞", "am"),
    ],
)
def test_hangul_is_said_by_its_letters(text: str, expected: str) -> None:
    assert shapes(text) == expected


@pytest.mark.parametrize(
    ("word", "count"),
    [("hello", 2), ("people", 2), ("nice", 1), ("time", 1), ("today", 2), ("banana", 3)],
)
def test_english_words_have_their_syllables(word: str, count: int) -> None:
    vowels = [k for k, s in enumerate(shapes(word)) if SHAPES[s].vowel]
    nuclei = [k for k in vowels if k - 1 not in vowels]  # two vowels in a row are one glide

    assert len(nuclei) == count


@pytest.mark.parametrize("word", ["map", "mom", "Bob", "pope", "hmm", "b"])
def test_lips_close_for_m_b_and_p(word: str) -> None:
    assert shapes(word).count("m") == sum(letter in "mbp" for letter in word.lower()) - (
        word == "hmm"  # doubled letters are one sound
    )


def test_decomposed_hangul_is_the_same_text() -> None:
    import unicodedata

    assert shapes(unicodedata.normalize("NFD", "안녕하세요")) == shapes("안녕하세요")


def test_numbers_are_read_in_the_language_of_the_text() -> None:
    assert korean.number("25") == "이십오"
    assert korean.number("10000") == "만"
    assert korean.number("2026") == "이천이십육"
    assert shapes("25명") == shapes("이십오명")
    assert latin.number("25") == "two five"
    assert shapes("I have 25") == shapes("I have two five")


def test_punctuation_pauses_and_the_rest_is_silent() -> None:
    def pauses(text: str) -> list[float]:
        return [s.length_s for s in sounds_of(cleaned(text)) if s.silent]

    assert pauses("네, 그래요. 좋아요!") == [0.25, 0.45]
    assert pauses("one\ntwo") == [0.45]
    assert pauses("a... b") == [0.45]
    assert pauses("hello 'there' (you) #1") == []
    assert BREATH_S in pauses("가나다라 " * 12)  # nobody talks without taking breath


def test_emoji_control_signs_and_spaces_are_left_out() -> None:
    assert cleaned("\x00안녕\u200b\t 😀👍🏽  하세요\x1b[31m") == "안녕 하세요 [31m"
    assert cleaned("  a \r\n\n b ") == "a\nb"


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "...!?", "\x00\x07", "—"])
def test_a_text_without_letters_is_refused(text: str) -> None:
    with pytest.raises(SpeechError, match="nothing to say"):
        cleaned(text)


@pytest.mark.parametrize("length", [MAX_LETTERS + 1, 100_000])
def test_a_text_that_is_too_long_is_refused_with_its_length(length: int) -> None:
    with pytest.raises(SpeechError, match=f"{length} characters"):
        cleaned("가" * length)


def test_rates_are_those_of_speech() -> None:
    def rate(text: str, count: int) -> float:
        spoken = [sound for sound in sounds_of(text) if not sound.silent]
        return count / length_of(spoken)

    korean_text = "오늘은 날씨가 참 좋아서 밖에서 산책을 했어요"
    assert 5.0 <= rate(korean_text, 19) <= 6.5
    assert 4.0 <= rate("I am a painting but I can talk and I move my mouth", 14) <= 5.5


def test_capitals_are_spelt_out_and_accents_do_not_matter() -> None:
    assert shapes("OBS") == "oumies"
    assert shapes("café") == shapes("cafe")


@given(st.text(max_size=80))
@settings(max_examples=300)
def test_any_text_is_said_or_refused_in_words(text: str) -> None:
    try:
        speech = speech_of(text)
    except SpeechError as exc:
        assert len(str(exc)) > 20
        return
    assert 0.3 < speech.length_s < 60.0
    assert written(read_sounds(speech.sounds)) == speech.sounds


@given(
    st.lists(
        st.builds(
            Sound,
            st.sampled_from(sorted(SHAPES)),
            st.integers(10, 5000).map(lambda ms: ms / 1000),
            st.booleans(),
        ),
        min_size=1,
        max_size=50,
    )
)
def test_sounds_come_back_from_their_line(sounds: list[Sound]) -> None:
    assert read_sounds(written(sounds)) == tuple(sounds)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "0 sounds"),
        ("a95 q20", "'q20' is no sound"),
        ("a", "'a' is no sound"),
        ("a5", "lasts 5 ms"),
        ("a9999", "lasts 9999 ms"),
        ("a95''", "no sound"),
        ("a50 " * 6001, "6001 sounds"),
    ],
)
def test_a_wrong_line_of_sounds_names_the_sound(line: str, message: str) -> None:
    with pytest.raises(SpeechError, match=message):
        read_sounds(line)
