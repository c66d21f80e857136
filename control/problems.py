"""What went wrong with a request, as RFC 9457 problem details."""

from http import HTTPStatus
from typing import Any, Final

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """A request that cannot be served: ``detail`` says why and what would work.

    ``code`` names the kind of problem for programs; ``more`` are further members, such as the
    ``known`` names when one is unknown.
    """

    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.more = more

    def body(self, instance: str) -> dict[str, Any]:
        """Return the members of the problem details. ``instance`` is the path that was asked."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            **self.more,
        }


def unknown(what: str, name: str, known: list[str], status: int = 404) -> Problem:
    """Say that there is nothing of this name, and what there is."""
    listed = ", ".join(known) or "none"
    detail = f"There is no {what} '{name[:80]}'. There are: {listed}."
    return Problem(status, f"unknown-{what}", detail, known=known)
