"""The figures of a network stream are those of its last seconds."""

from streamer.sinks.network_flow import OVER_S, Flow


def test_rate_and_bits_are_those_of_the_last_seconds() -> None:
    flow = Flow()
    for k in range(301):
        flow.left(k / 30, 1000 * k)

    fps, kbit_s = flow.rates(10.0)
    assert abs(fps - 30.0) < 0.5
    assert abs(kbit_s - 240) < 3


def test_too_few_frames_make_no_rate() -> None:
    flow = Flow()
    flow.left(1.0, 500)
    assert flow.rates(1.1) == (0.0, 0)

    flow.left(1.2, 900)
    assert flow.rates(1.2 + OVER_S + 0.1) == (0.0, 0)


def test_what_was_skipped_is_counted_for_good_and_forgotten_as_news() -> None:
    flow = Flow()
    flow.left(0.1, 500)
    flow.skip(0.2)
    flow.skip(0.3)

    assert flow.lately(0.4) == (2, 1)
    assert flow.lately(0.25 + OVER_S) == (1, 1)
    flow.begin()
    assert flow.lately(0.4) == (0, 0)
    assert flow.skipped == 2
