"""The build of PyTorch follows from the card, its driver and the system."""

from pathlib import Path

import pytest

from control.setup.torch_builds import (
    Build,
    Card,
    DriverTooOldError,
    IntelMacError,
    choose,
    find_card,
    pinned_version,
)


def card(driver: str, capability: tuple[int, int]) -> Card:
    return Card("a card", driver, capability)


@pytest.mark.parametrize(
    ("system", "found", "tag"),
    [
        ("linux", None, "cpu"),
        ("win32", None, "cpu"),
        ("darwin", None, ""),
        ("linux", card("580.95.05", (8, 9)), "cu130"),
        ("win32", card("581.57", (8, 9)), "cu130"),
        ("linux", card("581.57", (12, 0)), "cu130"),
        ("linux", card("580.95.05", (7, 5)), "cu130"),
        ("linux", card("550.144.03", (8, 6)), "cu126"),
        ("win32", card("552.22", (8, 6)), "cu126"),
        ("linux", card("580.95.05", (6, 1)), "cu126"),
        ("linux", card("525.60.13", (7, 5)), "cu126"),
    ],
)
def test_the_newest_cuda_that_card_and_driver_run(
    system: str, found: Card | None, tag: str
) -> None:
    build = choose("", found, system, "arm64" if system == "darwin" else "x86_64")

    assert build.tag == tag
    assert build.index == (f"https://download.pytorch.org/whl/{tag}" if tag else "")
    assert build.accelerated == (tag != "cpu")


@pytest.mark.parametrize(
    ("system", "found", "wanted"),
    [
        ("linux", card("470.256.02", (8, 6)), "580"),
        ("linux", card("470.256.02", (6, 1)), "525.60.13"),
        ("win32", card("516.94", (6, 1)), "528.33"),
        # Blackwell has no build for CUDA 12.6.
        ("linux", card("570.86.10", (12, 0)), "580"),
    ],
)
def test_a_driver_that_runs_none_is_told_what_would(system: str, found: Card, wanted: str) -> None:
    with pytest.raises(DriverTooOldError) as error:
        choose("", found, system, "x86_64")

    assert error.value.wanted == wanted


def test_a_card_that_only_the_old_build_serves_is_said() -> None:
    assert choose("", card("580.1", (6, 1)), "linux", "x86_64").old_for == "a card"
    assert not choose("", card("550.1", (8, 6)), "linux", "x86_64").old_for


def test_there_is_no_pytorch_for_intel_macs() -> None:
    with pytest.raises(IntelMacError):
        choose("", None, "darwin", "x86_64")


def test_what_was_asked_for_by_name_goes_before_what_was_found() -> None:
    found = card("470.0", (3, 5))

    assert choose("cpu", found, "linux").tag == "cpu"
    assert choose("cu126", None, "linux").index.endswith("/whl/cu126")
    assert choose("default", found, "linux", "x86_64") == Build(
        "", "", True, "", *SIZES_OF_LINUX_CUDA
    )
    mirror = choose("https://mirror.example/whl/cu130/", None, "linux")
    assert (mirror.tag, mirror.index) == ("cu130", "https://mirror.example/whl/cu130/")


SIZES_OF_LINUX_CUDA = (2900, 6000)


def test_the_strongest_card_counts() -> None:
    said = "NVIDIA GeForce GT 1030, 581.57, 6.1\nNVIDIA GeForce RTX 4070, SUPER, 581.57, 8.9\n"

    found = find_card(lambda command: said)

    assert found == Card("NVIDIA GeForce RTX 4070, SUPER", "581.57", (8, 9))


@pytest.mark.parametrize("said", ["", "No devices were found\n", "garbage, here, now\n"])
def test_a_driver_that_knows_no_card_is_none(said: str) -> None:
    assert find_card(lambda command: said) is None


def test_an_old_driver_that_knows_no_capability_counts_by_its_version() -> None:
    found = find_card(lambda command: "Tesla K80, 470.42.01, [Not Supported]\n")

    assert found is not None
    with pytest.raises(DriverTooOldError):
        choose("", found, "linux", "x86_64")


def test_no_driver_is_no_card() -> None:
    def missing(command: list[str]) -> str:
        raise FileNotFoundError(command[0])

    assert find_card(missing) is None


def test_the_pinned_version_is_that_of_the_constraints() -> None:
    root = Path(__file__).resolve().parents[3]

    version = pinned_version(root / "constraints.txt")

    assert f"\ntorch=={version}\n" in (root / "constraints.txt").read_text()
