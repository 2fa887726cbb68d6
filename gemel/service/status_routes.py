"""Routes for those who keep the service running: health, readiness, figures."""

from collections.abc import Callable

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from gemel.service.json_replies import reply
from gemel.service.site import Site

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "DELETE")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    """What Prometheus is told.

    Args:
        site: what is measured.
    """

    def __init__(self, site: Site):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._answers = Counter(
            "gemel_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "gemel_request_seconds",
            "Time to an answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._gauge("gemel_questions", "Questions that are stored.", lambda: site.questions)
        self._gauge("gemel_queue_texts", "Texts that wait.", lambda: site.waiting)
        self._gauge("gemel_ready", "1 if it answers.", lambda: not site.problem)

    def _gauge(self, name: str, what: str, value: Callable[[], float]) -> None:
        Gauge(name, what, registry=self.registry).set_function(value)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Take an answer into account."""
        # Never path or method as they came: an untrusted user could make as many as there is memory.
        route = scope.get("quick") or getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._answers.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)


def upkeep_routes(site: Site, figures: Figures) -> APIRouter:
    """Make the routes that report how the service is."""
    routes = APIRouter(tags=["upkeep"])

    @routes.get("/health", response_model=dict[str, str])
    async def health() -> Response:
        """Report that the process is there."""
        return reply({"status": "ok"})

    @routes.get("/ready", response_model=dict[str, bool | int])
    async def ready() -> Response:
        """Return whether it can answer."""
        site.require_ready()
        return reply({"ready": True, "questions": site.questions})

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Return figures for Prometheus."""
        return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
