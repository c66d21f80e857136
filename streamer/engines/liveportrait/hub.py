"""One file of a repository on the Hugging Face hub: asked about, then read from any position.

``huggingface_hub`` gives addresses, headers, session and errors, and with them mirrors
(``HF_ENDPOINT``), tokens, proxies and offline mode. Its own ``hf_hub_download`` (read in 2.4) is
not used: it deletes the half of a file when it is stopped, and 200 MB would start anew. For the
same reason the files come over plain HTTP and not over Xet storage, whose half is lost as well.
"""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

from streamer.errors import WeightsError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_RANGE: Final = re.compile(r"bytes (\d+)-")
_GO_ON: Final = "The same command goes on from what is there."


class LostConnectionError(WeightsError):
    """The hub cannot be reached, or the connection broke: trying again may help."""


@dataclass(frozen=True)
class Remote:
    """What the hub says of a file; ``sha256`` is its own claim, where it makes one."""

    path: str
    address: str
    version: str
    size: int | None
    sha256: str | None
    commit: str | None


class Hub:
    """A repository at a revision. ``endpoint`` defaults to ``HF_ENDPOINT`` or the hub itself."""

    def __init__(self, repository: str, revision: str, *, endpoint: str | None = None) -> None:
        # Read at the library's import. Without it the library asks the hub for more than the files
        # and tells it what else is installed.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import constants

        self._repository = repository
        self._revision = revision
        self.endpoint = endpoint or constants.ENDPOINT

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from huggingface_hub import close_session

        close_session()

    def ask(self, path: str) -> Remote:
        """Ask what the hub has under this path.

        Raises: `WeightsError`; of it `LostConnectionError` where trying again may help.
        """
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url

        try:
            url = hf_hub_url(
                self._repository, path, revision=self._revision, endpoint=self.endpoint
            )
            found = get_hf_file_metadata(
                url, timeout=constants.HF_HUB_ETAG_TIMEOUT, endpoint=self.endpoint
            )
        except Exception as exc:  # the library's errors and its network library's have no one base
            raise self._explain(exc, path) from exc
        if found.etag is None:
            raise WeightsError(
                f"{self.endpoint} answers, but not as a model hub does. Check HF_ENDPOINT and "
                "whether this network wants a login first."
            )
        return Remote(
            path=path,
            address=urljoin(url, found.location),
            version=found.etag,
            size=found.size,
            sha256=found.etag if _SHA256.fullmatch(found.etag) else None,
            commit=found.commit_hash,
        )

    def read(self, remote: Remote, start: int) -> Generator[tuple[int, bytes], None, None]:
        """Yield (position, bytes) of the file from ``start`` on; a server may begin at 0 instead.

        Raises: `WeightsError` as `ask`.
        """
        from huggingface_hub import constants, get_session, hf_raise_for_status

        # Documented, though its package does not list it.
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if urlsplit(remote.address).netloc != urlsplit(self.endpoint).netloc:
            headers.pop("authorization", None)  # the token is for the hub, not for its storage
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            with get_session().stream(
                "GET",
                remote.address,
                headers=headers,
                timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
            ) as response:
                hf_raise_for_status(response)
                part = _RANGE.match(response.headers.get("Content-Range", ""))
                position = int(part[1]) if response.status_code == 206 and part else 0
                for chunk in response.iter_bytes():
                    yield position, chunk
                    position += len(chunk)
        except Exception as exc:
            raise self._explain(exc, remote.path) from exc

    def _explain(self, exc: Exception, path: str) -> WeightsError:
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        if isinstance(exc, OfflineModeIsEnabled):
            return WeightsError(
                f"Offline mode is on (HF_HUB_OFFLINE), so {path} was not fetched. Unset "
                "HF_HUB_OFFLINE, or copy the files from another machine (docs/weights.md)."
            )
        if isinstance(exc, HfHubHTTPError) and exc.response.status_code in (401, 403, 404, 410):
            return WeightsError(
                f"{self.endpoint} has no {path} in {self._repository} at {self._revision} (HTTP "
                f"{exc.response.status_code}). If HF_ENDPOINT names a mirror, try without it; a "
                "mirror with a login needs HF_TOKEN."
            )
        if isinstance(exc, HfHubHTTPError):
            said = f"HTTP {exc.response.status_code}"
        else:
            said = (str(exc) or type(exc).__name__).splitlines()[0][:160]
        return LostConnectionError(
            f"{path} could not be fetched from {self.endpoint}: {said}. Check the network; behind "
            f"a proxy set HTTPS_PROXY, for a mirror HF_ENDPOINT. {_GO_ON}"
        )
