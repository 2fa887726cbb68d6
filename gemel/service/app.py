"""The ASGI application: routes, the page, error responses."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gemel.service.access import AccessPolicy, Guard
from gemel.service.answer_routes import answer_routes, question_routes
from gemel.service.health_routes import Metrics, health_routes, model_routes
from gemel.service.responses import EXPLAINED, FAILURES, explain_error
from gemel.service.review_service import ReviewService, review_routes
from gemel.service.served_corpus import ServedCorpus
from gemel.version import __version__

_PAGE = Path(__file__).parent / "page"


def make_app(corpus: ServedCorpus, policy: AccessPolicy) -> ASGIApp:
    """Make the application that serves a corpus."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await corpus.start()
        yield
        await corpus.stop()

    app = FastAPI(
        title="gemel",
        version=__version__,
        summary="Finds duplicates of a question.",
        docs_url=None,  # its scripts come from another host
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    metrics = Metrics(corpus)
    reviews = ReviewService(corpus)
    routers = (
        answer_routes(corpus),
        question_routes(corpus),
        review_routes(corpus, reviews),
        model_routes(corpus, reviews),
        health_routes(corpus, metrics),
    )
    for router in routers:
        app.include_router(router, responses=FAILURES)
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    app.mount("/page", StaticFiles(directory=_PAGE))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = explain_error(corpus.store, error)
        if refusal.code == "not_allowed":  # Starlette lists the methods of one route only
            matching = [each for each in routes if each.path_regex.match(request.url.path)]
            if methods := {method for each in matching for method in each.methods or ()}:
                allowed = {"Allow": ", ".join(sorted(methods))}
                refusal = dataclasses.replace(refusal, headers=allowed)
        return refusal.response()

    async def pass_on(_: Request, error: Exception) -> Response:
        raise error  # Guard answers unexpected errors

    for kind in EXPLAINED:
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(Exception, pass_on)
    return Guard(app, corpus, policy, metrics.count)
