"""A shortcut in Windows' start-up folder or Start menu; written from documentation, not tried."""

import os
import subprocess
from pathlib import Path
from typing import Final

from control.autostart.entries import SUMMARY, TITLE, Entry, Start, When

MINIMISED: Final = 7  # Source: WshShortcut.WindowStyle; a console that can be opened and closed


def windows_entry(start: Start, when: When) -> Entry:
    """Return the shortcut; PowerShell makes it, since its format is Windows' own."""
    home = Path.home() / "AppData/Roaming"
    menu = Path(os.environ.get("APPDATA") or home) / "Microsoft/Windows/Start Menu/Programs"
    path = (menu / "Startup" if when == "login" else menu) / f"{TITLE}.lnk"
    words = [*start.command[1:], *(["--open"] if when == "menu" else [])]
    fields = {
        "TargetPath": start.command[0],
        "Arguments": subprocess.list2cmdline(words),
        "WorkingDirectory": str(start.folder),
        "Description": SUMMARY,
    }
    lines = [f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({_quoted(str(path))})"]
    lines += [f"$s.{name} = {_quoted(value)}" for name, value in fields.items()]
    lines += [f"$s.WindowStyle = {MINIMISED}" if when == "login" else "", "$s.Save()"]
    script = "\r\n".join(line for line in lines if line) + "\r\n"
    return Entry(
        path,
        script.encode("utf-8"),
        make=("powershell", "-NoProfile", "-NonInteractive", "-Command", script),
        hint="It runs in a small window of its own; closing that ends it.",
    )


def _quoted(text: str) -> str:
    """Quote for PowerShell. Source: about_Quoting_Rules; nothing is special in single quotes."""
    for quote in ("'", "\u2018", "\u2019", "\u201a", "\u201b"):  # it takes all of these for one
        text = text.replace(quote, quote * 2)
    return f"'{text}'"
