"""Routes for moderators: duplicate groups, and pairs to decide."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gemel.service.json_replies import reply, require_count
from gemel.service.review_service import Desk
from gemel.service.schemas import Decided, DecisionsBody, Groups, ReviewLot, Undone
from gemel.service.site import Site

_HERE = "local"
"""The reviewer where no one gives who it is."""
Cut = Annotated[float, Query(gt=0, le=1, description="Probability from which a pair joins two.")]
Id = Annotated[str, Query(min_length=1, max_length=1000)]


def moderating_routes(site: Site, desk: Desk) -> APIRouter:
    """Make the routes for moderators."""
    routes = APIRouter(tags=["moderate"])
    groups, pairs = _files("text/csv", "text/html", "application/jsonl"), _files("text/csv")

    @routes.get("/duplicates", response_model=Groups, responses={202: {"model": Groups}})
    async def duplicates(
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=0, le=100)] = 20,
        probability: Cut = 0.7,
    ) -> Response:
        """Show groups of questions that ask the same, the largest first.

        They are made when they are first asked for; until then the status is 202.
        """
        site.require_ready()
        return await site.moderate(lambda: desk.groups(offset, limit, probability))

    @routes.get("/duplicates/export", response_class=Response, responses=groups)
    async def export_duplicates(
        format: Literal["csv", "html", "jsonl"] = "csv",  # noqa: A002 - what it is called everywhere else
        probability: Cut = 0.7,
    ) -> Response:
        """Return all groups as a file."""
        site.require_ready()
        return await site.moderate(lambda: desk.export_groups(format, probability))

    @routes.get("/review", response_model=ReviewLot, responses={202: {"model": ReviewLot}})
    async def review(count: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        """Return pairs to decide: those that the model is least sure of, and some of the others."""
        site.require_ready()
        return await site.moderate(lambda: desk.lot(count))

    @routes.post("/review", response_model=Decided)
    async def decide(body: DecisionsBody, request: Request) -> Response:
        """Store what a user decided, all or none."""
        require_count("decisions", len(body.decisions), site.limits.batch)
        reviewer = request.state.reviewer or body.reviewer or _HERE
        return reply(await site.moderate(lambda: desk.decide(body, reviewer)))

    @routes.delete("/review", response_model=Undone)
    async def undo(left: Id, right: Id) -> Response:
        """Take a decision back."""
        return reply(await site.moderate(lambda: desk.undo(left, right)))

    @routes.get("/review/export", response_class=Response, responses=pairs)
    async def export_review() -> Response:
        """Return all decisions as labelled pairs, for gemel train and gemel fit."""
        return await site.moderate(desk.export_reviews)

    return routes


def _files(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer that is a file of one of some kinds."""
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    return {200: {"description": "The file.", "content": content}}
