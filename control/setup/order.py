"""What was asked of start.py on the command line, and the question before large downloads."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

YES: Final = ("y", "yes", "예", "네", "ㅛ")  # the last is what the key for y types in Korean


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    own: Mapping[str, str | bool]
    testing: bool

    @property
    def yes(self) -> bool:
        """Whether downloads were agreed to beforehand."""
        return "--yes" in self.own

    @property
    def neural(self) -> bool:
        """Whether the neural engine is wanted, with what fits this machine."""
        return "--neural" in self.own or "--torch" in self.own

    @property
    def torch(self) -> str:
        """The build of PyTorch that was asked for by name."""
        return str(self.own.get("--torch", ""))

    @property
    def offline(self) -> bool:
        """Whether no network may be asked."""
        return "--offline" in self.own

    @property
    def wheels(self) -> Path | None:
        """The folder in which packages are kept."""
        return Path(str(self.own["--wheels"])).absolute() if "--wheels" in self.own else None

    @property
    def extras(self) -> set[str]:
        """The extras of the package that are wanted."""
        if self.testing:
            return {"liveportrait", "test"}
        return {"liveportrait"} if self.neural else set()


def answer(question: str, empty: bool) -> bool:
    """Ask; ``empty`` is what the Enter key alone means. No answer at all is a no."""
    # Not `input`: its line editor shows Hangul only where the system's locale is installed.
    print(question, end="", flush=True)
    said = sys.stdin.readline()
    return said.strip().lower() in YES if said.strip() else empty and said != ""


def typed_again(*more: str, without: str = "") -> str:
    """Return what the user has typed, with words added or one left out."""
    words = [word for word in sys.argv[1:] if word != without]
    python = "py" if sys.platform == "win32" else "python3"
    return " ".join((python, "start.py", *(f'"{w}"' if " " in w else w for w in words), *more))
