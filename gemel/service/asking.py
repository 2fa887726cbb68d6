"""Routes that answer: compare, encode, search, check."""

import dataclasses

from fastapi import APIRouter
from starlette.responses import Response

from gemel.decision import Verdict
from gemel.search import Asked, Match
from gemel.service import replies
from gemel.service.bodies import (
    CheckBody,
    Checked,
    CompareBody,
    Compared,
    EncodeBody,
    Encoded,
    Matches,
    SearchBody,
)
from gemel.service.replies import reply, require_count, require_texts
from gemel.service.site import Comparing, Site

__all__ = ["asking_routes"]


def asking_routes(site: Site) -> APIRouter:
    """Make the routes that answer."""
    routes = APIRouter(tags=["ask"])

    @routes.post("/compare", response_model=Compared)
    async def compare(body: CompareBody) -> Response:
        """Say whether two questions ask the same."""
        texts = {"the first question": body.left, "the second question": body.right}
        require_texts(site, texts)
        found = await site.compare(Comparing(body.left, body.right, body.explain))
        if isinstance(found, Verdict):
            return reply({**replies.verdict(found), "explanation": None})
        sides = {"left": found.left, "right": found.right}
        words = {side: list(map(dataclasses.asdict, each)) for side, each in sides.items()}
        return reply({**replies.verdict(found.verdict), "explanation": words})

    @routes.post("/encode", response_model=Encoded)
    async def encode(body: EncodeBody) -> Response:
        """Turn questions into vectors of length 1."""
        require_count("questions", len(body.questions), site.limits.batch)
        require_texts(site, replies.numbered(body.questions))
        vectors = await site.encode(body.questions)
        model, (_, dim) = site.index.engine.model.fingerprint, vectors.shape
        return reply({"model": model, "dim": dim, "vectors": vectors.tolist()})

    @routes.post("/search", response_model=Matches)
    async def search(body: SearchBody) -> Response:
        """Find the kept questions that are nearest to one, the nearest first."""
        found = await _match(site, body)
        return reply({"matches": list(map(replies.match, found))})

    @routes.post("/check", response_model=Checked)
    async def check(body: CheckBody) -> Response:
        """Say whether a question was asked before, and as what; the likeliest come first."""
        found = await _match(site, body)
        found = sorted(found, key=lambda match: -match.verdict.similarity)
        known = any(match.verdict.is_duplicate for match in found)
        return reply({"asked_before": known, "matches": list(map(replies.match, found))})

    return routes


async def _match(site: Site, body: SearchBody | CheckBody) -> list[Match]:
    require_count("matches", body.k, site.limits.matches)
    require_texts(site, {"the question": body.question})
    return await site.match(Asked(body.question, body.k, body.where))
