"""What is printed for a phone or another machine: where the page is, the token, and a QR code."""

import io
from urllib.parse import quote

import segno

from control.translations.console import in_system_language

# White on black whatever the terminal's colours: readers expect the light around the dark.
_ON, _OFF = "\x1b[97;40m", "\x1b[0m"


def invitation(addresses: list[str], port: int, token: str, *, picture: bool = True) -> str:
    """Write the invitation; ``addresses`` as others reach this machine, the likeliest first.

    ``picture`` adds the QR code of the first address, in half blocks and colour codes.
    """
    if not addresses:
        return in_system_language(
            f"The token is {token}. This machine has no network address that a phone could open."
        )
    urls = [f"http://{f'[{a}]' if ':' in a else a}:{port}/" for a in addresses]
    link = f"{urls[0]}?token={quote(token, safe='')}"
    lines = [in_system_language("From another device in this network:"), f"  {link}"]
    if len(urls) > 1:
        lines.append(f"  or {', '.join(urls[1:])}")
    lines += [in_system_language("For scripts:"), f"  Authorization: Bearer {token}"]
    return "\n".join([*([qr_code(link)] if picture else []), *lines])


def qr_code(text: str) -> str:
    """Draw a QR code for a terminal."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=2, compact=True)
    return "\n".join(f"{_ON}{line}{_OFF}" for line in out.getvalue().splitlines())
