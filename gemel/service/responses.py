"""JSON responses, errors as responses, and the checks of a request that raise them."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gemel.corpus import Match
from gemel.errors import GemelError, ModelMismatchError, StoreError
from gemel.service.group_process import TaskProgress
from gemel.service.schemas import ErrorResponse
from gemel.store import Corpus, StoredQuestion, is_plain

STATUSES = {
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
"""HTTP status of each error code."""
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse} for status in sorted(set(STATUSES.values()))
}
"""OpenAPI description of the errors of every route."""
_LOG = logging.getLogger("gemel.service")
_OMITTED = len('"metadata_omitted":true,{}')
_KINDS = (("body", "question"), ("body", "questions"))


@dataclass
class Refusal(Exception):  # noqa: N818 - a response, not a fault
    """An error response; raised wherever its cause is found."""

    code: str
    """A key of `STATUSES`."""
    message: str
    retry_after: int | None = None
    """Seconds."""
    more: Mapping[str, object] = field(default_factory=dict)
    """Further fields of the error object."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]

    def response(self) -> Response:
        """Return the HTTP response."""
        error = {"code": self.code, "message": self.message, **self.more}
        response = reply({"error": error}, self.status)
        response.headers.update(self.headers)
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)
        if self.status == STATUSES["no_key"]:
            response.headers["WWW-Authenticate"] = 'Bearer realm="gemel"'
        return response


def busy(what: str) -> Refusal:
    """Return the error for an overloaded service."""
    return Refusal("busy", f"{what}; try again in a second", retry_after=1)


def not_ready(what: str, progress: TaskProgress | None) -> Refusal:
    """Return the error for work that is not finished."""
    more = {} if progress is None else {"progress": progress}
    return Refusal("not_ready", what, retry_after=2, more=more)


def unknown_question(name: str) -> Refusal:
    """Return the error for an id that no question has."""
    return Refusal("not_found", f"no question has the id {name!r:.80}")


EXPLAINED = (Refusal, RequestValidationError, HTTPException, GemelError)
"""Types of errors that `explain_error` accepts."""


def explain_error(store: Corpus, error: Exception) -> Refusal:
    """Return the response for an error, without the location of the store."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return _explain_invalid(error)
    if isinstance(error, HTTPException):
        if error.status_code == HTTPStatus.NOT_FOUND:
            return Refusal("not_found", "there is nothing here; see /openapi.json for the paths")
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            what = "this path does not take this method; see /openapi.json for its methods"
            return Refusal("not_allowed", what, headers=error.headers or {})
        return Refusal("bad_json", str(error.detail))
    if isinstance(error, StoreError | ModelMismatchError):
        _LOG.warning("%s", error)  # the message contains paths
        what = "the corpus cannot be read or written; see the log of the service"
        return Refusal("store", what, retry_after=2)
    return Refusal("invalid", without_name(error, store))


def _explain_invalid(error: RequestValidationError) -> Refusal:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return Refusal(
            "bad_json", "the request is no JSON; send an object as described in /openapi.json"
        )
    messages = dict.fromkeys(f"{_field_name(each['loc'])}: {each['msg']}" for each in found)
    return Refusal("invalid", "; ".join(messages))


def _field_name(location: tuple[str | int, ...]) -> str:
    """Return a field's name without "body" and the kind of body."""
    has_kind = location[:2] in _KINDS and len(location) > 2 and isinstance(location[2], str)
    return ".".join(map(str, location[1 + has_kind :])) or str(location[0])


def reply(content: object, status: int = 200) -> Response:
    """Return plain values and dataclasses as a JSON response."""
    return Response(encode_json(content), status, media_type="application/json")


def encode_json(content: object) -> bytes:
    """Return plain values and dataclasses as JSON."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # a lone surrogate in metadata that another program stored
        return json.dumps(content, default=vars).encode()


def reply_within(
    most: int, content: Mapping[str, object], questions: Sequence[dict[str, Any]], advice: str
) -> Response:
    """Return values as a JSON response; metadata that do not fit are omitted, the last first.

    Args:
        most: bytes.
        content: the response.
        questions: those in it that have metadata, the best first.
        advice: how to ask for less.

    Raises:
        Refusal: the response is larger even without metadata.
    """
    response = reply(content)
    if len(response.body) <= most:
        return response
    sizes = [len(encode_json(each["metadata"])) for each in questions]
    left = most - len(response.body) + sum(sizes) - len(questions) * _OMITTED
    for each, size in zip(questions, sizes, strict=True):
        if size <= left:
            left -= size
        else:
            each |= {"metadata": {}, "metadata_omitted": True}
    response = reply(content)
    if len(response.body) > most:
        raise Refusal("too_large", f"the answer would have more than {most:,} bytes; {advice}")
    return response


def question_fields(stored: StoredQuestion) -> dict[str, Any]:
    """Return the fields of a stored question."""
    fields = {"id": stored.id, "question": stored.text, "metadata": stored.metadata}
    return fields | {"metadata_omitted": True} if stored.metadata_omitted else fields


def match_fields(match: Match) -> dict[str, Any]:
    """Return the fields of a match."""
    return {**question_fields(match.question), "cosine": match.cosine, **vars(match.verdict)}


def require_plain(name: str, text: str) -> None:
    """Refuse a text with a NUL or a lone surrogate, which not every store accepts."""
    if not is_plain(text):
        raise Refusal("invalid", f"{name} holds a NUL or half a character; take it out")


def require_count(what: str, count: int, most: int) -> None:
    """Refuse more items than one request may have."""
    if count > most:
        raise Refusal("too_large", f"{count:,} {what} in one request; send {most:,} at most")


def without_name(error: Exception, store: Corpus) -> str:
    """Return a store's message without the name of its file or database."""
    return str(error).removeprefix(f"{store.name}: ")
