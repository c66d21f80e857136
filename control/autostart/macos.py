"""A launch agent of the user's own, written from Apple's documentation and not tried."""

import os
import plistlib
from pathlib import Path

from control.autostart.entries import NAME, Entry, Start, When
from streamer.errors import ConfigError


def macos_entry(start: Start, when: When) -> Entry:
    """Return the launch agent. Raises: `ConfigError` for the menu, which holds only bundles."""
    if when == "menu":
        raise ConfigError(
            "macOS lists no commands among its programs. Type: living-portrait autostart install"
        )
    # Source of the keys: launchd.plist(5).
    agent = {
        "Label": NAME,
        "ProgramArguments": list(start.command),
        "WorkingDirectory": str(start.folder),
        "EnvironmentVariables": dict(start.environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "LimitLoadToSessionType": "Aqua",  # cameras belong to a session with a screen
        "ProcessType": "Interactive",
        "StandardOutPath": str(start.log),
        "StandardErrorPath": str(start.log),
    }
    path = Path.home() / "Library/LaunchAgents" / f"{NAME}.plist"
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Entry(
        path,
        plistlib.dumps(agent, sort_keys=False),
        after=(("launchctl", "bootstrap", f"gui/{user}", str(path)),),
        before_removal=(("launchctl", "bootout", f"gui/{user}/{NAME}"),),
        hint=f"Its messages: {start.log}. macOS keeps agents out of Desktop, Documents and "
        "Downloads: let the program lie elsewhere.",
    )
