"""The cache of crops: the right picture or none, within its memory, from any thread."""

import random
import threading

import numpy as np
import pytest

from streamer.engines.face_steps import reach_px, steps
from streamer.engines.liveportrait.expression import offsets
from streamer.engines.liveportrait.frame_cache import APART, SEEN, FrameCache
from streamer.parameters import PARAMETERS, Face, neutral_face
from streamer.view import Frame

REST = neutral_face(eye_ratio=0.38, lip_ratio=0.05)


def crop(value: int = 0, side: int = 8) -> Frame:
    return np.full((side, side, 3), value % 256, np.uint8)


BYTES = crop().nbytes


def face(**values: float) -> Face:
    return {**REST, **values}


# --- what counts as one picture


@pytest.mark.parametrize("name", PARAMETERS)
def test_one_step_of_a_parameter_moves_nothing_by_more_than_a_quarter_pixel(name: str) -> None:
    p = PARAMETERS[name]
    rng = random.Random(name)
    for _ in range(200):
        value = rng.uniform(p.low, p.high)
        nearest = max(0.25 / reach_px(name), 1e-9)
        other = min(max(value + rng.uniform(-1.0, 1.0) * nearest, p.low), p.high)
        if steps(face(**{name: value})) == steps(face(**{name: other})):
            moved = offsets(face(**{name: value})) - offsets(face(**{name: other}))
            # Space of the keypoints: 256 px a unit, times the head's own scale, at most 2.
            assert np.linalg.norm(moved, axis=1).max() * 256 * 2.0 <= 0.25 + 1e-3
        far = value + 1.01 * nearest
        assert steps(face(**{name: value})) != steps(face(**{name: far}))


def test_angles_and_size_have_steps_that_fit_the_crops_edge() -> None:
    for name in ("head_pitch", "head_yaw", "head_roll"):
        step_deg = 0.25 / reach_px(name)
        assert 256.0 * np.sin(np.deg2rad(step_deg)) <= 0.25 + 1e-6
    assert 256.0 * 0.25 / reach_px("scale") <= 0.25


def test_rounding_of_a_time_makes_no_other_face() -> None:
    a = face(head_yaw=1.23456, smile=1.0, eyebrow=0.0)
    b = {name: value * (1.0 + 1e-13) for name, value in a.items()}

    assert steps(a) == steps(b)


def test_every_face_in_range_has_steps_that_fit() -> None:
    low = steps({n: p.low for n, p in PARAMETERS.items()})
    high = steps({n: p.high for n, p in PARAMETERS.items()})

    assert (np.frombuffer(low, np.int16) <= np.frombuffer(high, np.int16)).all()
    for packed, end in ((low, "low"), (high, "high")):
        for number, p in zip(np.frombuffer(packed, np.int16), PARAMETERS.values(), strict=True):
            assert number == pytest.approx(getattr(p, end) * reach_px(p.name) / 0.25, abs=0.51)


# --- keeping


def test_what_was_put_comes_back_as_it_was_and_is_a_copy() -> None:
    cache = FrameCache(10 * BYTES).of("photo", "weights", "fp16")
    drawn = crop(7)
    cache.put(face(smile=0.5), drawn, at_once=True)
    drawn[:] = 0  # the ring comes round

    found = cache.get(face(smile=0.5))

    assert found is not None and (found == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        found[:] = 1
    assert cache.get(face(smile=0.6)) is None


def test_photos_weights_and_precisions_are_kept_apart() -> None:
    whole = FrameCache(10 * BYTES)
    whole.of("a", "w", "fp16").put(REST, crop(1), at_once=True)

    for of in (("b", "w", "fp16"), ("a", "x", "fp16"), ("a", "w", "fp32")):
        assert whole.of(*of).get(REST) is None
    assert whole.of("a", "w", "fp16").has(REST)


def test_face_that_comes_once_takes_no_room() -> None:
    whole = FrameCache(10 * BYTES)
    cache = whole.of("a", "w", "fp16")

    for _ in range(100):  # slow movement: one picture for a while
        cache.put(REST, crop(), at_once=False)
    assert whole.figures().crops == 0
    for k in range(APART + 1):
        cache.put(face(head_yaw=1.0 + k / 2), crop(), at_once=False)
    cache.put(REST, crop(), at_once=False)
    assert whole.figures().crops == 1


def test_faces_seen_are_remembered_in_bounds() -> None:
    whole = FrameCache(10 * BYTES)
    cache = whole.of("a", "w", "fp16")
    for k in range(SEEN + 50):
        cache.put(face(head_yaw=0.06 * (k % 400), smile=0.03 * (k // 400)), crop(), at_once=False)

    assert len(whole._seen) == SEEN
    assert whole.figures().crops == 0


def test_oldest_go_first_and_memory_is_never_exceeded() -> None:
    whole = FrameCache(5 * BYTES + 3)
    cache = whole.of("a", "w", "fp16")
    for k in range(8):
        cache.put(face(head_yaw=float(k)), crop(k), at_once=True)
        cache.get(face(head_yaw=0.0))  # in use all the time
        assert whole.figures().mb * 1e6 <= 5 * BYTES + 3

    kept = [k for k in range(8) if cache.has(face(head_yaw=float(k)))]
    assert kept == [0, 4, 5, 6, 7]


def test_cache_of_no_size_keeps_nothing() -> None:
    cache = FrameCache(0).of("a", "w", "fp16")
    cache.put(REST, crop(), at_once=True)

    assert cache.get(REST) is None


def test_figures_tell_how_often_it_helped() -> None:
    whole = FrameCache(10 * BYTES)
    assert whole.figures().hit_rate == 0.0
    cache = whole.of("a", "w", "fp16")
    cache.put(REST, crop(), at_once=True)
    for _ in range(3):
        cache.get(REST)
    cache.get(face(smile=1.0))  # drawn, then put, or drawn ahead and never shown
    cache.has(face(smile=1.0))
    cache.put(REST, crop(), at_once=True)  # drawn again although it was there

    figures = whole.figures()
    assert (figures.hits, figures.misses, figures.hit_rate) == (3, 1, 0.75)
    whole.clear()
    assert whole.figures().mb == 0.0 and cache.get(REST) is None


def test_threads_that_put_and_get_at_once_never_see_another_ones_picture() -> None:
    whole = FrameCache(40 * BYTES)
    wrong: list[int] = []
    stop = threading.Event()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        cache = whole.of("a", "w", "fp16")
        for _ in range(1500):
            k = rng.randrange(120)
            if rng.random() < 0.5:
                cache.put(face(head_yaw=0.1 * k), crop(k), at_once=rng.random() < 0.5)
            found = cache.get(face(head_yaw=0.1 * k))
            if found is not None and not (found == k).all():
                wrong.append(k)
        stop.set()

    threads = [threading.Thread(target=work, args=(i,), name=f"cache-{i}") for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert stop.is_set() and not wrong
    figures = whole.figures()
    assert figures.mb * 1e6 == figures.crops * BYTES <= 40 * BYTES
