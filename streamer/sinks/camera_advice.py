"""What to tell a user whose virtual camera does not work, with the command for their system.

The texts are pure functions of a `Machine`, which `gather` fills in. Each is a sentence on what
happened and then what to type. Tried on Debian 12; the others follow their distributions' and
OBS's documentation and were not tried.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CARD_LABEL: Final = "Living Portrait"
"""Name of the camera in the pickers of meeting programs; the driver keeps 31 bytes."""

# exclusive_caps=1: Chromium skips a device that announces capture and output at once.
# 10 leaves room below for real webcams, which take the lowest free numbers.
MODPROBE: Final = (
    f'sudo modprobe v4l2loopback exclusive_caps=1 card_label="{CARD_LABEL}" video_nr=10'
)
RELOAD: Final = f"sudo modprobe -r v4l2loopback && {MODPROBE}"
PREVIEW_URL: Final = "http://127.0.0.1:8000/preview.mjpg"

_RETRY: Final = "The stream goes on and attaches by itself when the camera appears."

# How a distribution installs the module for the running kernel, by os-release's ID or ID_LIKE.
_INSTALL: Final = {
    "debian": "sudo apt install v4l2loopback-dkms linux-headers-$(uname -r)",
    "ubuntu": "sudo apt install v4l2loopback-dkms linux-headers-$(uname -r)",
    "fedora": (
        "sudo dnf install https://mirrors.rpmfusion.org/free/fedora/"
        "rpmfusion-free-release-$(rpm -E %fedora).noarch.rpm && "
        "sudo dnf install akmod-v4l2loopback && sudo akmods"
    ),
    "arch": "sudo pacman -S --needed v4l2loopback-dkms linux-headers",
    "suse": "sudo zypper install v4l2loopback-kmp-default",
}


@dataclass(frozen=True)
class Machine:
    """What the advice depends on."""

    system: str  # platform.system(): Linux, Windows, Darwin
    kernel: str = ""  # uname -r
    distributions: tuple[str, ...] = ()  # os-release ID, then ID_LIKE
    wsl: bool = False
    container: bool = False
    modules_folder: bool = True  # /lib/modules/KERNEL exists
    module_installed: bool = False
    module_loaded: bool = False
    in_video_group: bool = True
    user: str = "$USER"
    cameras: tuple[str, ...] = field(default=())  # labels of other video devices


def gather(root: Path = Path("/"), cameras: Sequence[str] = ()) -> Machine:
    """Look at this machine. ``root`` replaces ``/`` in tests."""
    system = platform.system()
    if system != "Linux":
        return Machine(system, platform.release())
    kernel = platform.release()
    modules = root / "lib/modules" / kernel
    release = _read(root / "etc/os-release")
    cgroup = _read(root / "proc/1/cgroup")
    return Machine(
        system,
        kernel,
        distributions=_distributions(release),
        wsl="microsoft" in kernel.lower(),
        container=(root / ".dockerenv").exists()
        or (root / "run/.containerenv").exists()
        or any(word in cgroup for word in ("docker", "kubepods", "lxc", "containerd")),
        modules_folder=modules.is_dir(),
        # depmod writes this list after every installation, by hand, DKMS or akmods.
        module_installed="v4l2loopback.ko" in _read(modules / "modules.dep"),
        module_loaded=(root / "sys/module/v4l2loopback").is_dir(),
        in_video_group=_in_video_group(_read(root / "etc/group")),
        user=os.environ.get("USER") or "$USER",
        cameras=tuple(cameras),
    )


def no_camera(machine: Machine, preview_url: str = PREVIEW_URL) -> str:
    """There is no virtual camera at all. ``preview_url`` is empty where there is no page."""
    if machine.system == "Windows":
        return (
            "No virtual camera was found. Install OBS Studio (obsproject.com), start it, press "
            "'Start Virtual Camera' once, press it again to stop, and close OBS. " + _RETRY
        )
    if machine.system == "Darwin":
        return (
            "No virtual camera was found. Install OBS Studio 30 or newer (obsproject.com), press "
            "'Start Virtual Camera' once and allow the camera extension in System Settings > "
            "General > Login Items & Extensions > Camera Extensions; then press 'Stop Virtual "
            "Camera' and close OBS. " + _RETRY
        )
    as_source = (
        f"Use the preview instead: in OBS add a Browser source with the address {preview_url} and "
        "press 'Start Virtual Camera'."
        if preview_url
        else "Use the preview instead: start without --panel off, and the message here names the "
        "address that OBS shows as a Browser source."
    )
    if machine.wsl:
        return (
            f"No virtual camera: WSL's kernel ({machine.kernel}) has no camera module. " + as_source
        )
    if machine.module_loaded and not machine.container:
        return f"The module v4l2loopback is loaded but has no device. Type: `{RELOAD}`. {_RETRY}"
    if machine.container:
        return (
            "No virtual camera: a container sees the cameras of its host only where they are "
            f"handed in. On the host type: `{MODPROBE}`; then start the container with "
            "`--device /dev/video10`. " + as_source
        )
    if machine.module_installed:
        return (
            "No virtual camera: the module v4l2loopback is installed but not loaded. Type: "
            f"`{MODPROBE}`. (Does it say 'Key was rejected'? Then Secure Boot wants the module "
            "signed: `sudo mokutil --import /var/lib/dkms/mok.pub`, and restart.) " + _RETRY
        )
    if not machine.modules_folder:
        return (
            f"No virtual camera: this kernel ({machine.kernel}) has no modules to load, as is "
            "usual on cloud machines and in sandboxes. " + as_source
        )
    install = _install(machine)
    if install is None:
        return (
            "No virtual camera: the kernel module v4l2loopback is not installed. Install it from "
            "your distribution (the package is mostly called v4l2loopback-dkms) or from "
            f"github.com/v4l2loopback/v4l2loopback; then type: `{MODPROBE}`. {_RETRY}"
        )
    return (
        "No virtual camera: the kernel module v4l2loopback is not installed. Type: "
        f"`{install} && {MODPROBE}`. {_RETRY}"
    )


def no_such_camera(wanted: str, found: Sequence[str]) -> str:
    """No camera has this label or path; ``found`` names the virtual ones that are there."""
    listed = "; ".join(found)
    return (
        f"There is no virtual camera '{wanted}'. There is: {listed}. Name one of these with "
        "--camera, by its path or its name, or leave --camera auto. " + _RETRY
    )


def not_virtual(path: str, label: str) -> str:
    """The device is a real webcam or something else that takes no frames."""
    what = f"{path} ('{label}')" if label else path
    return (
        f"{what} is not a virtual camera of v4l2loopback, so nothing can be sent to it. "
        f"Leave --camera auto, or make a camera: `{MODPROBE}`."
    )


def permission(machine: Machine, path: str) -> str:
    """The user may not open the device."""
    if machine.container:
        return (
            f"No permission to write to {path}. Start the container with `--device {path} "
            f"--group-add video`. {_RETRY}"
        )
    if machine.in_video_group:
        return f"No permission to write to {path}. Type: `sudo chmod a+rw {path}`. {_RETRY}"
    return (
        f"No permission to write to {path}: {machine.user} is not in the group 'video'. Type: "
        f"`sudo usermod -a -G video {machine.user}`, then log out and in again. "
        f"(At once, until the next restart: `sudo chmod a+rw {path}`.) {_RETRY}"
    )


def busy(path: str, label: str, holders: Sequence[str]) -> str:
    """Another program sends to the camera."""
    who = ", ".join(holders) if holders else "another program"
    return (
        f"The camera {path} ('{label}') is in use: it is open in {who}, and one program only can "
        "send to it. Close that program, or give this stream a camera of its own: "
        "`sudo modprobe -r v4l2loopback && sudo modprobe v4l2loopback devices=2 "
        f'exclusive_caps=1,1 video_nr=10,11 card_label="{CARD_LABEL},Spare"`. '
        "The stream goes on and takes the camera as soon as it is free."
    )


def busy_obs(name: str) -> str:
    """OBS's camera is in use, on Windows or macOS."""
    return (
        f"The camera '{name}' is in use, mostly by OBS itself. Press 'Stop Virtual Camera' in OBS, "
        "or close the other program that sends to it. The stream goes on and takes the camera as "
        "soon as it is free."
    )


def size_held(
    path: str, held: str, wanted: str, holders: Sequence[str], *, can_send: bool = True
) -> str:
    """A program that is attached keeps the camera at another size or pixel format."""
    who = ", ".join(holders) if holders else "an attached program"
    close = f"To get {wanted}, close the camera in {who} and start the stream again."
    if can_send:
        return f"{who} holds {path} at {held}, so the stream is sent scaled to that size. {close}"
    return f"{who} holds {path} at {held}, which the stream cannot send. {close} {_RETRY}"


def node_removed(machine: Machine, path: str) -> str:
    """The driver has the camera, but its device file is gone."""
    if machine.container:
        return (
            f"The host has a camera {path}, but this container does not. Start the container with "
            f"`--device {path}`. {_RETRY}"
        )
    return (
        f"The device file {path} is missing. Programs that already show the camera go on, others "
        "cannot find it. Type: `sudo udevadm trigger --subsystem-match=video4linux --action=add`."
    )


def no_exclusive_caps(path: str) -> str:
    """The camera works, but browsers skip it."""
    return (
        f"{path} works, but browsers do not list it: the module was loaded without "
        f"exclusive_caps=1. Close all programs that use it and type: `{RELOAD}`."
    )


def vanished(path: str) -> str:
    """The camera was there and is not any more."""
    return f"The camera {path} disappeared. " + _RETRY


def frames_lost(path: str) -> str:
    """The driver shows no frames although they are sent."""
    return f"The camera {path} no longer takes the frames that are sent. It is opened again."


def no_library(error: str) -> str:
    """The package pyvirtualcam is missing or does not load."""
    return (
        f"The package pyvirtualcam cannot be loaded ({error}). Type: `python -m pip install "
        "--upgrade pyvirtualcam`, and start the stream again."
    )


def other(device: str, error: str) -> str:
    """The library said something that we do not know."""
    return f"The camera {device} cannot be opened: {error} " + _RETRY


def _install(machine: Machine) -> str | None:
    for name in machine.distributions:
        for known, command in _INSTALL.items():
            if name == known or (known == "suse" and "suse" in name):
                return command
    return None


def _distributions(os_release: str) -> tuple[str, ...]:
    values = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    names = [values.get("ID", ""), *values.get("ID_LIKE", "").strip("\"'").split()]
    return tuple(name.strip("\"'").lower() for name in names if name)


def _in_video_group(groups: str) -> bool:
    """Whether this process is in the group, by number: a fresh usermod needs a new login."""
    for line in groups.splitlines():
        name, _, rest = line.partition(":")
        if name == "video":
            number = rest.split(":")[1]
            mine = [*os.getgroups(), os.getegid()] if hasattr(os, "getgroups") else []
            return int(number) in mine
    return True  # there is no such group: joining it is no advice


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
