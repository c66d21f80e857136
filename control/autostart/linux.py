"""A systemd unit of the user's own, and an entry for the desktop's program menu."""

import os
import re
from pathlib import Path

from control.autostart.entries import NAME, SUMMARY, TITLE, Entry, Start, When


def linux_entry(start: Start, when: When) -> Entry:
    """Return the unit, or with ``menu`` the desktop entry."""
    return _unit(start) if when == "login" else _desktop(start)


def _unit(start: Start) -> Entry:
    known = "".join(f"Environment={_quoted(f'{k}={v}')}\n" for k, v in start.environment.items())
    # Crashes of the renderer are the program's own business; this is for the rest. Wrong flags (2)
    # do not get better by themselves. SIGTERM goes to the first process, which ends the others.
    text = f"""\
[Unit]
Description={TITLE}: {SUMMARY}
StartLimitIntervalSec=120
StartLimitBurst=5

[Service]
Type=exec
WorkingDirectory={str(start.folder).replace("%", "%%")}
{known}ExecStart={" ".join(map(_quoted, start.command))}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
KillMode=mixed
TimeoutStopSec=20

[Install]
WantedBy=default.target
"""
    folder = _config() / "systemd" / "user"
    name = f"{NAME}.service"
    return Entry(
        folder / name,
        text.encode(),
        link=folder / "default.target.wants" / name,
        after=(("systemctl", "--user", "daemon-reload"),),
        before_removal=(("systemctl", "--user", "disable", "--now", name),),
        hint=f"Start it now: systemctl --user start {NAME}. "
        f"What it says: journalctl --user -u {NAME}",
    )


def _desktop(start: Start) -> Entry:
    command = " ".join(_desktop_quoted(word) for word in (*start.command, "--open"))
    text = f"""\
[Desktop Entry]
Type=Application
Version=1.0
Name={TITLE}
Comment={SUMMARY}
Comment[ko]=살아 있는 사진 웹캠
Exec={command}
Path={start.folder}
Terminal=true
Categories=AudioVideo;Video;
"""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return Entry(data / "applications" / f"{NAME}.desktop", text.encode())


def _config() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _quoted(word: str) -> str:
    """Quote a word of a unit. Source: systemd.service(5) and systemd.syntax(7)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _desktop_quoted(word: str) -> str:
    """Quote a word of Exec. Source: Desktop Entry Specification 1.5, "The Exec key"."""
    if re.fullmatch(r"[\w./:=+,@-]+", word, re.ASCII):
        return word
    quoted = re.sub(r'(["`$\\])', r"\\\1", word).replace("\\", "\\\\").replace("%", "%%")
    return f'"{quoted}"'
