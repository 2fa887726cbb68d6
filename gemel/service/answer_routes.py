"""Routes about questions: compare, encode, search, check, add, show, remove."""

import dataclasses
import uuid
from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from gemel.corpus import Match, Query
from gemel.decision import Verdict
from gemel.service.responses import (
    Refusal,
    match_fields,
    numbered,
    question_fields,
    reply,
    reply_within,
    require_count,
    require_plain,
)
from gemel.service.schemas import (
    AddRequest,
    AddResponse,
    CheckRequest,
    CheckResponse,
    CompareRequest,
    CompareResponse,
    EncodeRequest,
    EncodeResponse,
    QuestionRequest,
    QuestionResponse,
    RemoveResponse,
    SearchRequest,
    SearchResponse,
)
from gemel.service.served_corpus import Adding, Comparing, ServedCorpus
from gemel.store import NewQuestion, describe_excess


class _AnyText(StringConvertor):
    regex = "(?s:.*)"  # an id may contain slashes and line ends


register_url_convertor("gemel_id", _AnyText())


async def answer_directly(corpus: ServedCorpus, path: str, body: bytes) -> Response | None:
    """Answer a valid check or search without FastAPI, which would take three times as long.

    Returns None for another path or an invalid body: its route returns the error.
    """
    try:
        if path == "/check":
            return await _check(corpus, CheckRequest.model_validate_json(body))
        if path == "/search":
            return await _search(corpus, SearchRequest.model_validate_json(body))
    except ValidationError:
        pass
    return None


def answer_routes(corpus: ServedCorpus) -> APIRouter:
    """Make the routes that answer questions."""
    routes = APIRouter(tags=["ask"])

    @routes.post("/compare", response_model=CompareResponse)
    async def compare(body: CompareRequest) -> Response:
        """Compare two questions."""
        corpus.require_texts({"the first question": body.left, "the second question": body.right})
        found = await corpus.compare(Comparing(body.left, body.right, body.explain))
        if isinstance(found, Verdict):
            return reply({**vars(found), "explanation": None})
        sides = {"left": found.left, "right": found.right}
        words = {side: list(map(dataclasses.asdict, each)) for side, each in sides.items()}
        return reply({**vars(found.verdict), "explanation": words})

    @routes.post("/encode", response_model=EncodeResponse)
    async def encode(body: EncodeRequest) -> Response:
        """Return unit vectors of questions."""
        require_count("questions", len(body.questions), corpus.limits.batch)
        corpus.require_texts(numbered(body.questions))
        vectors = await corpus.encode(body.questions)
        model, (_, dim) = corpus.index.engine.model.fingerprint, vectors.shape
        return reply({"model": model, "dim": dim, "vectors": vectors.tolist()})

    @routes.post("/search", response_model=SearchResponse)
    async def search(body: SearchRequest) -> Response:
        """Return the most similar stored questions, the most similar first."""
        return await _search(corpus, body)

    @routes.post("/check", response_model=CheckResponse)
    async def check(body: CheckRequest) -> Response:
        """Return whether a question is a duplicate, and of which; most probable first."""
        return await _check(corpus, body)

    return routes


async def _search(corpus: ServedCorpus, body: SearchRequest) -> Response:
    return _reply_matches(corpus, await _match(corpus, body), {})


async def _check(corpus: ServedCorpus, body: CheckRequest) -> Response:
    found = await _match(corpus, body)
    found.sort(key=lambda match: -match.verdict.similarity)
    known = any(match.verdict.is_duplicate for match in found)
    return _reply_matches(corpus, found, {"asked_before": known})


async def _match(corpus: ServedCorpus, body: SearchRequest) -> list[Match]:
    require_count("matches", body.k, corpus.limits.matches)
    require_count("names of metadata", len(body.where or {}), corpus.limits.metadata)
    corpus.require_texts({"the question": body.question})
    return list(await corpus.match(Query(body.question, body.k, body.where)))


def _reply_matches(
    corpus: ServedCorpus, found: list[Match], more: Mapping[str, object]
) -> Response:
    matches = list(map(match_fields, found))
    advice = "ask for fewer questions (k)"
    return reply_within(corpus.limits.answer, {**more, "matches": matches}, matches, advice)


def question_routes(corpus: ServedCorpus) -> APIRouter:
    """Make the routes that store, show and remove questions."""
    routes = APIRouter(tags=["keep"])

    @routes.post("/questions", response_model=AddResponse, status_code=201)
    async def add(body: AddRequest) -> Response:
        """Store one question, or several, all or none.

        When the response arrives they are on the disk, and every check finds them.
        """
        given = [body] if isinstance(body, QuestionRequest) else body.questions
        require_count("questions", len(given), corpus.limits.batch)
        for each in given:
            require_count("names of metadata", len(each.metadata), corpus.limits.metadata)
            for name, value in each.metadata.items():
                require_plain(f"the metadata {name!r:.60}", name)
                require_plain(f"the metadata {name!r:.60}", str(value))
            if excess := describe_excess(each.metadata):
                raise Refusal("too_large", f"the question {each.question!r:.60} has {excess}")
        corpus.require_texts(numbered([each.question for each in given]))
        questions = [
            NewQuestion(id=each.id or uuid.uuid4().hex, text=each.question, metadata=each.metadata)
            for each in given
        ]
        await corpus.add(Adding(questions, body.replace))
        return reply({"ids": [question.id for question in questions]}, 201)

    @routes.get("/questions/{id:gemel_id}", response_model=QuestionResponse)
    async def show(id: str) -> Response:  # noqa: A002 - the usual name
        """Return a question by its id."""
        (found,) = await corpus.read(lambda store: store.find([id]))
        if found is None:
            raise _unknown(id)
        return reply(question_fields(found))

    @routes.delete("/questions/{id:gemel_id}", response_model=RemoveResponse)
    async def remove(id: str) -> Response:  # noqa: A002
        """Remove a question, and the decisions about it."""
        removed = await corpus.remove(id)
        if not removed:
            raise _unknown(id)
        return reply({"removed": removed})

    return routes


def _unknown(name: str) -> Refusal:
    return Refusal("not_found", f"no question has the id {name!r:.80}")
