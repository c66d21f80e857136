import platform
from dataclasses import replace
from pathlib import Path

import pytest

from streamer.sinks import camera_advice as advice
from streamer.sinks.camera_advice import MODPROBE, Machine

LINUX = Machine("Linux", "6.1.0-18-amd64", ("debian",))


@pytest.mark.parametrize(
    ("distributions", "command"),
    [
        (("debian",), "sudo apt install v4l2loopback-dkms linux-headers-$(uname -r)"),
        (("ubuntu", "debian"), "sudo apt install v4l2loopback-dkms"),
        (("pop", "ubuntu", "debian"), "sudo apt install v4l2loopback-dkms"),
        (("fedora",), "sudo dnf install akmod-v4l2loopback"),
        (("manjaro", "arch"), "sudo pacman -S --needed v4l2loopback-dkms linux-headers"),
        (("opensuse-tumbleweed", "opensuse", "suse"), "sudo zypper install v4l2loopback"),
        (("nixos",), "github.com/v4l2loopback/v4l2loopback"),
    ],
)
def test_each_distribution_gets_its_own_command_then_modprobe(
    distributions: tuple[str, ...], command: str
) -> None:
    text = advice.no_camera(replace(LINUX, distributions=distributions))

    assert command in text
    assert MODPROBE in text
    assert text.index(command) < text.index(MODPROBE)


def test_modprobe_makes_a_camera_that_browsers_list_under_our_name() -> None:
    assert MODPROBE == (
        'sudo modprobe v4l2loopback exclusive_caps=1 card_label="Living Portrait" video_nr=10'
    )
    assert len(advice.CARD_LABEL.encode()) <= 31  # what the driver keeps


def test_a_module_that_is_installed_only_needs_loading() -> None:
    text = advice.no_camera(replace(LINUX, module_installed=True))

    assert MODPROBE in text
    assert "apt install" not in text
    assert "mokutil" in text


def test_a_module_without_devices_is_reloaded() -> None:
    text = advice.no_camera(replace(LINUX, module_installed=True, module_loaded=True))

    assert advice.RELOAD in text


@pytest.mark.parametrize(
    "machine",
    [
        replace(LINUX, wsl=True, kernel="5.15.153.1-microsoft-standard-WSL2"),
        replace(LINUX, modules_folder=False),
        replace(LINUX, container=True),
    ],
)
def test_where_no_module_can_be_loaded_the_preview_becomes_the_camera(machine: Machine) -> None:
    text = advice.no_camera(machine, "http://127.0.0.1:9000/preview.mjpg")

    assert "http://127.0.0.1:9000/preview.mjpg" in text
    assert "Browser source" in text
    assert "apt install" not in text


def test_without_a_page_no_address_is_given() -> None:
    text = advice.no_camera(replace(LINUX, wsl=True), "")

    assert "http" not in text
    assert "--panel off" in text


def test_a_container_is_told_to_load_on_the_host() -> None:
    text = advice.no_camera(replace(LINUX, container=True))

    assert "On the host" in text
    assert MODPROBE in text
    assert "--device /dev/video10" in text


def test_windows_and_macos_are_sent_to_obs() -> None:
    windows, macos = (advice.no_camera(Machine(system)) for system in ("Windows", "Darwin"))

    assert "Start Virtual Camera" in windows
    assert "modprobe" not in windows + macos
    assert "30 or newer" in macos
    assert "extension" in macos


def test_permission_depends_on_the_group_that_one_is_in() -> None:
    outside = advice.permission(replace(LINUX, in_video_group=False, user="ada"), "/dev/video10")
    inside = advice.permission(LINUX, "/dev/video10")

    assert "sudo usermod -a -G video ada" in outside
    assert "log out" in outside
    assert "usermod" not in inside
    assert "chmod a+rw /dev/video10" in inside


def test_gather_reads_an_ubuntu_with_the_module_built(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n'
    )
    modules = tmp_path / "lib/modules" / platform.release()
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text("updates/dkms/v4l2loopback.ko.zst: kernel/videodev.ko\n")

    machine = advice.gather(tmp_path)

    assert machine.system == platform.system()
    if machine.system == "Linux":
        assert machine.distributions == ("linuxmint", "ubuntu", "debian")
        assert machine.module_installed
        assert machine.modules_folder
        assert not machine.module_loaded
        assert not machine.container


def test_gather_on_an_empty_root_finds_no_modules(tmp_path: Path) -> None:
    machine = advice.gather(tmp_path)

    if machine.system == "Linux":
        assert not machine.modules_folder
        assert machine.distributions == ()
        assert "preview" in advice.no_camera(machine)


@pytest.mark.parametrize(("file", "text"), [(".dockerenv", ""), ("proc/1/cgroup", "0::/docker/ab")])
def test_gather_sees_a_container(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)

    machine = advice.gather(tmp_path)

    assert machine.container or machine.system != "Linux"


def test_every_message_ends_as_a_sentence() -> None:
    texts = [
        *(advice.no_camera(replace(LINUX, wsl=wsl)) for wsl in (True, False)),
        advice.busy("/dev/video10", "Cam", []),
        advice.busy_obs("OBS Virtual Camera"),
        advice.size_held("/dev/video10", "640x360 YU12", "1280x720", ["zoom (pid 1)"]),
        advice.node_removed(LINUX, "/dev/video10"),
        advice.node_removed(replace(LINUX, container=True), "/dev/video10"),
        advice.no_exclusive_caps("/dev/video10"),
        advice.not_virtual("/dev/video0", "Webcam"),
        advice.no_such_camera("x", ["/dev/video10 'y'"]),
        advice.no_library("gone"),
    ]

    for text in texts:
        assert text.endswith("."), text
        assert text.count("`") % 2 == 0, text
