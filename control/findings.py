"""One line of `doctor`: what was looked at, how it is, and what to type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

# A line with its command is broken in two beyond this.
_WIDTH: Final = 110
_INDENT: Final = 19


@dataclass(frozen=True)
class Finding:
    """``fix`` is what to type where ``ok`` is false, ``use`` what one may type where it is true."""

    subject: str
    ok: bool
    found: str
    fix: str = ""
    use: str = ""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.ok else 'MISS'}  {self.subject:11}  {self.found}"
        command = self.fix or self.use
        if not command:
            return line
        one = f"{line}  -> {command}"
        return one if self.ok and len(one) <= _WIDTH else f"{line}\n{'':{_INDENT}}-> {command}"


def as_text(findings: Sequence[Finding], said: Callable[[str], str] = lambda text: text) -> str:
    """Return all of them as they are printed; ``said`` puts them into another language."""
    return "\n".join(
        str(
            replace(
                finding,
                found=said(finding.found),
                fix=said(finding.fix),
                use=said(finding.use),
            )
        )
        for finding in findings
    )
