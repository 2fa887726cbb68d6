"""Routes about the service: its model, health, readiness and metrics."""

from collections.abc import Callable

import numpy as np
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

from gemel.decision import Evidence
from gemel.service.responses import reply
from gemel.service.review_service import ReviewService
from gemel.service.schemas import ModelInfo
from gemel.service.served_corpus import ServedCorpus
from gemel.version import __version__

_TRAINING = (
    "data",
    "gemel_version",
    "kept_epoch",
    "pairs",
    "seconds",
    "training_duplicates",
    "training_pairs",
    "validation_average_precision",
    "validation_pairs",
    "vocabulary",
)
_DECISION = ("threshold", "lower", "upper", "slope", "intercept", "prevalence", "pairs")
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "DELETE")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def model_routes(corpus: ServedCorpus, reviews: ReviewService) -> APIRouter:
    """Make the route that describes the model."""
    routes = APIRouter(tags=["model"])

    @routes.get("/model", response_model=ModelInfo)
    async def model() -> Response:
        """Describe the model, with histograms of labelled and close pairs."""
        corpus.require_ready()
        served = corpus.index.engine.model
        decision = served.decision
        reviewed = await corpus.moderate(reviews.evidence)
        duplicates = await corpus.moderate(reviews.duplicates)
        close = None
        if duplicates is not None:
            similarity = duplicates.pairs.similarity
            counted = Evidence.of(similarity, np.ones(len(similarity), bool))
            close = {"edges": counted.edges, "pairs": counted.same}
        choice, training = corpus.index.follower.choice, served.training
        return reply(
            {
                "name": corpus.name,
                "fingerprint": served.fingerprint,
                "gemel_version": __version__,
                "decision": {name: getattr(decision, name) for name in _DECISION}
                | {"objective": decision.settings.objective},
                "training": {name: training[name] for name in _TRAINING if name in training},
                "card": corpus.card,
                "fitted": None if decision.evidence is None else _histogram(decision.evidence),
                "reviewed": _histogram(reviewed),
                "corpus": close,
                "questions": corpus.questions,
                "neighbours": {"name": choice.name, "why": choice.why},
            }
        )

    return routes


def _histogram(evidence: Evidence) -> dict[str, object]:
    return {"edges": evidence.edges, "same": evidence.same, "different": evidence.different}


class Metrics:
    """Prometheus metrics of a service."""

    def __init__(self, corpus: ServedCorpus):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter(
            "gemel_requests", "Requests answered.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "gemel_request_seconds",
            "Time to the response.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        gauges: dict[tuple[str, str], Callable[[], float]] = {
            ("gemel_questions", "Stored questions."): lambda: corpus.questions,
            ("gemel_queue_texts", "Texts in the queue."): lambda: corpus.waiting,
            ("gemel_ready", "1 if the service is ready."): lambda: not corpus.problem,
        }
        for (name, what), value in gauges.items():
            Gauge(name, what, registry=self.registry).set_function(value)

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a response."""
        # Raw paths and methods as labels would let clients fill the memory.
        route = scope.get("direct") or getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)


def health_routes(corpus: ServedCorpus, metrics: Metrics) -> APIRouter:
    """Make the routes for monitoring."""
    routes = APIRouter(tags=["upkeep"])

    @routes.get("/health", response_model=dict[str, str])
    async def health() -> Response:
        """Return 200 while the process runs."""
        return reply({"status": "ok"})

    @routes.get("/ready", response_model=dict[str, bool | int])
    async def ready() -> Response:
        """Return 200 once the corpus is open."""
        corpus.require_ready()
        return reply({"ready": True, "questions": corpus.questions})

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def show_metrics() -> Response:
        """Return metrics for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
