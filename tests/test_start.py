"""start.py, run for real on a project as small as can be: its steps, its stops, its second run."""

import ast
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from control.setup.environment import OWNER
from tests.control.setup.tiny import ROOT, make_project, make_wheel

posix = pytest.mark.skipif(os.name == "nt", reason="made of shell scripts and signals")

# What this machine's own settings would change.
FOREIGN = re.compile(r"^(PIP_|LC_|LANG$|https?_proxy$|all_proxy$|PYTHONPATH$)", re.IGNORECASE)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", **more}


def start(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "start.py"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(**more),
        cwd=folder.parent,
        timeout=180,
    )


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment as start.py makes it, to be copied, since making one takes seconds."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (folder / OWNER).touch()
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A project as it is unpacked."""
    return make_project(tmp_path / "with a space 한글")


@pytest.fixture
def project(bare: Path, bare_environment: Path) -> Path:
    """A project in which the environment is there, and nothing is installed."""
    shutil.copytree(bare_environment, bare / ".venv", symlinks=True)
    return bare


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project whose first start has been made, and what that said."""
    folder = make_project(tmp_path_factory.mktemp("started") / "with a space 한글")
    done = start(folder, "--camera", "none")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_first_start_says_each_step_and_hands_the_words_on(started: tuple[Path, str]) -> None:
    _, said = started

    assert "about 130 MB" in said
    for step in ("[1/3] An environment", "[2/3] Libraries", "[3/3] Does it run"):
        assert step in said
    assert len(re.findall(r": done in \d+ s", said)) == 3
    assert said.splitlines()[-1] == "product run --open --camera none"


def test_the_second_start_is_the_product_alone(started: tuple[Path, str]) -> None:
    folder, _ = started

    assert start(folder).stdout == "product run --open\n"
    assert start(folder, "--photo", "me.jpg").stdout == "product run --open --photo me.jpg\n"
    assert start(folder, "render", "--preset", "wink").stdout == "product render --preset wink\n"
    assert start(folder, "--version").stdout == "product --version\n"
    assert start(folder, "say", "--", "--yes").stdout == "product say -- --yes\n"


def test_the_second_start_loads_next_to_nothing(started: tuple[Path, str]) -> None:
    """Time is what modules cost: nothing but what Python itself has loaded is used."""
    folder, _ = started
    code = (
        "import sys, os; before = set(sys.modules); sys.path.insert(0, sys.argv[1])\n"
        "import start\n"
        "def stop(path, words): print(sorted(set(sys.modules) - before)); os._exit(0)\n"
        "os.execv = stop\n"
        "import builtins; start.main([])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env=environment(PYTHONUNBUFFERED="1"),
        check=True,
    )

    assert done.stdout.strip() == "['start']"


def test_a_file_that_was_only_touched_installs_nothing(started: tuple[Path, str]) -> None:
    folder, _ = started
    os.utime(folder / "pyproject.toml", (1.0, 1.0))

    first, second = start(folder), start(folder)

    assert first.stdout == second.stdout == "product run --open\n"


def test_needs_that_changed_are_installed_at_the_next_start(project: Path, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "newlib", "1.0")
    start(project)
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text + "# another need\n")

    done = start(project, PIP_FIND_LINKS=str(wheels), TINY_NEEDS="newlib")

    assert "The program has changed" in done.stdout
    assert "[1/2] Libraries" in done.stdout  # no second environment
    assert list(project.glob(".venv/**/newlib.py"))


def test_help_installs_nothing(bare: Path) -> None:
    done = start(bare, "--help")

    assert "--neural" in done.stdout
    assert done.returncode == 0
    assert not (bare / ".venv").exists()


def test_every_word_of_start_py_is_in_its_help_and_none_is_the_products() -> None:
    sys.path.insert(0, str(ROOT))
    try:
        import start as program
    finally:
        sys.path.remove(str(ROOT))
    from control.cli import build_parser

    own = {*program.OWN, *program.OWN_WITH_VALUE}
    parsers = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    flags = {
        flag
        for parser in parsers.values()  # type: ignore[union-attr]
        for action in parser._actions
        for flag in action.option_strings
    }

    assert all(word in (program.__doc__ or "") for word in own)
    # `weights fetch` has it, too, and means the same; it is handed on to it.
    assert own & flags <= {"--commercial-ok"}


# What went wrong, and what to type.


def test_a_python_without_venv_is_told_the_one_command(bare: Path, tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "venv.py").write_text("import sys; sys.exit('ensurepip is not available')\n")

    done = start(bare, PYTHONPATH=str(modules))

    assert done.returncode == 1
    assert "ensurepip is not available" in done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"-venv|python3-pip|Install Python", done.stderr)
    assert not (bare / ".venv").exists()  # no half environment is left


def test_no_network_is_told_and_the_environment_is_kept(project: Path) -> None:
    refused = "http://127.0.0.1:9/simple"  # the discard port: nobody listens

    done = start(project, PIP_NO_INDEX="0", PIP_INDEX_URL=refused, TINY_NEEDS="x", PIP_RETRIES="1")

    assert done.returncode == 1
    assert "HTTPS_PROXY" in done.stderr
    assert "living-portrait-install.log" in done.stderr
    assert start(project).returncode == 0


def test_a_proxy_that_is_not_there_is_named_without_its_password(project: Path) -> None:
    done = start(
        project,
        PIP_NO_INDEX="0",
        PIP_RETRIES="1",
        PIP_INDEX_URL="https://example.invalid/simple",
        PIP_PROXY="http://me:secret@127.0.0.1:9",
        TINY_NEEDS="x",
    )

    assert done.returncode == 1
    assert "http://***@127.0.0.1:9" in done.stderr.splitlines()[-1]
    assert "secret" not in done.stderr.splitlines()[-1]


def test_offline_without_the_packages_says_where_to_get_them(project: Path, tmp_path: Path) -> None:
    empty = tmp_path / "wheels"
    empty.mkdir()

    bare = start(project, "--offline", TINY_NEEDS="x")
    filled = start(project, "--offline", "--wheels", str(empty), TINY_NEEDS="x")

    assert "--offline --wheels DIR" in bare.stderr
    assert f"python3 start.py --wheels {empty}" in filled.stderr


def test_packages_in_a_folder_are_enough(project: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "newlib", "1.0")

    done = start(project, "--offline", "--wheels", "wheels", TINY_NEEDS="newlib")

    assert done.returncode == 0, done.stderr
    assert list(project.glob(".venv/**/newlib.py"))


def test_a_library_that_does_not_load_is_told_with_its_reason(project: Path) -> None:
    (project / "cv2.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file')\n"
    )

    done = start(project)

    assert done.returncode == 1
    assert "The system lacks libGL.so.1" in done.stderr


def test_a_folder_that_is_no_environment_is_left_alone(bare: Path) -> None:
    (bare / ".venv").mkdir()
    (bare / ".venv/mine.txt").write_text("keep")

    done = start(bare)

    assert done.returncode == 1
    assert "Move it away" in done.stderr
    assert (bare / ".venv/mine.txt").read_text() == "keep"


@posix
def test_an_environment_whose_python_is_gone_is_made_anew(project: Path) -> None:
    start(project)
    python = project / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")

    done = start(project)

    assert "making it anew" in done.stdout
    assert done.stdout.splitlines()[-1] == "product run --open"


@pytest.fixture
def killed(project: Path, tmp_path: Path) -> Iterator[Path]:
    """A project whose first start was killed while packages were being installed."""
    slow = tmp_path / "slow"
    slow.mkdir()
    waiting = slow / "waiting"
    backend = (project / "tiny_backend.py").read_text()
    wait = f"\nimport time, pathlib\npathlib.Path({str(waiting)!r}).touch()\ntime.sleep(60)\n"
    (project / "tiny_backend.py").write_text(backend + wait)
    process = subprocess.Popen(
        [sys.executable, str(project / "start.py")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    for _ in range(600):
        if waiting.exists():
            break
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (project / "tiny_backend.py").write_text(backend)
    yield project


@posix
def test_a_start_that_was_killed_is_begun_afresh(killed: Path) -> None:
    done = start(killed)

    assert "was cut off" in done.stdout
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "product run --open"


@posix
def test_two_starts_at_once_wait_for_each_other(bare: Path) -> None:
    command = [sys.executable, str(bare / "start.py")]
    both = [
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=180)[0] for process in both]

    assert [text.splitlines()[-1] for text in said] == ["product run --open"] * 2
    assert sum("waiting for it" in text for text in said) == 1


# The neural engine.


@pytest.fixture
def card(tmp_path: Path) -> str:
    """A PATH on which nvidia-smi tells of an RTX 4070 with a driver of this year."""
    folder = tmp_path / "bin"
    folder.mkdir()
    smi = folder / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA GeForce RTX 4070, 581.57, 8.9'\n")
    smi.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


FAKE_TORCH = """
__version__ = "2.13.0+cu130"
class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "NVIDIA GeForce RTX 4070")
class backends:
    class mps:
        is_available = staticmethod(lambda: False)
"""


@posix
def test_the_card_decides_which_pytorch_is_installed(
    project: Path, tmp_path: Path, card: str
) -> None:
    wheels = tmp_path / "wheels"
    for tag in ("cpu", "cu126", "cu130"):
        make_wheel(wheels, "torch", f"2.13.0+{tag}", FAKE_TORCH)
    words = ("--neural", "--yes", "--offline", "--wheels", "wheels")

    done = start(project, *words, PATH=card)
    again = start(project, "--neural", PATH=card)

    assert done.returncode == 0, done.stderr
    assert "PyTorch, 2.13.0+cu130: done" in done.stdout
    assert "PyTorch 2.13.0+cu130 sees NVIDIA GeForce RTX 4070." in done.stdout
    assert again.stdout == "product run --open\n"


@posix
def test_gigabytes_are_not_fetched_where_nobody_can_agree(bare: Path, card: str) -> None:
    done = start(bare, "--neural", "--photo", "my face.jpg", PATH=card)

    assert done.returncode == 1
    assert "2900 MB" in done.stdout
    assert "non-commercial research" in done.stdout
    assert 'python3 start.py --neural --photo "my face.jpg" --yes' in done.stderr
    assert not (bare / ".venv").exists()


@posix
def test_a_question_is_asked_on_a_terminal_and_no_means_no(bare: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(bare / "start.py")],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(LANG="ko_KR.UTF-8", PYTHONUTF8="1"),
    )
    os.close(theirs)
    said = b""
    while "계속할까요".encode() not in said and select.select([ours], [], [], 60)[0]:
        said += os.read(ours, 4096)
    os.write(ours, b"n\n")
    error = process.communicate(timeout=60)[1]
    os.close(ours)

    assert process.returncode == 1
    assert "아무것도 내려받지 않았습니다" in error
    assert not (bare / ".venv").exists()


def test_korean_where_the_system_speaks_it(project: Path) -> None:
    done = start(project, LANG="ko_KR.UTF-8", PYTHONUTF8="1")

    assert "[1/2] 라이브러리 설치: 완료" in done.stdout
    assert "다음부터는 바로 시작합니다" in done.stdout


# Removing it.


def test_uninstall_removes_what_was_made_and_names_what_stays(
    project: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "photos").mkdir(parents=True)
    (home / "photos/me.jpg").write_bytes(b"x" * 2_000_000)
    (project / "weights").mkdir()
    (project / "weights/MANIFEST.toml").touch()
    (project / "weights/model.pth").write_bytes(b"x" * 1_000_000)
    start(project)

    done = start(project, "--uninstall", LIVING_PORTRAIT_HOME=str(home))

    assert done.returncode == 0, done.stderr
    assert not (project / ".venv").exists()
    assert f"{home / 'photos'}  (photos, 2.0 MB)" in done.stdout
    assert f"{project / 'weights/model.pth'}  (model files, 1.0 MB)" in done.stdout
    assert "MANIFEST" not in done.stdout
    assert (home / "photos/me.jpg").exists()


def test_purge_asks_first_and_then_leaves_nothing(project: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "photos").mkdir(parents=True)
    (home / "photos/me.jpg").touch()
    start(project)

    unasked = start(project, "--purge", LIVING_PORTRAIT_HOME=str(home))
    kept = (home / "photos/me.jpg").exists() and (project / ".venv").exists()
    agreed = start(project, "--purge", "--yes", LIVING_PORTRAIT_HOME=str(home))

    assert unasked.returncode == 1
    assert kept
    assert agreed.returncode == 0
    assert not (home / "photos").exists()
    assert not (project / ".venv").exists()


def test_uninstall_leaves_an_environment_that_somebody_else_made(bare: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(bare / ".venv")], check=True)

    used = start(bare)
    refused = start(bare, "--uninstall")

    assert used.returncode == 0, used.stderr
    assert "that is in" in used.stdout
    assert refused.returncode == 1
    assert (bare / ".venv").exists()


# Other Pythons.


def test_old_pythons_can_read_start_py() -> None:
    """At least far enough for its first sentence; the rest lies in control/setup."""
    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 4))


def old_python() -> str | None:
    for minor in (10, 9, 8, 7, 6):
        for found in (
            shutil.which(f"python3.{minor}"),
            *sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python")),
        ):
            command = [str(found), "-c", ""]
            if found and subprocess.run(command, capture_output=True).returncode == 0:
                return str(found)
    return None


@posix
def test_an_old_python_starts_a_newer_one_or_says_how_to_get_it(project: Path) -> None:
    python = old_python()
    if python is None:
        pytest.skip("no Python before 3.11 on this machine")
    folder = project.parent / "bin"
    folder.mkdir()
    command = [python, str(project / "start.py"), "--help"]

    without = subprocess.run(
        command, capture_output=True, text=True, env=environment(PATH=str(folder))
    )
    (folder / "python3.12").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python3.12").chmod(0o755)
    found = subprocess.run(
        command, capture_output=True, text=True, env=environment(PATH=str(folder))
    )

    assert without.returncode == 1
    assert "needs Python 3.11 or newer" in without.stderr
    assert "이상이 필요합니다" in without.stderr
    assert "python3.12 start.py" in without.stderr
    assert found.returncode == 0
    assert str(folder / "python3.12") in found.stderr
