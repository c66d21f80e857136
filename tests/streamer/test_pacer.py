import pytest

from streamer.pacer import Pacer
from tests.fakes import FakeClock


def test_slow_frame_skips_missed_deadlines_and_stays_on_the_grid() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, now=clock, sleep=clock.sleep)

    assert pacer.next_frame() == 0.1
    clock.sleep(0.25)  # the frame took two and a half periods

    assert pacer.next_frame() == pytest.approx(0.3)  # 0.2 is past; no burst to catch up
    assert pacer.dropped == 1


def test_a_frame_is_late_only_when_sent_more_than_half_a_period_after_its_deadline() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, now=clock, sleep=clock.sleep)
    pacer.next_frame()

    clock.sleep(0.049)
    assert pacer.sent() == pytest.approx(0.049)
    assert pacer.late == 0

    pacer.next_frame()
    clock.sleep(0.051)
    pacer.sent()
    assert pacer.late == 1


def test_an_hour_of_frames_does_not_drift_from_the_grid() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=30, now=clock, sleep=clock.sleep)

    for _ in range(30 * 3600):
        t = pacer.next_frame()
        clock.sleep(0.003)

    assert t == pytest.approx(3600.0)
    assert clock.at - 100.0 == pytest.approx(3600.003)
    assert pacer.dropped == 0


def test_a_suspended_machine_goes_on_at_the_present_without_a_burst() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=30, now=clock, sleep=clock.sleep)
    pacer.next_frame()

    clock.sleep(3600.0)
    first, second = pacer.next_frame(), pacer.next_frame()

    assert first == pytest.approx(3600.0, abs=0.1)
    assert second - first == pytest.approx(1 / 30)


def test_sections_are_timed_even_when_they_fail() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=30, now=clock, sleep=clock.sleep)

    with pytest.raises(ValueError, match="broken"), pacer.section("render"):
        clock.sleep(0.01)
        raise ValueError("broken")

    assert pacer.section_s["render"] == pytest.approx(0.01)


def test_a_frame_begun_early_leaves_on_its_deadline() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, lead=0.3, now=clock, sleep=clock.sleep)

    for number, cost_s in ((1, 0.01), (2, 0.03), (3, 0.0)):
        assert pacer.next_frame() == pytest.approx(number / 10)
        assert clock.at == pytest.approx(100 + number / 10 - 0.03)
        clock.sleep(cost_s)
        pacer.wait_for_deadline()
        assert clock.at == pytest.approx(100 + number / 10)
        assert pacer.sent() == pytest.approx(0.0, abs=1e-9)
    assert (pacer.late, pacer.dropped) == (0, 0)


def test_a_slow_frame_with_a_lead_drops_what_it_could_not_begin_on_time() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, lead=0.3, now=clock, sleep=clock.sleep)
    pacer.next_frame()

    clock.sleep(0.26)  # begun at 0.07, ready at 0.33: 0.2 and 0.3 are over
    pacer.sent()

    assert pacer.late == 1
    assert pacer.next_frame() == pytest.approx(0.3)  # late already, but the newest there is
    assert pacer.dropped == 1


def test_the_grid_begins_when_the_first_frame_is_ready() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, lead=0.3, now=clock, sleep=clock.sleep)

    clock.sleep(0.5)  # the first drawing fills the caches
    pacer.wait_for_deadline()
    pacer.sent()

    assert pacer.next_frame() == pytest.approx(0.1)
    assert clock.at == pytest.approx(100.5 + 0.1 - 0.03)
    assert (pacer.late, pacer.dropped) == (0, 0)


def test_another_rate_starts_at_the_next_frame_and_time_goes_on() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=10, now=clock, sleep=clock.sleep)
    pacer.wait_for_deadline()
    times = [pacer.next_frame() for _ in range(3)]

    pacer.change_rate(25)
    assert pacer.deadlines(2) == pytest.approx([0.4, 0.5])  # until the next frame it is the old one
    times += [pacer.next_frame() for _ in range(3)]

    assert times == pytest.approx([0.1, 0.2, 0.3, 0.32, 0.36, 0.4])
    assert pacer.dropped == 0


def test_the_deadlines_foretold_are_those_that_come() -> None:
    clock = FakeClock()
    pacer = Pacer(fps=30, now=clock, sleep=clock.sleep)
    pacer.next_frame()

    foretold = pacer.deadlines(5)

    assert [pacer.next_frame() for _ in range(5)] == foretold
