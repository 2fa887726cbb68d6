"""The application: routes, the page, and what errors look like."""

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gemel.errors import DataError, ModelMismatchError, StoreError
from gemel.service.asking import asking_routes
from gemel.service.desk import Desk
from gemel.service.guard import Door, Guard
from gemel.service.keeping import keeping_routes
from gemel.service.keyring import Keyring
from gemel.service.modelling import model_routes
from gemel.service.moderating import moderating_routes
from gemel.service.refusals import Refusal, refuse
from gemel.service.replies import FAILURES, without_name
from gemel.service.site import Site
from gemel.service.upkeep import Figures, upkeep_routes
from gemel.version import __version__

__all__ = ["make_app"]

_LOG = logging.getLogger("gemel.service")
_PAGE = Path(__file__).parent / "page"


def make_app(site: Site, door: Door) -> ASGIApp:
    """Make the application that serves a corpus.

    Args:
        site: the corpus.
        door: who is let in.
    """
    figures = Figures(site)
    app = FastAPI(
        title="gemel",
        version=__version__,
        summary="Tells whether a question was asked before.",
        docs_url=None,  # their scripts come from another host
        redoc_url=None,
        lifespan=_living(site),
    )
    desk = Desk(site.index, site.grouping)
    for routes in (
        asking_routes(site),
        keeping_routes(site),
        moderating_routes(site, desk),
        model_routes(site, desk),
        upkeep_routes(site, figures),
    ):
        app.include_router(routes, responses=FAILURES)
    app.mount("/page", StaticFiles(directory=_PAGE))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, _handler(answer))
    app.add_exception_handler(
        DataError, _handler(lambda error: refuse("invalid", without_name(error, site.store)))
    )
    return Guard(app, door, Keyring(site.store, site.limits.rate), site.limits, figures.count)


def _living(site: Site) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        await site.start()
        yield
        await site.stop()

    return living


def _handler(
    answer: Callable[[Any], Refusal],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(_: Request, error: Exception) -> Response:
        return answer(error).response()

    return handle


def _as_it_is(refusal: Refusal) -> Refusal:
    return refusal


def _invalid(error: RequestValidationError) -> Refusal:
    """Name every field that does not fit, and how."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return refuse(
            "bad_json", "the request is no JSON; expected an object, as /openapi.json says"
        )
    told = dict.fromkeys(f"{_place(each['loc'])}: {each['msg']}" for each in found)
    return refuse("invalid", "; ".join(told))


def _place(place: tuple[str | int, ...]) -> str:
    """Name a field as the sender knows it: without "body", and which kind of body it is."""
    inner = [str(part) for part in place[1:]]
    if place[:2] in _KINDS:
        del inner[0]
    return ".".join(inner) or str(place[0])


_KINDS = (("body", "question"), ("body", "questions"))


def _missing(error: HTTPException) -> Refusal:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refuse("not_found", "there is nothing here; /openapi.json says what there is")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return refuse("not_allowed", "this cannot be done here; /openapi.json says what can")
    return refuse("bad_json", str(error.detail))


def _store(error: Exception) -> Refusal:
    """Say no more than that: the message names places that are nobody's business."""
    _LOG.warning("%s", error)
    what = "the corpus cannot be reached, or not be written to; the service's log says why"
    return Refusal("store", what, retry_after=2)


_ANSWERS: dict[type[Exception], Callable[[Any], Refusal]] = {
    Refusal: _as_it_is,
    RequestValidationError: _invalid,
    HTTPException: _missing,
    ModelMismatchError: _store,
    StoreError: _store,
}
