"""--delay: earlier wishes, and nothing else late."""

from streamer.controls import Controls
from streamer.late import Late


def test_wishes_show_after_the_delay_and_in_their_order() -> None:
    controls = Controls()
    late = Late(controls, 0.2)
    shown = []
    for k in range(60):
        if k % 2 == 0:
            controls.set("smile", k / 100)
        late.see(k / 30)
        shown.append(late.snapshot().held.get("smile"))

    assert shown[:6] == [None] * 6
    assert shown[6:] == [2 * (k // 2) / 100 for k in range(54)]


def test_without_a_delay_the_newest_count() -> None:
    controls = Controls()
    late = Late(controls, 0.0)
    controls.set("smile", 1.0)
    late.see(0.0)

    assert late.snapshot() is controls.snapshot()


def test_it_keeps_no_more_than_a_change_for_each_frame_of_the_delay() -> None:
    controls = Controls()
    late = Late(controls, 2.0)
    for k in range(600):
        for _ in range(20):
            controls.drive("mic", {"lip_ratio": 0.1})
        late.see(k / 60)

    assert len(late._coming) <= 121


def test_presses_between_two_frames_are_all_kept() -> None:
    controls = Controls()
    late = Late(controls, 0.1)
    for k in range(20):
        controls.trigger("smile")
        controls.trigger("wink")
        late.see(k / 30)

    assert [cue.serial for cue in late.snapshot().cues] == list(range(1, 35))
