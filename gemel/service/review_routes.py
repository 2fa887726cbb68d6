"""Routes for moderators: duplicate groups, and pairs to decide."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gemel.service.responses import reply, require_count
from gemel.service.review_service import ReviewService
from gemel.service.schemas import (
    DecideResponse,
    DecisionsRequest,
    GroupsResponse,
    ReviewResponse,
    UndoResponse,
)
from gemel.service.served_corpus import ServedCorpus

_REVIEWER = "local"
"""The reviewer of a request without a name and a key."""
Cut = Annotated[float, Query(gt=0, le=1, description="Least probability of a duplicate pair.")]
Id = Annotated[str, Query(min_length=1, max_length=1000)]


def review_routes(corpus: ServedCorpus, reviews: ReviewService) -> APIRouter:
    """Make the routes for moderators."""
    routes = APIRouter(tags=["moderate"])
    groups, pairs = _files("text/csv", "text/html", "application/jsonl"), _files("text/csv")

    @routes.get(
        "/duplicates", response_model=GroupsResponse, responses={202: {"model": GroupsResponse}}
    )
    async def duplicates(
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=0, le=100)] = 20,
        probability: Cut = 0.7,
    ) -> Response:
        """Return groups of duplicates, the largest first.

        The first request starts to compute them; until they are ready the status is 202.
        """
        corpus.require_ready()
        return await corpus.moderate(lambda: reviews.groups(offset, limit, probability))

    @routes.get("/duplicates/export", response_class=Response, responses=groups)
    async def export_duplicates(
        format: Literal["csv", "html", "jsonl"] = "csv",  # noqa: A002 - the usual name
        probability: Cut = 0.7,
    ) -> Response:
        """Return all groups as a file."""
        corpus.require_ready()
        return await corpus.moderate(lambda: reviews.export_groups(format, probability))

    @routes.get(
        "/review", response_model=ReviewResponse, responses={202: {"model": ReviewResponse}}
    )
    async def review(count: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        """Return pairs to decide: the most uncertain ones, and a sample of the others."""
        corpus.require_ready()
        return await corpus.moderate(lambda: reviews.pairs(count))

    @routes.post("/review", response_model=DecideResponse)
    async def decide(body: DecisionsRequest, request: Request) -> Response:
        """Store decisions, all or none."""
        require_count("decisions", len(body.decisions), corpus.limits.batch)
        reviewer = request.state.reviewer or body.reviewer or _REVIEWER
        return reply(await corpus.moderate(lambda: reviews.decide(body, reviewer)))

    @routes.delete("/review", response_model=UndoResponse)
    async def undo(left: Id, right: Id) -> Response:
        """Remove a decision."""
        return reply(await corpus.moderate(lambda: reviews.undo(left, right)))

    @routes.get("/review/export", response_class=Response, responses=pairs)
    async def export_review() -> Response:
        """Return all decisions as labelled pairs, for gemel train and gemel fit."""
        return await corpus.moderate(reviews.export_reviews)

    return routes


def _files(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a file of one of some types."""
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    return {200: {"description": "The file.", "content": content}}
