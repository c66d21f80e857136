"""Where a network stream goes: addresses that are understood, and how they are shown.

An address may hold a stream key or a password. Whoever shows one, in a log, on the page or in an
error, shows it through `shown_url`.
"""

from typing import Final
from urllib.parse import SplitResult, urlsplit

from streamer.errors import ConfigError

# The container that each kind of receiver takes.
CONTAINERS: Final = {
    "rtmp": "flv",
    "rtmps": "flv",
    "rtsp": "rtsp",
    "srt": "mpegts",
    "udp": "mpegts",
}
EXAMPLES: Final = "rtmp://HOST/APP/KEY, rtsp://HOST:8554/NAME, srt://HOST:PORT or udp://HOST:PORT"
ENCODERS: Final = (*("auto", "libx264", "h264_nvenc", "h264_videotoolbox", "h264_amf", "h264_qsv"),)
MAX_LENGTH: Final = 2000

# Those without a usual port of their own.
_PORT_NEEDED: Final = ("srt", "udp")


def check_url(url: str) -> None:
    """Refuse what is no address of a receiver. Raises: `ConfigError`, which shows no secret."""
    scheme, _, rest = url.partition("://")
    if not rest or scheme.lower() not in CONTAINERS:
        # The rest may hold a password, whatever is wrong with the beginning.
        given = f"'{scheme[:20]}://…'" if rest else "that"
        raise ConfigError(f"--stream takes {EXAMPLES}, or 'off'; {given} is none of them.")
    if len(url) > MAX_LENGTH or not url.isprintable() or " " in url:
        raise ConfigError(
            "The address of --stream holds spaces or signs that addresses cannot have. "
            "Quote it in the terminal, and write them as %20 and so on."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ConfigError(
            f"The address of --stream cannot be read: its host or port is wrong. Try {EXAMPLES}."
        ) from exc
    if not parts.hostname:
        raise ConfigError(f"The address {shown_url(url)} of --stream names no host.")
    if port is None and parts.scheme in _PORT_NEEDED:
        raise ConfigError(
            f"The address {shown_url(url)} of --stream needs a port: "
            f"{parts.scheme}://{parts.hostname}:9000."
        )
    if CONTAINERS[parts.scheme] == "flv" and not parts.path.strip("/"):
        raise ConfigError(
            f"The address {shown_url(url)} of --stream needs the name of the receiver's "
            f"application and the stream key: {parts.scheme}://{parts.hostname}/live/KEY."
        )


def shown_url(url: str) -> str:
    """Return an address as anybody may read it: without password, stream key and options."""
    try:
        parts = urlsplit(url)
        host = _host(parts)
    except ValueError:
        return f"{url.partition('://')[0][:20]}://…"
    path = "" if parts.scheme in _PORT_NEEDED else parts.path
    if parts.scheme in ("rtmp", "rtmps"):  # the last part is the key
        first = [part for part in path.split("/") if part][:-1]
        path = "".join(f"/{part}" for part in [*first, "…"])
    return f"{parts.scheme}://{host}{path}{'?…' if parts.query or parts.fragment else ''}"


def secrets_of(url: str) -> list[str]:
    """Return the parts of an address that must not be shown, the longest first."""
    try:
        parts = urlsplit(url)
        found = [parts.password or "", parts.query, parts.fragment]
        found += [value.partition("=")[2] for value in parts.query.split("&")]
        if parts.scheme in ("rtmp", "rtmps"):
            found.append(parts.path.rstrip("/").rpartition("/")[2])
        if parts.username:
            found.append(f"{parts.username}:{parts.password or ''}@")
    except ValueError:
        found = [url.partition("://")[2]]
    # A sign or two, such as the port of an option, would blank out half of every message.
    return sorted({text for text in found if len(text) > 2}, key=len, reverse=True)


def redacted(text: str, url: str) -> str:
    """Return a text, such as a library's error, without what must not be shown of an address."""
    text = text.replace(url, shown_url(url))
    for secret in secrets_of(url):
        text = text.replace(secret, "…")
    return text


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if parts.port is None else f"{host}:{parts.port}"
