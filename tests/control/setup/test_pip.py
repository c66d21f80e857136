"""pip goes through the user's network, and its lines become progress."""

from pathlib import Path

from control.setup.pip import Watcher, hub_environment, network_environment, proxy_in_use
from control.setup.progress import Progress, Step
from control.setup.words import Words


def test_packages_elsewhere_are_neither_seen_nor_written(tmp_path: Path) -> None:
    own = network_environment({"PYTHONPATH": "/ros", "PIP_USER": "1", "PIP_TARGET": "x"}, tmp_path)

    assert "PYTHONPATH" not in own
    assert "PIP_TARGET" not in own
    assert own["PIP_USER"] == "0"


def test_proxy_mirror_and_certificate_reach_pip(tmp_path: Path) -> None:
    given = {
        "HTTPS_PROXY": "http://a:1",
        "PIP_PROXY": "http://b:2",
        "PIP_INDEX_URL": "https://mirror/simple",
        "SSL_CERT_FILE": "/etc/own.pem",
    }

    own = network_environment(given, tmp_path)

    assert given.items() <= own.items()
    assert own["PIP_CERT"] == "/etc/own.pem"
    assert network_environment({**given, "PIP_CERT": "/x"}, tmp_path)["PIP_CERT"] == "/x"


def test_the_model_files_come_the_same_way() -> None:
    own = hub_environment({"PIP_PROXY": "b:2", "PIP_CERT": "/x.pem"})

    assert own["HTTPS_PROXY"] == "http://b:2"
    assert own["SSL_CERT_FILE"] == "/x.pem"
    assert hub_environment({"HTTPS_PROXY": "http://a:1", "PIP_PROXY": "b:2"})["HTTPS_PROXY"] == (
        "http://a:1"
    )


def test_a_proxy_is_shown_without_its_password() -> None:
    assert proxy_in_use({"HTTPS_PROXY": "http://me:secret@host:1"}) == "http://***@host:1"
    assert proxy_in_use({}) == ""


def test_a_large_download_shows_its_share(tmp_path: Path) -> None:
    watcher = Watcher(Step(Progress(Words("en")), "step"), tmp_path)
    (tmp_path / "pip-unpack-1").mkdir()
    (tmp_path / "pip-unpack-1/torch.whl").write_bytes(b"x" * 3_000_000)

    watcher.read("Collecting torch==2.13.0 (from x)\n")
    collecting = watcher.detail()
    watcher.read("  Downloading https://x/torch-2.13.0%2Bcpu-cp311.whl (12.0 MB)\n")
    downloading = watcher.detail()
    watcher.read("Installing collected packages: torch, numpy\n")

    assert collecting == "torch"
    assert downloading == "torch 12 MB 25%"
    assert watcher.detail() == "unpacking 2 packages"


def test_a_package_from_a_folder_is_named_without_it(tmp_path: Path) -> None:
    watcher = Watcher(Step(Progress(Words("en")), "step"), tmp_path)

    watcher.read("Obtaining file:///a%20folder\n")
    watcher.read("Processing /a folder/numpy-2.4.6-cp311.whl (from av==1->x==2)\n")

    assert watcher.detail() == "numpy"
