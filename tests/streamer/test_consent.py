"""A person who has not agreed is not made to speak, by no door and in no frame."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from streamer import Config, ConsentError, Controls
from streamer.animation.animator import Animator
from streamer.animation.preset_library import PresetLibrary
from streamer.consent import refusal
from streamer.controls import Wishes
from streamer.parameters import neutral_face
from streamer.photo_library import PhotoLibrary
from streamer.resources import shipped, user_folder
from streamer.stream import Stream

PRESETS = PresetLibrary([shipped("presets")])
REST = neutral_face(eye_ratio=0.38, lip_ratio=0.0)
STEP_S = 1 / 30


def animator() -> Animator:
    return Animator(seed=1, rest=REST, presets=PRESETS.presets, styles={})


def test_of_the_shipped_presets_talk_alone_speaks() -> None:
    assert [name for name, preset in PRESETS.presets.items() if preset.speaks] == ["talk"]


def test_the_reason_names_preset_and_photo() -> None:
    photos = {entry.name: entry for entry in PhotoLibrary([shipped("photo")]).entries()}
    talk, smile = PRESETS.presets["talk"], PRESETS.presets["smile"]

    assert "'talk' is not played with the photo 'sample-image'" in refusal(
        talk, photos["sample-image"]
    )
    assert refusal(smile, photos["sample-image"]) == ""
    assert refusal(talk, photos["mona-lisa"]) == ""


def test_a_cue_that_no_door_asked_about_is_not_played() -> None:
    a = animator()
    a.may_speak = False
    controls = Controls(Wishes(idle_strength=0.0))
    controls.trigger("talk")
    controls.trigger("smile")

    faces = [a.at(k * STEP_S, controls.snapshot()) for k in range(60)]

    assert max(face["lip_ratio"] for face in faces) == 0.0
    assert max(face["smile"] for face in faces) > 0.9
    a.may_speak = True
    assert a.at(2.0, controls.snapshot())["lip_ratio"] == 0.0  # and it does not catch up


def test_speech_under_way_ends_with_the_portrait_that_may_speak() -> None:
    a = animator()
    controls = Controls(Wishes(idle_strength=0.0))
    controls.trigger("talk", 1.0, 60.0)
    before = [a.at(k * STEP_S, controls.snapshot()) for k in range(30)]

    a.may_speak = False
    after = [a.at((30 + k) * STEP_S, controls.snapshot()) for k in range(60)]

    assert max(face["lip_ratio"] for face in before) > 0.15
    assert max(face["lip_ratio"] for face in after) == 0.0
    assert a.playing == ()


def test_a_tracker_does_not_open_the_mouth_either() -> None:
    a = animator()
    a.may_speak = False
    controls = Controls(Wishes(idle_strength=0.0))
    face = dict(REST)
    for k in range(30):
        controls.drive("tracker", {"lip_ratio": 0.6, "lip_open": 60.0, "head_yaw": 10.0})
        face = a.at(k * STEP_S, controls.snapshot())

    assert (face["lip_ratio"], face["lip_open"]) == (0.0, 0.0)
    assert face["head_yaw"] > 5.0


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    config = Config(
        photo="sample-image", camera="none", size="320x180", seed=7, panel="off", osc="off"
    )
    stream = Stream(replace(config, photos=tmp_path))
    stream.start()
    try:
        yield stream
    finally:
        stream.stop()


def test_the_stream_refuses_for_the_photo_on_stage(stream: Stream) -> None:
    assert stream.refusal("talk")
    assert not stream.refusal("smile")
    with pytest.raises(ConsentError, match="sample-image"):
        stream.generate("talk")
    with pytest.raises(ConsentError, match="sample-image"):
        stream.try_preset(replace(PRESETS.presets["talk"], name="draft"))

    stream.change_photo("mona-lisa")

    assert not stream.refusal("talk")
    stream.generate("talk").close()


def test_consent_that_is_taken_back_on_the_page_counts_at_once(stream: Stream) -> None:
    with (shipped("photo") / "mona-lisa.jpg").open("rb") as file:
        added = stream.add_photo("me.jpg", file.read())
    stream.change_photo(added.name)
    assert not stream.refusal("talk")

    stream.change_about("me", {"may_speak": False})

    assert stream.refusal("talk")
    assert stream._animator is not None
    assert not stream._animator.may_speak


def test_a_photo_from_anywhere_is_asked_about_as_well(tmp_path: Path) -> None:
    with Image.open(shipped("photo") / "mona-lisa.jpg") as picture:
        picture.save(tmp_path / "aunt.png")
    (tmp_path / "aunt.about.yaml").write_text("may_speak: false")
    config = Config(photo=str(tmp_path / "aunt.png"), camera="none", size="320x180", seed=7)
    stream = Stream(replace(config, panel="off", osc="off"))
    stream.stage_once().close()
    try:
        assert stream.refusal("talk")
    finally:
        stream.stop()


def test_photos_are_added_found_fit_and_removed(stream: Stream) -> None:
    with (shipped("photo") / "mona-lisa.jpg").open("rb") as file:
        added = stream.add_photo("할머니.jpg", file.read())

    assert added.path == user_folder("photos") / "할머니.jpg"
    stream.change_photo("할머니")
    with pytest.raises(Exception, match="on stage"):
        stream.remove_photo("할머니")
    stream.change_photo("mona-lisa")
    stream.remove_photo("할머니")

    assert list(user_folder("photos").iterdir()) == []
