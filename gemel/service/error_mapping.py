"""What an error of gemel, or of what it is on, is as an answer."""

import logging
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gemel.errors import GemelError, ModelMismatchError, StoreError
from gemel.service.json_replies import without_name
from gemel.service.refusals import Refusal, refuse
from gemel.store import Corpus

_LOG = logging.getLogger("gemel.service")
_KINDS = (("body", "question"), ("body", "questions"))

EXPLAINED = (Refusal, RequestValidationError, HTTPException, GemelError)
"""What `explained` explains."""


def explained(store: Corpus, error: Exception) -> Refusal:
    """Return the refusal for an error.

    Args:
        store: whose name is no valid key business.
        error: one of `EXPLAINED`.
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _missing(error)
    if isinstance(error, StoreError | ModelMismatchError):
        _LOG.warning("%s", error)  # it names places
        what = (
            "the corpus cannot be reached, or not be written to; the service's log has the reason"
        )
        return Refusal("store", what, retry_after=2)
    return refuse("invalid", without_name(error, store))


def _invalid(error: RequestValidationError) -> Refusal:
    """Name every field that does not fit, and how."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return refuse(
            "bad_json", "the request is no JSON; expected an object, as /openapi.json gives"
        )
    told = dict.fromkeys(f"{_place(each['loc'])}: {each['msg']}" for each in found)
    return refuse("invalid", "; ".join(told))


def _place(place: tuple[str | int, ...]) -> str:
    """Name a field as the sender knows it: without "body", and which kind of body it is."""
    inner = [str(part) for part in place[1:]]
    if place[:2] in _KINDS and len(place) > 2 and isinstance(place[2], str):
        del inner[0]
    return ".".join(inner) or str(place[0])


def _missing(error: HTTPException) -> Refusal:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refuse("not_found", "there is nothing here; /openapi.json gives what there is")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        what = "this cannot be done here; /openapi.json gives what can"
        return Refusal("not_allowed", what, headers=error.headers or {})
    return refuse("bad_json", str(error.detail))
