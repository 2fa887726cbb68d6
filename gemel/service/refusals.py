"""Saying no: every error of the service is one JSON object with a code, a message, a status."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

STATUSES: Mapping[str, int] = {
    "bad_json": 400,
    "no_key": 401,
    "bad_key": 401,
    "forbidden": 403,
    "cross_site": 403,
    "not_found": 404,
    "not_allowed": 405,
    "slow": 408,
    "conflict": 409,
    "too_large": 413,
    "not_json": 415,
    "wrong_host": 421,
    "invalid": 422,
    "blank": 422,
    "too_many": 429,
    "internal": 500,
    "busy": 503,
    "not_ready": 503,
    "store": 503,
}
"""The status of each code."""


@dataclass
class Refusal(Exception):  # noqa: N818 - it is the answer, not a fault
    """An answer that gives no; raised wherever that is found out."""

    code: str
    """One of `STATUSES`."""
    message: str
    """What was found, and what to do."""
    retry_after: int | None = None
    """Seconds after which to try again."""
    more: Mapping[str, object] = field(default_factory=dict)
    """What is next to code and message."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else HTTP has to report."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]

    def response(self) -> Response:
        """Return it as an answer."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == STATUSES["no_key"]:
            headers["WWW-Authenticate"] = 'Bearer realm="gemel"'
        told = {"code": self.code, "message": self.message, **self.more}
        return Response(
            json.dumps({"error": told}, ensure_ascii=False).encode("utf-8", "backslashreplace"),
            status_code=self.status,
            headers=headers,
            media_type="application/json",
        )


def refuse(code: str, message: str) -> Refusal:
    """Make a refusal of a code and what to report."""
    return Refusal(code, message)


def busy(what: str) -> Refusal:
    """Report that there is too much to do just now."""
    return Refusal("busy", f"{what}; try again in a second", retry_after=1)
