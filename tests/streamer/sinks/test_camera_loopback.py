from collections.abc import Callable

import pytest

from streamer.sinks.camera_advice import Machine
from streamer.sinks.camera_loopback import LoopbackCameras
from streamer.sinks.camera_system import CameraUnavailable
from tests.fakes_camera import FakeDevice, FakeDriver

BARE = Machine("Linux", "6.1", ("debian",))


def cameras(*devices: FakeDevice) -> tuple[LoopbackCameras, FakeDriver]:
    driver = FakeDriver(*devices)
    return LoopbackCameras(driver, driver.open_camera, lambda: BARE), driver


def problem(call: Callable[[], object]) -> CameraUnavailable:
    with pytest.raises(CameraUnavailable) as caught:
        call()
    return caught.value


def test_auto_takes_the_camera_that_bears_our_name_first() -> None:
    system, driver = cameras(
        FakeDevice("/dev/video8", "OBS"), FakeDevice("/dev/video10", "Living Portrait")
    )

    link = system.attach("auto", 64, 36, 30)

    assert link.device == "/dev/video10"
    assert driver.opened == [("/dev/video10", 64, 36, "I420")]


def test_auto_passes_over_real_webcams_and_cameras_in_use() -> None:
    system, _ = cameras(
        FakeDevice("/dev/video0", "Webcam", driver="uvcvideo"),
        FakeDevice("/dev/video10", writer="obs"),
        FakeDevice("/dev/video11", "Spare"),
    )

    assert system.attach("auto", 64, 36, 30).device == "/dev/video11"


@pytest.mark.parametrize("wanted", ["Spare", "spare", " SPARE ", "/dev/video11"])
def test_a_label_or_path_finds_its_camera(wanted: str) -> None:
    system, _ = cameras(FakeDevice("/dev/video10"), FakeDevice("/dev/video11", "Spare"))

    assert system.attach(wanted, 64, 36, 30).device == "/dev/video11"


def test_an_unknown_label_lists_the_cameras_that_are_there() -> None:
    system, _ = cameras(FakeDevice("/dev/video10"), FakeDevice("/dev/video11", "Spare"))

    error = problem(lambda: system.attach("Spear", 64, 36, 30))

    assert error.reason == "no-such-camera"
    assert "'Spear'" in str(error)
    assert "/dev/video11 'Spare'" in str(error)


def test_a_real_webcam_by_path_is_refused_with_its_name() -> None:
    system, _ = cameras(FakeDevice("/dev/video0", "HD Webcam", driver="uvcvideo"))

    error = problem(lambda: system.attach("/dev/video0", 64, 36, 30))

    assert error.reason == "not-virtual"
    assert "HD Webcam" in str(error)


def test_a_path_that_is_no_camera_is_refused() -> None:
    system, _ = cameras(FakeDevice("/dev/video10"))

    assert problem(lambda: system.attach("/dev/null", 64, 36, 30)).reason == "not-virtual"


def test_a_camera_in_use_names_the_program() -> None:
    system, driver = cameras(FakeDevice("/dev/video10", writer="ffmpeg"))

    error = problem(lambda: system.attach("auto", 64, 36, 30))

    assert error.reason == "busy"
    assert "ffmpeg (pid 100)" in str(error)
    assert driver.opened == []


def test_a_camera_left_stuck_by_a_crash_is_freed_before_it_is_opened() -> None:
    device = FakeDevice("/dev/video10", stuck=True)
    system, driver = cameras(device)

    system.attach("auto", 64, 36, 30)

    assert len(driver.opened) == 1
    assert not device.stuck


def test_a_device_that_may_not_be_opened_advises_on_permission() -> None:
    system, _ = cameras(FakeDevice("/dev/video10", forbidden=True))

    error = problem(lambda: system.attach("auto", 64, 36, 30))

    assert error.reason == "permission"
    assert "/dev/video10" in str(error)


def test_a_device_without_its_file_says_how_to_get_it_back() -> None:
    system, _ = cameras(FakeDevice("/dev/video10", node=False))

    error = problem(lambda: system.attach("auto", 64, 36, 30))

    assert error.reason == "node-removed"
    assert "udevadm" in str(error)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Device /dev/video10 is not a video output device.", "busy"),
        ("Device /dev/video10 is already in use.", "busy"),
        ("Virtual camera device /dev/video10 could not be configured: busy", "busy"),
        ("Could not access /dev/video10 due to missing permissions.", "permission"),
        ("A text of the next release.", "other"),
    ],
)
def test_what_pyvirtualcam_says_becomes_advice(text: str, reason: str) -> None:
    def refuse(*_: object) -> object:
        raise RuntimeError(f"'v4l2loopback' backend: {text}")

    driver = FakeDriver(FakeDevice("/dev/video10"))
    system = LoopbackCameras(driver, refuse, lambda: BARE)  # type: ignore[arg-type]

    error = problem(lambda: system.attach("auto", 64, 36, 30))

    assert error.reason == reason
    if reason == "other":
        assert text in str(error)


def test_a_missing_pyvirtualcam_is_a_line_of_advice() -> None:
    def missing(*_: object) -> object:
        raise ImportError("No module named 'pyvirtualcam'")

    driver = FakeDriver(FakeDevice("/dev/video10"))
    system = LoopbackCameras(driver, missing, lambda: BARE)  # type: ignore[arg-type]

    error = problem(lambda: system.attach("auto", 64, 36, 30))

    assert error.reason == "library"
    assert "pip install" in str(error)


def test_a_device_without_exclusive_caps_is_used_and_explained() -> None:
    system, _ = cameras(FakeDevice("/dev/video10", exclusive=False))
    link = system.attach("auto", 64, 36, 30)

    note = system.note(link)

    assert note is not None
    assert note.reason == "no-exclusive-caps"
    assert not note.lost


def test_examine_opens_nothing() -> None:
    system, driver = cameras(FakeDevice("/dev/video10"))

    assert system.examine("auto").path == "/dev/video10"
    assert driver.opened == []
