"""Routes about questions: compare, encode, search, check, add, show, remove."""

import uuid
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from gemel.corpus import Query
from gemel.decision import Verdict
from gemel.service.responses import (
    Refusal,
    match_fields,
    question_fields,
    reply,
    reply_within,
    require_count,
    require_plain,
    unknown_question,
)
from gemel.service.schemas import (
    AddRequest,
    CheckRequest,
    CheckResponse,
    CompareRequest,
    CompareResponse,
    EncodeRequest,
    EncodeResponse,
    QuestionRequest,
    QuestionResponse,
    SearchRequest,
    SearchResponse,
)
from gemel.service.served_corpus import ServedCorpus
from gemel.store import NewQuestion, describe_excess


class _AnyText(StringConvertor):
    regex = "(?s:.*)"  # an id may contain slashes and line ends


register_url_convertor("gemel_id", _AnyText())


_DIRECT = {"/check": CheckRequest, "/search": SearchRequest}


async def answer_directly(corpus: ServedCorpus, path: str, body: bytes) -> Response | None:
    """Answer a valid check or search without FastAPI, which would take three times as long.

    Returns None for another path or an invalid body: its route returns the error.
    """
    if path not in _DIRECT:
        return None
    try:
        request = _DIRECT[path].model_validate_json(body)
    except ValidationError:
        return None
    return await _find(corpus, request)


def answer_routes(corpus: ServedCorpus) -> APIRouter:
    """Make the routes that answer questions."""
    routes = APIRouter(tags=["ask"])

    @routes.post("/compare", response_model=CompareResponse)
    async def compare(body: CompareRequest) -> Response:
        """Compare two questions."""
        corpus.require_texts({"the first question": body.left, "the second question": body.right})
        found = await corpus.compare(body)
        if isinstance(found, Verdict):
            return reply({**vars(found), "explanation": None})
        words = {"left": found.left, "right": found.right}
        return reply({**vars(found.verdict), "explanation": words})

    @routes.post("/encode", response_model=EncodeResponse)
    async def encode(body: EncodeRequest) -> Response:
        """Return unit vectors of questions."""
        require_count("questions", len(body.questions), corpus.limits.batch)
        corpus.require_texts(_numbered(body.questions))
        vectors = await corpus.encode(body.questions)
        model, (_, dim) = corpus.index.engine.model.fingerprint, vectors.shape
        return reply({"model": model, "dim": dim, "vectors": vectors.tolist()})

    @routes.post("/search", response_model=SearchResponse)
    async def search(body: SearchRequest) -> Response:
        """Return the most similar stored questions, the most similar first."""
        return await _find(corpus, body)

    @routes.post("/check", response_model=CheckResponse)
    async def check(body: CheckRequest) -> Response:
        """Return whether a question is a duplicate, and of which; most probable first."""
        return await _find(corpus, body)

    return routes


async def _find(corpus: ServedCorpus, body: SearchRequest) -> Response:
    """Answer a search or a check."""
    require_count("matches", body.k, corpus.limits.matches)
    require_count("names of metadata", len(body.where or {}), corpus.limits.metadata)
    corpus.require_texts({"the question": body.question})
    found = await corpus.match(Query(body.question, body.k, body.where))
    content: dict[str, Any] = {}
    if isinstance(body, CheckRequest):
        found = sorted(found, key=lambda match: -match.verdict.similarity)
        content["asked_before"] = any(match.verdict.is_duplicate for match in found)
    matches = content["matches"] = list(map(match_fields, found))
    return reply_within(corpus.limits.answer, content, matches, "ask for fewer questions (k)")


def question_routes(corpus: ServedCorpus) -> APIRouter:
    """Make the routes that store, show and remove questions."""
    routes = APIRouter(tags=["keep"])

    @routes.post("/questions", response_model=dict[Literal["ids"], list[str]], status_code=201)
    async def add(body: AddRequest) -> Response:
        """Store one question, or several, all or none.

        When the response arrives they are on the disk, and every check finds them.
        """
        given = [body] if isinstance(body, QuestionRequest) else body.questions
        require_count("questions", len(given), corpus.limits.batch)
        for each in given:
            require_count("names of metadata", len(each.metadata), corpus.limits.metadata)
            for name, value in each.metadata.items():
                for text in (name, str(value)):
                    require_plain(f"the metadata {name!r:.60}", text)
            if excess := describe_excess(each.metadata):
                raise Refusal("too_large", f"the question {each.question!r:.60} has {excess}")
        corpus.require_texts(_numbered([each.question for each in given]))
        questions = [
            NewQuestion(id=each.id or uuid.uuid4().hex, text=each.question, metadata=each.metadata)
            for each in given
        ]
        await corpus.add(questions, replace=body.replace)
        return reply({"ids": [question.id for question in questions]}, 201)

    @routes.get("/questions/{id:gemel_id}", response_model=QuestionResponse)
    async def show(id: str) -> Response:  # noqa: A002 - the usual name
        """Return a question by its id."""
        (found,) = await corpus.read(lambda store: store.find([id]))
        if found is None:
            raise unknown_question(id)
        return reply(question_fields(found))

    @routes.delete("/questions/{id:gemel_id}", response_model=dict[Literal["removed"], list[str]])
    async def remove(id: str) -> Response:  # noqa: A002
        """Remove a question, and the decisions about it."""
        removed = await corpus.remove(id)
        if not removed:
            raise unknown_question(id)
        return reply({"removed": removed})

    return routes


def _numbered(texts: list[str]) -> dict[str, str]:
    return {f"question {place}": text for place, text in enumerate(texts)}
