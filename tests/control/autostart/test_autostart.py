"""The entries say to each system what it needs, in its own way of quoting."""

import configparser
import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from control.autostart.entries import Start
from control.cli import main
from control.commands.autostart import entry_for

ANALYZE = shutil.which("systemd-analyze")

# Every sign that one of the three treats in a way of its own.
HARD = (
    '/opt/내 초상 50%/$HOME/it\'s "x"\\y/python',
    "-P",
    "-m",
    "control",
    "run",
    "--photo",
    "나 1%.jpg",
)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    folder = tmp_path / "a folder 한글"
    folder.mkdir()
    return Start(HARD, folder, {"LIVING_PORTRAIT_HOME": "/한 글/x"}, tmp_path / "a.log")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))  # no systemctl: it would speak to the real session
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home/.local/share"))
    return tmp_path / "home"


def section(text: str, name: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser[name]


def test_the_unit_starts_this_command_in_this_folder(start: Start) -> None:
    service = section(entry_for("linux", start, "login").content.decode(), "Service")

    words = [
        word.replace("%%", "%").replace("$$", "$") for word in shlex.split(service["ExecStart"])
    ]
    assert tuple(words) == HARD
    assert service["WorkingDirectory"] == str(start.folder)
    assert service["Environment"] == '"LIVING_PORTRAIT_HOME=/한 글/x"'


@pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_unit(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "한 글 50%" / "python"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    start = Start((str(program), *HARD[1:]), start.folder, start.environment, start.log)
    unit = tmp_path / "living-portrait.service"
    unit.write_bytes(entry_for("linux", start, "login").content)

    done = subprocess.run(
        [str(ANALYZE), "verify", "--user", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        timeout=60,
    )

    assert "living-portrait.service" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_the_menu_entry_is_quoted_as_the_desktop_wants(start: Start) -> None:
    entry = section(entry_for("linux", start, "menu").content.decode(), "Desktop Entry")

    assert entry["Exec"].startswith(
        '"/opt/내 초상 50%%/\\\\$HOME/it\'s \\\\"x\\\\"\\\\\\\\y/python" -P'
    )
    assert entry["Exec"].endswith('"나 1%%.jpg" --open')
    assert entry["Path"] == str(start.folder)


def test_the_launch_agent_is_a_plist_that_starts_this_command(start: Start) -> None:
    entry = entry_for("macos", start, "login")

    agent = plistlib.loads(entry.content)
    assert entry.path.name == f"{agent['Label']}.plist"
    assert tuple(agent["ProgramArguments"]) == HARD
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_the_shortcut_is_made_by_a_script_without_loose_quotes(start: Start) -> None:
    entry = entry_for("windows", start, "login")

    script = entry.content.decode()
    assert entry.path.parts[-2:] == ("Startup", "Living Portrait.lnk")
    assert "it''s" in script
    # Outside of quoted texts nothing is left that PowerShell would expand.
    outside = script.replace("''", "").split("'")[::2]
    assert "$HOME" not in "".join(outside)
    assert '--photo "나 1%.jpg"' in script


def test_install_show_and_remove_on_this_machine(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = home / ".config/systemd/user/living-portrait.service"
    link = unit.parent / "default.target.wants" / unit.name

    assert main(["autostart", "install", "--", "--camera", "none"]) == 0
    written = unit.read_text()
    assert link.resolve() == unit
    assert main(["autostart", "show", "--", "--camera", "none"]) == 0
    shown = capsys.readouterr().out
    assert main(["autostart", "remove", "--quiet"]) == 0

    assert written in shown
    assert '"--camera" "none"' in written
    assert capsys.readouterr().out.split() == [str(unit), str(link)]
    assert not unit.exists()
    assert not link.is_symlink()


def test_wrong_flags_are_refused_before_anything_is_written(home: Path) -> None:
    with pytest.raises(SystemExit) as error:
        main(["autostart", "install", "--", "--nonsense"])

    assert error.value.code == 2
    assert not home.exists()
