"""Who has which part of the face: every row of docs/blending.md, tried on the animator."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from benchmarks.blending import BEGIN, END, MOVES, moved, table, treatment
from streamer.animation.animator import Animator
from streamer.animation.idle_style import GazeStyle, IdleStyle
from streamer.animation.performance import prepare
from streamer.animation.presets import CHANNELS
from streamer.controls import Cue, Driven, Wishes
from streamer.parameters import PARAMETERS, Face
from tests.streamer.animation.films import LIBRARY, REST, channel, cued, film

TEXT = (Path(__file__).parents[3] / "docs" / "blending.md").read_text(encoding="utf-8")
MEETINGS = set(re.findall(r"^\| (.+?) \|", TEXT.split("| they meet |")[1], re.MULTILINE)) - {"---"}
TRIED: set[str] = set()


def meeting(row: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Say which row of the table a test tries."""
    TRIED.add(row)
    return lambda test: test


def test_table_of_presets_is_what_the_files_say() -> None:
    shown = TEXT.split(BEGIN)[1].split(END)[0].strip()

    assert shown == table(LIBRARY.presets.values()), "run python -m benchmarks.blending"


def test_every_meeting_of_the_table_is_tried_here() -> None:
    assert MEETINGS == TRIED


# --- each preset and each channel of idle life

STILL = replace(
    LIBRARY.idle_styles["calm"],
    gaze=replace(GazeStyle(), near_x=0, near_y=0, away_x=0, away_y=0, lower=0, noise=0, head=0),
    blink=replace(LIBRARY.idle_styles["calm"].blink, per_minute=0.0),
    sway=replace(LIBRARY.idle_styles["calm"].sway, yaw=0, pitch=0, roll=0, shift=0),
    breath=replace(LIBRARY.idle_styles["calm"].breath, lift=0, pitch=0),
    mood=replace(
        LIBRARY.idle_styles["calm"].mood, smile=0, eyebrow=0, lids=1.0, lids_drift=0, asymmetry=0
    ),
)


def only(channel_name: str) -> IdleStyle:
    """An idle life in which one channel moves, and moves a lot."""
    calm = LIBRARY.idle_styles["calm"]
    alive: Mapping[str, object] = {
        "gaze": replace(calm.gaze, near_x=6, near_y=12, head=0),
        "blink": replace(calm.blink, per_minute=60.0, shut_ms=1000.0, close_ms=40.0),
        "sway": replace(calm.sway, shift=0.02),
        "breath": replace(calm.breath, per_minute=30.0, inhale=0.6, rest=0.0),
        "mood": replace(calm.mood, lids=0.8),
    }
    return replace(STILL, **{channel_name: alive[channel_name]})  # type: ignore[arg-type]


def face_at(style: IdleStyle, name: str, start: float, after: float) -> Face:
    a = Animator(seed=3, rest=REST, presets=LIBRARY.presets, styles={"calm": style})
    wishes = cued((start, name), idle=1.0)
    for t in (0.0, start, start + 0.5 * after):
        a.at(t, wishes)
    return a.at(start + after, wishes)


@pytest.mark.parametrize("channel_name", CHANNELS)
@pytest.mark.parametrize("name", LIBRARY.presets)
def test_preset_treats_idle_life_as_its_row_says(name: str, channel_name: str) -> None:
    preset = LIBRARY.presets[name]
    # Where most of its parameters are there at once, and nothing has begun to leave.
    fullest = max(preset.keyframes, key=lambda k: len(k.params))
    performance = prepare(preset)
    after = fullest.time * (performance.length_s - performance.latest_delay_s)
    names = set(fullest.params)
    differing: set[str] = set()
    for k in range(12):
        start = 5.0 + 1.37 * k
        alive, still = (face_at(style, name, start, after) for style in (only(channel_name), STILL))
        differing |= {
            n for n, p in PARAMETERS.items() if abs(alive[n] - still[n]) > 1e-4 * (p.high - p.low)
        }
    how = treatment(preset, channel_name)
    late = {n for n in names if preset.delay_s.get(n, 0.0) > 0.0}  # not fully there yet
    if how == "rests":
        assert not differing or after < 0.6
    elif channel_name == "blink":
        assert "eye_ratio" in differing
    else:
        free = set(MOVES[channel_name]) - set(moved(preset))
        assert not (differing & names) - late
        assert differing - names if free else how == "covered"


# --- meetings


def play(
    *cues: tuple[float, str] | tuple[float, str, float], seconds: float = 4.0, fps: int = 100
) -> list[Face]:
    return film(cued(*cues), seconds, fps=fps)


@meeting("`wink`, then `blink`")
def test_blink_during_a_wink_closes_both_and_leaves_the_wink() -> None:
    faces = play((0.0, "wink"), (0.15, "blink"), seconds=1.0)

    assert channel(faces, "wink") == channel(play((0.0, "wink"), seconds=1.0), "wink")
    assert min(channel(faces, "eye_ratio")) == 0.0


@meeting("`wink` and a blink of idle life")
def test_idle_blinks_stay_away_from_a_wink() -> None:
    wishes = Wishes(cues=(Cue(1, "wink", 1.0, 60.0, 0.0),))
    lids = channel(film(wishes, 59.0)[10:], "eye_ratio")

    assert min(lids) > 0.25


@meeting("`smile`, then `talk`")
def test_talk_during_a_smile_takes_the_lips_alone() -> None:
    both, smile = play((0.0, "smile"), (0.2, "talk")), play((0.0, "smile"))
    talk = play((0.2, "talk"))

    for name in ("smile", "eye_ratio"):
        assert channel(both, name) == channel(smile, name)
    assert channel(both, "lip_ratio") == channel(talk, "lip_ratio")


@meeting("`talk`, then `smile`")
def test_smile_during_talk_leaves_the_lips_talking() -> None:
    both, talk = play((0.0, "talk"), (0.3, "smile")), play((0.0, "talk"))

    assert channel(both, "lip_ratio") == channel(talk, "lip_ratio")
    assert max(channel(both, "smile")) == pytest.approx(1.0, abs=1e-3)


@meeting("`talk`, then `laugh`")
def test_laugh_takes_the_mouth_and_talk_comes_back_after_it() -> None:
    long_talk = Cue(1, "talk", 1.0, 8.0, 0.0)
    laugh = Cue(2, "laugh", 1.0, None, 1.0)
    both = film(Wishes(cues=(long_talk, laugh), idle_strength=0.0), 7.0, fps=100)
    talk = film(Wishes(cues=(long_talk,), idle_strength=0.0), 7.0, fps=100)
    alone = film(Wishes(cues=(laugh,), idle_strength=0.0), 7.0, fps=100)

    at_its_height = slice(160, 240)
    for name in ("lip_ratio", "smile"):
        assert channel(both[at_its_height], name) == pytest.approx(
            channel(alone[at_its_height], name), abs=1e-9
        )
    assert channel(both[345:], "lip_ratio") == channel(talk[345:], "lip_ratio")


@meeting("`look_left`, then `nod`")
def test_nod_moves_the_head_while_the_eyes_stay_aside() -> None:
    both, look = play((0.0, "look_left"), (0.2, "nod")), play((0.0, "look_left"))
    nod = play((0.2, "nod"))

    for name in ("eyeball_x", "head_yaw", "head_roll"):
        assert channel(both, name) == channel(look, name)
    assert channel(both, "head_pitch") == channel(nod, "head_pitch")


@meeting("`look_left`, then `look_right`")
def test_later_look_takes_over_from_value_and_speed() -> None:
    both = film(cued((0.0, "look_left"), (0.4, "look_right")), 3.0, fps=1000)
    left = channel(film(cued((0.0, "look_left")), 3.0, fps=1000), "head_yaw")
    yaw = channel(both, "head_yaw")

    assert yaw[:401] == left[:401]
    assert yaw[402] - yaw[401] == pytest.approx(left[401] - left[400], abs=0.01)
    assert yaw[1300] < -8.0
    assert both[-1] == REST


@meeting("`smile`, then `sad`")
def test_later_mood_wins_and_the_earlier_one_does_not_return() -> None:
    smile = channel(play((0.0, "smile"), (0.3, "sad")), "smile")

    assert smile[30] > 0.5
    assert max(smile[130:]) <= 0.0


@meeting("`surprise`, then `surprise` within 50 ms")
def test_two_reports_of_one_finger_are_one_press() -> None:
    assert play((0.0, "surprise"), (0.03, "surprise")) == play((0.0, "surprise"))


@meeting("`smile`, then `smile` later")
def test_second_press_begins_anew_from_where_the_face_is() -> None:
    smile = channel(play((0.0, "smile"), (0.7, "smile")), "smile")

    assert min(smile[70:150]) > smile[70] - 0.35
    assert smile[160] > 0.5, "the first alone would be over"


@meeting("`sleepy` and a held `eye_ratio`")
def test_preset_plays_over_a_held_slider_and_no_idle_blink_does() -> None:
    wishes = replace(cued((10.0, "sleepy"), idle=1.0), held=MappingProxyType({"eye_ratio": 0.3}))
    lids = channel(film(wishes, 30.0), "eye_ratio")

    assert lids[30:300] == pytest.approx([0.3] * 270, abs=1e-6)
    assert min(lids[300:420]) < 0.02
    assert lids[420:] == pytest.approx([0.3] * len(lids[420:]), abs=1e-6)


@meeting("`laugh` and a tracker that sends `smile`")
def test_tracker_has_what_it_sends_and_the_preset_all_else() -> None:
    a = Animator(seed=1, rest=REST, presets=LIBRARY.presets, styles=LIBRARY.idle_styles)
    laugh = play((0.5, "laugh"), seconds=2.0, fps=30)
    for k, alone in enumerate(laugh):
        given = MappingProxyType({"tracker": MappingProxyType({"smile": Driven(-0.1, k)})})
        face = a.at(k / 30, replace(cued((0.5, "laugh")), driven=given))
        if k > 15:
            assert face["smile"] == pytest.approx(-0.1, abs=1e-3)
            assert {**face, "smile": 0.0} == {**alone, "smile": 0.0}


@meeting("`listen`, then `nod`")
def test_nod_plays_over_listening_which_then_goes_on() -> None:
    faces = play((0.0, "listen"), (3.0, "nod"), (8.0, "listen"), seconds=12.0, fps=30)
    alone = play((0.0, "listen"), (8.0, "listen"), seconds=12.0, fps=30)

    assert max(channel(faces[90:140], "head_pitch")) > 8.0
    assert faces[140:] == alone[140:]
    assert faces[230]["head_roll"] > 2.0
    assert faces[-1] == REST


@meeting("anything, then stop")
def test_stop_fades_presets_and_leaves_sliders_and_idle_life() -> None:
    held = MappingProxyType({"head_yaw": 6.0})
    cues = cued((1.0, "laugh"), (1.2, "think"), (2.0, "", 0.0), idle=1.0)
    faces = film(replace(cues, held=held), 4.0)
    idle = film(Wishes(held=held), 4.0)

    assert faces[58] != idle[58]
    assert faces[70:] == idle[70:]
    assert faces[-1]["head_yaw"] == pytest.approx(6.0, abs=1e-6)
