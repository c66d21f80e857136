"""Texts from doors: checked, prepared beside the frames, the newest wins."""

import threading

import pytest

from streamer.controls import SPEECH, Controls
from streamer.errors import ConsentError, SpeechError
from streamer.speech import espeak
from streamer.speech.speaker import Speaker


def allow() -> None:
    """Nobody minds."""


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "speech":
            thread.join(60)


def test_a_text_becomes_a_cue_with_its_source() -> None:
    controls = Controls()
    speech = Speaker(controls, allow).say("안녕", strength=0.5, source="page")
    (cue,) = controls.snapshot().cues

    assert (cue.name, cue.strength, cue.source) == (SPEECH, 0.5, "page")
    assert cue.spoken is speech
    assert speech.text == "안녕"


def test_say_soon_returns_the_text_and_says_it_in_a_moment() -> None:
    controls = Controls()
    speaker = Speaker(controls, allow)

    assert speaker.say_soon(" 안녕 😀 ") == "안녕"
    wait_for_threads()
    assert [cue.spoken.text for cue in controls.snapshot().cues if cue.spoken] == ["안녕"]


def test_of_many_texts_at_once_the_newest_is_said_last(monkeypatch: pytest.MonkeyPatch) -> None:
    controls = Controls()
    speaker = Speaker(controls, allow)
    go = threading.Event()
    monkeypatch.setattr(espeak, "find", lambda: go.wait(60) and None)
    for k in range(50):
        speaker.say_soon(f"number {k}")
    go.set()
    wait_for_threads()
    said = [cue.spoken.text for cue in controls.snapshot().cues if cue.spoken]

    assert said[-1] == "number 49"
    assert len(said) <= 2


def test_what_must_not_be_said_makes_no_cue() -> None:
    controls = Controls()

    def refuse() -> None:
        raise ConsentError("not this one")

    for speaker, error in (
        (Speaker(controls, refuse), ConsentError),
        (Speaker(controls, allow), SpeechError),
    ):
        for say in (speaker.say, speaker.say_soon):
            with pytest.raises(error):
                say("안녕" if error is ConsentError else "😀")
    assert controls.snapshot().cues == ()


def test_hush_releases_what_is_said() -> None:
    controls = Controls()
    Speaker(controls, allow).hush(source="osc")
    (cue,) = controls.snapshot().cues

    assert (cue.name, cue.strength, cue.source) == (SPEECH, 0.0, "osc")


def test_a_closed_speaker_starts_nothing() -> None:
    controls = Controls()
    speaker = Speaker(controls, allow)
    speaker.close()
    speaker.say_soon("안녕")

    assert not [t for t in threading.enumerate() if t.name == "speech"]
