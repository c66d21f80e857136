"""The rate limit: everything up to it, the newest beyond it."""

from control.osc.limits import MAX_SENDERS, MAX_WAITING, Limiter, topic
from tests.control.osc.test_messages import bundle, raw, text

A, B = ("127.0.0.1", 1), ("127.0.0.1", 2)


def test_two_thousand_a_second_are_served() -> None:
    limiter = Limiter()

    served = [limiter.admit(A, raw("/a", "i", bytes([0, 0, 0, 1])), i / 2000) for i in range(6000)]

    assert all(served)
    assert not limiter.waits


def test_beyond_the_rate_the_newest_wins_and_the_rest_is_counted() -> None:
    limiter = Limiter(rate=10)
    for _ in range(10):
        assert limiter.admit(A, raw("/fill", None), 0.0)

    for i in range(5):
        assert not limiter.admit(A, raw("/x", "i", bytes([0, 0, 0, i])), 0.0)
        assert not limiter.admit(A, raw("/y", "i", bytes([0, 0, 0, i])), 0.0)

    assert limiter.due(0.0) == []
    assert limiter.due(1.0) == [
        (A, raw("/x", "i", bytes([0, 0, 0, 4]))),
        (A, raw("/y", "i", bytes([0, 0, 0, 4]))),
    ]
    assert limiter.dropped == 8
    assert not limiter.waits


def test_a_newer_message_never_overtakes_one_that_waits() -> None:
    limiter = Limiter(rate=1)
    assert limiter.admit(A, raw("/x", None), 0.0)
    assert not limiter.admit(A, raw("/x", "F"), 0.0)

    assert not limiter.admit(A, raw("/y", None), 5.0)

    assert limiter.due(5.0) == [(A, raw("/x", "F"))]
    assert limiter.due(6.0) == [(A, raw("/y", None))]


def test_one_loud_sender_does_not_silence_another() -> None:
    limiter = Limiter(rate=10)
    for _ in range(100):
        limiter.admit(A, raw("/x", None), 0.0)

    assert limiter.admit(B, raw("/x", None), 0.0)


def test_messages_in_bundles_count_one_by_one() -> None:
    limiter = Limiter(rate=10)

    assert limiter.admit(A, bundle(), 0.0)
    limiter.charge(A, 19)

    assert not limiter.admit(A, raw("/x", None), 0.5)
    assert limiter.due(0.5) == []
    assert limiter.due(1.2) == [(A, raw("/x", None))]


def test_neither_senders_nor_backlog_grow_without_bounds() -> None:
    limiter = Limiter(rate=1)
    for i in range(2 * MAX_WAITING):
        limiter.admit(A, raw(f"/{i}", None), 0.0)
    assert len(limiter._accounts[A].waiting) == MAX_WAITING

    for port in range(2 * MAX_SENDERS):
        limiter.admit(("10.0.0.1", port), raw("/x", None), 0.0)

    assert len(limiter._accounts) == MAX_SENDERS
    assert not limiter.waits


def test_messages_about_the_same_replace_each_other() -> None:
    one, two = bytes([0, 0, 0, 1]), bytes([0, 0, 0, 2])

    assert topic(raw("/x", "i", one)) == topic(raw("/x", "i", two))
    assert topic(raw("/x", "i", one)) != topic(raw("/y", "i", one))
    assert topic(raw("/t", "s", text("smile"))) != topic(raw("/t", "s", text("wink")))
    assert topic(bundle(raw("/x", "i", one))) == topic(
        bundle(raw("/x", "i", two), time_tag=b"12345678")
    )
    assert topic(bundle(raw("/x", None))) != topic(raw("/x", None))
    assert topic(b"") == b""
