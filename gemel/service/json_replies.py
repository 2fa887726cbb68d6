"""Answers as JSON, and what is asked of what was sent."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from gemel.corpus import Match
from gemel.decision import Verdict
from gemel.service.refusals import STATUSES, refuse
from gemel.service.schemas import Failure
from gemel.service.site import Site
from gemel.store import Corpus, StoredQuestion, is_plain

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure} for status in sorted(set(STATUSES.values()))
}
"""What OpenAPI gives of every route's errors."""


def reply(content: object, status: int = 200) -> Response:
    """Return plain values as a JSON answer."""
    return Response(write(content), status, media_type="application/json")


def write(content: object) -> bytes:
    """Return plain values as JSON."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:  # half a character, which others have stored in metadata
        return json.dumps(content).encode()


def reply_within(
    most: int, content: Mapping[str, object], questions: Sequence[dict[str, Any]], advice: str
) -> Response:
    """Return plain values as a JSON answer of a bounded size.

    Where it would be larger, metadata are omitted, of the last questions first.

    Args:
        most: bytes.
        content: what to answer.
        questions: those in it, with their metadata; the best first.
        advice: how to ask for less.

    Raises:
        Refusal: it is larger even without metadata.
    """
    response = reply(content)
    if len(response.body) <= most:
        return response
    sizes = [len(write(each["metadata"])) for each in questions]
    room = most - len(response.body) + sum(sizes) - len(questions) * _OMITTED
    for each, size in zip(questions, sizes, strict=True):
        if size <= room:
            room -= size
        else:
            each |= {"metadata": {}, "metadata_omitted": True}
    response = reply(content)
    if len(response.body) > most:
        raise refuse("too_large", f"the answer would have more than {most:,} bytes; {advice}")
    return response


_OMITTED = len('"metadata_omitted":true,{}')


def verdict(given: Verdict) -> dict[str, Any]:
    """Return the fields of a verdict."""
    return dict(vars(given))


def question(kept: StoredQuestion) -> dict[str, Any]:
    """Return the fields of a stored question."""
    fields = {"id": kept.id, "question": kept.text, "metadata": kept.metadata}
    return fields | {"metadata_omitted": True} if kept.metadata_omitted else fields


def match(found: Match) -> dict[str, Any]:
    """Return the fields of a match."""
    return {**question(found.question), "cosine": found.cosine, **vars(found.verdict)}


def require_texts(site: Site, texts: Mapping[str, str]) -> None:
    """Refuse questions that are too long, or have nothing in them to judge.

    Args:
        site: whose limits hold, and whose model reads them.
        texts: what each is called, and the question.

    Raises:
        Refusal: the first that is so.
    """
    most = site.limits.text
    for name, text in texts.items():
        if len(text) > most:
            raise refuse(
                "too_large", f"{name} has {len(text):,} characters; shorten it to {most:,} at most"
            )
        require_plain(name, text)
        if problem := site.index.engine.say_blank(text, name):
            raise refuse("blank", problem)


def require_plain(name: str, text: str) -> None:
    """Refuse a text that not every store can keep, or that no answer could be written with.

    Raises:
        Refusal: it holds a NUL or half a character.
    """
    if not is_plain(text):
        raise refuse("invalid", f"{name} holds a NUL or half a character; take it out")


def require_count(what: str, count: int, most: int) -> None:
    """Refuse more than may come in one request.

    Raises:
        Refusal: it is more.
    """
    if count > most:
        raise refuse("too_large", f"{count:,} {what} in one request; send {most:,} at most")


def without_name(error: Exception, store: Corpus) -> str:
    """Return a store's message without the name of the file or database that it begins with."""
    return str(error).removeprefix(f"{store.name}: ")


def numbered(texts: Sequence[str]) -> dict[str, str]:
    """Call questions by their place, from 0."""
    return {f"question {place}": text for place, text in enumerate(texts)}
