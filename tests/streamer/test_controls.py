import math
import threading

import pytest

from streamer.controls import MAX_CUES, Controls


def test_a_held_value_is_clamped_to_the_parameters_range() -> None:
    controls = Controls()

    assert controls.set("head_yaw", 90.0) == 25.0
    assert controls.snapshot().held == {"head_yaw": 25.0}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_finite_number_is_refused_and_changes_nothing(value: float) -> None:
    controls = Controls()

    with pytest.raises(ValueError, match="finite"):
        controls.set("smile", value)
    with pytest.raises(ValueError, match="finite"):
        controls.trigger("smile", value)
    with pytest.raises(ValueError, match="finite"):
        controls.idle(strength=value)

    assert controls.snapshot() == Controls().snapshot()


def test_an_unknown_parameter_is_an_error_at_every_way_in() -> None:
    controls = Controls()

    with pytest.raises(KeyError, match="smlie"):
        controls.set("smlie", 1.0)
    with pytest.raises(KeyError, match="smlie"):
        controls.free("smlie")


def test_a_snapshot_never_changes_once_taken() -> None:
    controls = Controls()
    controls.set("smile", 0.5)
    before = controls.snapshot()

    controls.set("smile", 0.9)
    controls.trigger("wink")

    assert before.held == {"smile": 0.5}
    assert before.cues == ()
    with pytest.raises(TypeError):
        before.held["smile"] = 1.0  # type: ignore[index]


def test_ten_thousand_slider_moves_leave_one_value_and_no_queue() -> None:
    controls = Controls()

    for i in range(10_000):
        controls.set("smile", i / 10_000)

    assert controls.snapshot().held == {"smile": 0.9999}
    assert controls.snapshot().cues == ()


def test_cues_keep_their_order_and_only_the_newest_are_carried() -> None:
    controls = Controls()

    for i in range(MAX_CUES + 10):
        controls.trigger(f"p{i}")

    cues = controls.snapshot().cues
    assert len(cues) == MAX_CUES
    assert cues[-1].name == f"p{MAX_CUES + 9}"
    assert [c.serial for c in cues] == sorted(c.serial for c in cues)


def test_writers_in_many_threads_lose_nothing() -> None:
    controls = Controls()
    names = ("smile", "wink", "pout", "grin")

    def write(name: str) -> None:
        for i in range(500):
            controls.set(name, i * 0.0001)

    threads = [threading.Thread(target=write, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(controls.snapshot().held) == set(names)
    assert all(v == pytest.approx(0.0499) for v in controls.snapshot().held.values())
