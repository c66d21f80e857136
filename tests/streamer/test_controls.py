import math
import threading

import pytest

from streamer.controls import MAX_CUES, MAX_SOURCES, Controls


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


# --- external drive


def driven(controls: Controls) -> dict[str, dict[str, float]]:
    return {
        source: {name: d.value for name, d in given.items()}
        for source, given in controls.snapshot().driven.items()
    }


def test_a_source_may_give_its_parameters_in_parts() -> None:
    controls = Controls()

    controls.drive("vmc", {"smile": 0.5, "head_yaw": 90.0})
    before = controls.snapshot().driven["vmc"]
    controls.drive("vmc", {"smile": 0.6})

    after = controls.snapshot().driven["vmc"]
    assert driven(controls) == {"vmc": {"smile": 0.6, "head_yaw": 25.0}}
    assert after["head_yaw"] is before["head_yaw"]
    assert after["smile"].serial > before["smile"].serial
    assert before["smile"].value == 0.5


def test_a_drive_with_one_bad_value_changes_nothing() -> None:
    controls = Controls()

    with pytest.raises(ValueError, match="finite"):
        controls.drive("vmc", {"smile": 0.5, "wink": math.nan})
    with pytest.raises(KeyError, match="smlie"):
        controls.drive("vmc", {"smile": 0.5, "smlie": 0.5})

    assert not controls.snapshot().driven


def test_a_source_is_forgotten_alone() -> None:
    controls = Controls()
    controls.drive("vmc", {"smile": 0.5})
    controls.drive("mic", {"lip_ratio": 0.1})

    controls.undrive("vmc")

    assert driven(controls) == {"mic": {"lip_ratio": 0.1}}


def test_sources_that_come_and_go_cost_no_memory() -> None:
    controls = Controls()

    controls.drive("kept", {"smile": 0.0})
    for i in range(1000):
        controls.drive(f"source {i}", {"smile": 0.5})
        controls.drive("kept", {"smile": 1.0})

    assert len(controls.snapshot().driven) == MAX_SOURCES
    assert driven(controls)["kept"] == {"smile": 1.0}
