"""The application: routes, the page, and what errors look like."""

import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gemel.service.access import Door, Guard, Keyring
from gemel.service.answer_routes import asking_routes
from gemel.service.error_mapping import EXPLAINED, explained
from gemel.service.fast_routes import answer_quickly
from gemel.service.json_replies import FAILURES
from gemel.service.model_routes import model_routes
from gemel.service.question_routes import keeping_routes
from gemel.service.review_routes import moderating_routes
from gemel.service.review_service import Desk
from gemel.service.site import Site
from gemel.service.status_routes import Figures, upkeep_routes
from gemel.version import __version__

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
        summary="Tells whether a question is a duplicate.",
        docs_url=None,  # their scripts come from another host
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_living(site),
    )
    desk = Desk(site.index, site.grouping, site.limits.answer)
    routers = (
        asking_routes(site),
        keeping_routes(site),
        moderating_routes(site, desk),
        model_routes(site, desk),
        upkeep_routes(site, figures),
    )
    for router in routers:
        app.include_router(router, responses=FAILURES)
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    app.mount("/page", StaticFiles(directory=_PAGE))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    explain = functools.partial(explained, site.store)

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = explain(error)
        allowed = _methods(routes, request.url.path)
        if refusal.code == "not_allowed" and allowed:  # Starlette tells those of one route only
            refusal = dataclasses.replace(refusal, headers={"Allow": ", ".join(allowed)})
        return refusal.response()

    for kind in EXPLAINED:
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(Exception, _pass_on)
    return Guard(
        app,
        functools.partial(answer_quickly, site),
        explain,
        door,
        Keyring(site.store, site.limits.rate, site.notes),
        site.limits,
        figures.count,
    )


def _methods(routes: Sequence[Route], path: str) -> list[str]:
    """Return what can be done at a path."""
    found = [route.methods or () for route in routes if route.path_regex.match(path)]
    return sorted({method for methods in found for method in methods})


async def _pass_on(_: Request, error: Exception) -> Response:
    """Leave it to the guard, which has an answer for what no one expected."""
    raise error


def _living(site: Site) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        await site.start()
        yield
        await site.stop()

    return living
