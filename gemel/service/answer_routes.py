"""Routes that answer: compare, encode, search, check."""

import dataclasses

from fastapi import APIRouter
from starlette.responses import Response

from gemel.decision import Verdict
from gemel.service import json_replies as replies
from gemel.service.fast_routes import answer_check, answer_search
from gemel.service.json_replies import reply, require_count, require_texts
from gemel.service.schemas import (
    CheckBody,
    Checked,
    CompareBody,
    Compared,
    EncodeBody,
    Encoded,
    Matches,
    SearchBody,
)
from gemel.service.site import Comparing, Site


def asking_routes(site: Site) -> APIRouter:
    """Make the routes that answer."""
    routes = APIRouter(tags=["ask"])

    @routes.post("/compare", response_model=Compared)
    async def compare(body: CompareBody) -> Response:
        """Return whether two questions ask the same."""
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
        """Find the stored questions that are nearest to one, the nearest first."""
        return await answer_search(site, body.question, body.k, body.where)

    @routes.post("/check", response_model=Checked)
    async def check(body: CheckBody) -> Response:
        """Return whether a question is a duplicate, and as what; the likeliest come first."""
        return await answer_check(site, body.question, body.k, body.where)

    return routes
