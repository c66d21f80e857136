"""What the mouth does with sounds: through the animator, as on air."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest

from streamer.animation.animator import Animator
from streamer.controls import SPEECH, Controls, Wishes
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.speech.score import LEAD_S, TAIL_S
from streamer.speech.shapes import SHAPES
from streamer.speech.sounds import read_sounds
from streamer.speech.speech import Speech, speech_again, speech_of

REST = neutral_face(eye_ratio=0.35, lip_ratio=0.0)
KOREAN = "안녕하세요, 반갑습니다"
ENGLISH = "Hello, nice to meet you. I am a painting."


def animator() -> Animator:
    return Animator(seed=1, rest=REST, presets={}, styles={})


def film(
    *says: tuple[float, Speech], fps: float = 100.0, seconds: float = 0.0, strength: float = 1.0
) -> list[Face]:
    controls = Controls(Wishes(idle_strength=0.0))
    for at, speech in says:
        controls.say(speech, strength, at=at)
    acting = animator()
    seconds = seconds or says[-1][0] + says[-1][1].length_s + 0.2
    return [acting.at(k / fps, controls.snapshot()) for k in range(int(seconds * fps))]


def opening(faces: Iterable[Face]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([face["lip_ratio"] for face in faces])


@pytest.mark.parametrize("text", [KOREAN, ENGLISH])
def test_the_mouth_follows_the_loudness_of_its_own_sounds(text: str) -> None:
    speech = speech_of(text)
    mouth = opening(film((0.0, speech)))
    loud = np.zeros(len(mouth))
    t = LEAD_S
    for sound in read_sounds(speech.sounds):
        shape = SHAPES[sound.shape]
        level = 1.0 if shape.vowel else 0.3 if shape.opening > 0.0 else 0.0
        loud[int(t * 100) : int((t + sound.length_s) * 100)] = level
        t += sound.length_s
    loud = np.convolve(loud, np.hanning(9) / np.hanning(9).sum(), "same")

    assert np.corrcoef(loud, mouth)[0, 1] >= 0.7


@pytest.mark.parametrize("text", ["마마 바보 파마", "my puppy may bump"])
def test_lips_meet_for_at_least_one_frame_of_thirty(text: str) -> None:
    speech = speech_of(text)
    mouth = opening(film((0.0, speech), fps=30.0))
    t = LEAD_S
    for sound in read_sounds(speech.sounds):
        if sound.shape == "m":
            first, last = int(t * 30), int(np.ceil((t + sound.length_s) * 30))
            assert mouth[first : last + 1].min() < 0.04, (sound, t)
        t += sound.length_s


def test_lips_are_round_before_a_round_vowel_begins() -> None:
    speech = speech_again("-", "a100 _300 t80 o120")
    faces = film((0.0, speech))
    at_t = faces[int((LEAD_S + 0.1 + 0.3 + 0.04) * 100)]

    assert at_t["pout"] > 0.02


def test_it_ends_closed_and_gives_the_face_back() -> None:
    speech = speech_of(KOREAN)
    faces = film((0.5, speech))
    end = 0.5 + speech.length_s

    assert faces[int((end - TAIL_S + 0.1) * 100)]["lip_ratio"] < 0.01
    assert faces[int(end * 100) + 2] == REST
    assert faces[0] == REST


def test_strength_makes_a_smaller_mouth() -> None:
    speech = speech_of(KOREAN)

    half, full = (opening(film((0.0, speech), strength=s)).max() for s in (0.5, 1.0))
    assert half == pytest.approx(0.5 * full, rel=0.05)


@pytest.mark.parametrize("text", [KOREAN, ENGLISH, "가" * 200])
def test_values_stay_in_range_and_move_without_jumps(text: str) -> None:
    faces = film((0.0, speech_of(text)), fps=100.0)

    for name, parameter in PARAMETERS.items():
        course = np.array([face[name] for face in faces])
        assert parameter.low <= course.min() <= course.max() <= parameter.high
        if name != "eye_ratio":  # a blink is faster
            # At most a quarter of the range a hundredth of a second: a mouth takes 60 ms to open.
            assert np.abs(np.diff(course)).max() < 0.25 * (parameter.high - parameter.low) / 2


def test_heads_nod_and_lids_close_with_the_phrases() -> None:
    faces = film((0.0, speech_of("안녕하세요, 반갑습니다. 저는 모나리자예요.")))
    pitch = np.array([face["head_pitch"] for face in faces])
    lids = np.array([face["eye_ratio"] for face in faces])

    assert 1.0 < pitch.max() < 4.0
    nods = np.sum((pitch[1:-1] > pitch[:-2]) & (pitch[1:-1] >= pitch[2:]) & (pitch[1:-1] > 0.5))
    assert 3 <= nods <= 8
    assert lids.min() < 0.02


def test_a_new_text_takes_over_without_a_jump() -> None:
    first, second = speech_of("아아아아 아아아아 아아아아"), speech_of(ENGLISH)
    both = film((0.0, first), (0.97, second), fps=100.0)
    alone = film((0.0, second), fps=100.0)

    assert np.abs(np.diff(opening(both))).max() < 0.06
    after = opening(both)[int(0.97 * 100) + 60 :]
    assert np.allclose(after[: len(alone) - 62], opening(alone)[60:-2][: len(after)], atol=1e-3)


def test_two_texts_of_one_moment_end_in_the_newer() -> None:
    faces = film((0.0, speech_of("오")), (0.01, speech_of("아")), seconds=0.5)

    assert max(face["pout"] for face in faces) < 0.04


def test_stop_and_release_close_the_mouth_within_a_third_of_a_second() -> None:
    for stop in (lambda c: c.stop(), lambda c: c.release(SPEECH)):
        controls = Controls(Wishes(idle_strength=0.0))
        controls.say(speech_of("아" * 40), at=0.0)
        acting = animator()
        for k in range(100):
            acting.at(k / 100, controls.snapshot())
        assert acting.playing == (SPEECH,)
        stop(controls)
        for k in range(100, 134):
            face = acting.at(k / 100, controls.snapshot())
        assert face == REST
        assert acting.playing == ()


def test_a_person_who_has_not_agreed_says_nothing() -> None:
    controls = Controls(Wishes(idle_strength=0.0))
    controls.say(speech_of(KOREAN), at=0.0)
    acting = animator()
    acting.may_speak = False

    assert all(acting.at(k / 30, controls.snapshot()) == REST for k in range(60))


def test_a_cue_named_say_without_a_text_is_nothing() -> None:
    controls = Controls(Wishes(idle_strength=0.0))
    controls.trigger(SPEECH, at=0.0)

    assert animator().at(0.2, controls.snapshot()) == REST


def test_a_forecast_of_speech_comes_true() -> None:
    controls = Controls(Wishes(idle_strength=0.0))
    controls.say(speech_of(KOREAN), at=0.0)
    acting = animator()
    acting.at(0.0, controls.snapshot())
    times = [k / 30 for k in range(1, 90)]

    foreseen = acting.forecast(times, controls.snapshot())
    assert foreseen == [acting.at(t, controls.snapshot()) for t in times]


def test_sounds_alone_make_the_same_film() -> None:
    speech = speech_of(ENGLISH)
    again = speech_again(speech.text, speech.sounds)

    assert film((0.0, speech)) == film((0.0, again))


def test_every_shape_can_be_shown() -> None:
    for a, b in itertools.permutations(sorted(SHAPES), 2):
        faces = film((0.0, speech_again("-", f"{a}80 {b}80")), fps=30.0)
        assert all(np.isfinite(list(face.values())).all() for face in faces)
