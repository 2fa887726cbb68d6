"""Routes that keep questions, show them, and forget them."""

import uuid

from fastapi import APIRouter
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from gemel.service import json_replies as replies
from gemel.service.json_replies import reply, require_count, require_plain, require_texts
from gemel.service.refusals import refuse
from gemel.service.schemas import AddBody, Added, QuestionBody, Removed, ShownQuestion
from gemel.service.site import Adding, Site
from gemel.store import NewQuestion, describe_excess


class _AnyText(StringConvertor):
    regex = "(?s:.*)"  # an id may hold slashes and ends of lines


register_url_convertor("gemel_id", _AnyText())


def keeping_routes(site: Site) -> APIRouter:
    """Make the routes that keep questions."""
    routes = APIRouter(tags=["keep"])

    @routes.post("/questions", response_model=Added, status_code=201)
    async def add(body: AddBody) -> Response:
        """Keep one question, or several, all or none.

        When the answer is there they are on the disk, and every check finds them.
        """
        given = [body] if isinstance(body, QuestionBody) else body.questions
        require_count("questions", len(given), site.limits.batch)
        for each in given:
            require_count("names of metadata", len(each.metadata), site.limits.metadata)
            for name, value in each.metadata.items():
                require_plain(f"the metadata {name!r:.60}", name)
                require_plain(f"the metadata {name!r:.60}", str(value))
            if excess := describe_excess(each.metadata):
                raise refuse("too_large", f"the question {each.question!r:.60} has {excess}")
        require_texts(site, replies.numbered([each.question for each in given]))
        questions = [
            NewQuestion(id=each.id or uuid.uuid4().hex, text=each.question, metadata=each.metadata)
            for each in given
        ]
        await site.add(Adding(questions, body.replace))
        return reply({"ids": [question.id for question in questions]}, 201)

    @routes.get("/questions/{id:gemel_id}", response_model=ShownQuestion)
    async def show(id: str) -> Response:  # noqa: A002 - what it is called everywhere else
        """Show a question by its id."""
        (found,) = await site.read(lambda store: store.find([id]))
        if found is None:
            raise _unknown(id)
        return reply(replies.question(found))

    @routes.delete("/questions/{id:gemel_id}", response_model=Removed)
    async def remove(id: str) -> Response:  # noqa: A002
        """Forget a question for good, and what was decided about it."""
        removed = await site.remove(id)
        if not removed:
            raise _unknown(id)
        return reply({"removed": removed})

    return routes


def _unknown(name: str) -> Exception:
    return refuse("not_found", f"no question has the id {name!r:.80}")
