"""Routes and work of moderators: duplicate groups, pairs to decide, stored decisions."""

import itertools
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from gemel.corpus import choose_for_review, write_reviews
from gemel.decision import Evidence
from gemel.duplicates import Duplicates, write_groups
from gemel.errors import DataError
from gemel.files import temporary_folder
from gemel.service.group_process import ComputedGroups
from gemel.service.moderated_groups import ModeratedGroup, moderate
from gemel.service.responses import (
    Refusal,
    encode_json,
    not_ready,
    reply,
    reply_within,
    require_count,
    unknown_question,
    without_name,
)
from gemel.service.schemas import (
    DecideResponse,
    DecisionsRequest,
    GroupsResponse,
    ReviewResponse,
    UndoResponse,
)
from gemel.service.served_corpus import ServedCorpus
from gemel.store import MOST_METADATA, NewReview

_TYPES = {"csv": "text/csv", "html": "text/html", "jsonl": "application/jsonl"}
_METADATA_CHUNK = 100
"""Questions whose metadata are read together."""
_EMPTY = len("{}")
_PART = 1 << 16
"""Bytes of a file that are sent at a time."""
_DECISION_BYTES = 250
"""Reserved for the reviewer of a member, and for what is omitted of it."""
_OTHER_BYTES = 2000
"""Reserved for all of a response but its pairs."""
_TEMPLATES = 3
"""Templates in a response."""
_CUTS = 8
"""Thresholds whose groups are cached."""
_REVIEWER = "local"
"""The reviewer of a request without a name and a key."""
Cut = Annotated[float, Query(gt=0, le=1, description="Least probability of a duplicate pair.")]
Id = Annotated[str, Query(min_length=1, max_length=1000)]


class ReviewService:
    """Shows groups and pairs of a corpus, and stores decisions. Used from one thread."""

    def __init__(self, corpus: ServedCorpus):
        self._most = corpus.limits.answer
        self._engine, self._store = corpus.index.engine, corpus.store
        self._grouping = corpus.grouping
        self._cuts: dict[float, Duplicates] = {}
        self._cuts_of: ComputedGroups | None = None
        self._evidence: tuple[int, Evidence] | None = None

    def groups(self, offset: int, limit: int, probability: float) -> Response:
        """Return a page of groups, as a `GroupsResponse`."""
        state = self._store.state()
        computed = self._grouping.ask(state)
        found = self._cut(computed, probability)
        chosen = found[offset : offset + limit]
        most = self._most // max(1, len(chosen))
        page = [self._show(number, group, most) for number, group in enumerate(chosen, offset)]
        templates = () if computed is None else computed.duplicates.templates
        content = self._status(computed) | {
            "current": computed is not None and computed.state.sequence == state.sequence,
            "computing": self._grouping.progress is not None,
            "computed_at": None if computed is None else computed.at,
            "questions": 0 if computed is None else len(computed.keys),
            "probability": probability,
            "groups": len(found),
            "grouped": sum(len(group.members) for group in found),
            "accepted": sum(group.is_accepted for group in found),
            "templates": [template._asdict() for template in templates[:_TEMPLATES]],
            "templated": sum(template.instances for template in templates),
            "left_out": 0 if computed is None else computed.duplicates.left_out,
            "page": [group for group in page if len(group["members"]) > 1],
        }
        questions = [each for group in page for each in (*group["members"], *group["split"])]
        advice = "ask for fewer groups (limit), or take GET /duplicates/export"
        response = reply_within(self._most, content, questions, advice)
        response.status_code = _status_code(content)
        return response

    def export_groups(self, kind: str, probability: float) -> Response:
        """Return all groups, after the decisions, as a file."""
        computed = self._grouping.ask(self._store.state())
        if computed is None:
            raise not_ready("the groups are being computed", self._grouping.progress)
        found = self._cut(computed, probability)
        split = [member.id for group in found for member in group.split]
        in_groups = [member for group in found for member in group.members]
        stored = self._unchanged({member.id: member.text for member in in_groups})
        removed = [member.id for member in in_groups if member.id not in stored]
        duplicates = self._cuts[probability].without([*split, *removed])
        return _file(lambda path: write_groups(duplicates, path), f"groups.{kind}")

    def pairs(self, count: int) -> Response:
        """Return pairs to decide, as a `ReviewResponse`."""
        computed = self._grouping.ask(self._store.state())
        content = self._status(computed) | {
            "counts": self._store.review_count()._asdict(),
            "pairs": [],
            "remaining": 0,
        }
        if computed is None:
            return reply(content, _status_code(content))
        names = dict(zip(computed.keys.tolist(), computed.duplicates.ids, strict=True))
        decided = self._store.decided()
        known = [(names[a], names[b]) for a, b in decided if a in names and b in names]
        # The seed makes the same choice until something is decided, and another one then.
        chosen = choose_for_review(computed.duplicates, known, count, seed=len(decided))
        lefts = {pair.left_id: pair.left_text for pair in chosen.pairs}
        stored = self._unchanged(lefts | {pair.right_id: pair.right_text for pair in chosen.pairs})
        scores = [pair.similarity for pair in chosen.pairs]
        verdicts = self._engine.model.decision.verdicts(np.array(scores, np.float32))
        pairs = [
            {
                "left": {"id": pair.left_id, "question": pair.left_text},
                "right": {"id": pair.right_id, "question": pair.right_text},
                **vars(verdict),
            }
            for pair, verdict in zip(chosen.pairs, verdicts, strict=True)
            if pair.left_id in stored and pair.right_id in stored
        ]
        left = self._most - _OTHER_BYTES
        for place, pair in enumerate(pairs):
            left -= len(encode_json(pair)) + 1
            if left < 0:  # the others come when these are decided
                del pairs[max(1, place) :]
                break
        content |= {"pairs": pairs, "remaining": chosen.remaining}
        return reply_within(self._most, content, [], "decide this pair with gemel review")

    def decide(self, body: DecisionsRequest, reviewer: str) -> dict[str, Any]:
        """Store decisions with the model's verdicts."""
        names = [name for each in body.decisions for name in (each.left, each.right)]
        stored = self._store.find(names, metadata=0)
        texts = []
        for name, question in zip(names, stored, strict=True):
            if question is None:
                raise unknown_question(name)
            texts.append(question.text)
        verdicts = self._engine.predict_all(texts[::2], texts[1::2])
        model = self._engine.model.fingerprint
        reviews = [
            NewReview(
                left_id=each.left,
                right_id=each.right,
                answer=each.answer,
                reviewer=reviewer,
                similarity=verdict.similarity,
                probability=verdict.probability,
                said_same=verdict.is_duplicate,
                model=model,
            )
            for each, verdict in zip(body.decisions, verdicts, strict=True)
        ]
        try:
            decided = self._store.decide(reviews, replace=body.replace)
        except DataError as error:
            pairs = [(each.left, each.right) for each in body.decisions]
            if not body.replace and any(self._store.reviews_of(pairs)):
                raise Refusal("conflict", without_name(error, self._store)) from error
            raise
        return {"decided": len(decided), "counts": self._store.review_count()._asdict()}

    def undo(self, left: str, right: str) -> dict[str, Any]:
        """Remove a decision."""
        undone = self._store.undecide([(left, right)])
        if not undone:
            raise Refusal("not_found", "there is no decision about these two questions")
        return {"undone": len(undone), "counts": self._store.review_count()._asdict()}

    def evidence(self) -> Evidence:
        """Return the histogram of decided pairs over the similarity of today's model."""
        known = hash(frozenset(self._store.decided().items()))
        if self._evidence is None or self._evidence[0] != known:
            every = itertools.chain.from_iterable(self._store.reviews(metadata=0))
            reviews = [review for review in every if review.answer != "skipped"]
            similarity = self._engine.similarity(
                [review.left.text for review in reviews], [review.right.text for review in reviews]
            )
            labels = np.array([review.answer == "same" for review in reviews], bool)
            self._evidence = known, Evidence.of(similarity, labels)
        return self._evidence[1]

    def duplicates(self) -> Duplicates | None:
        """Return the computed groups, if any; start to compute them if due."""
        computed = self._grouping.ask(self._store.state())
        return None if computed is None else computed.duplicates

    def _status(self, computed: ComputedGroups | None) -> dict[str, Any]:
        failed = self._grouping.failed
        state = "ready" if computed is not None else "failed" if failed else "computing"
        return {"state": state, "why": failed, "progress": self._grouping.progress}

    def _cut(self, computed: ComputedGroups | None, probability: float) -> list[ModeratedGroup]:
        if computed is None:
            return []
        if self._cuts_of is not computed:
            self._cuts, self._cuts_of = {}, computed
        if probability not in self._cuts:
            while len(self._cuts) >= _CUTS:
                del self._cuts[next(iter(self._cuts))]
            self._cuts[probability] = computed.duplicates.rethreshold(probability)
        return moderate(self._cuts[probability], computed.keys, self._store.decided())

    def _unchanged(self, texts: Mapping[str, str]) -> set[str]:
        """Return the ids of the questions, given as id and text, that are stored like that."""
        found = self._store.find(list(texts), metadata=0)
        return {each.id for each in found if each is not None and each.text == texts[each.id]}

    def _show(self, number: int, group: ModeratedGroup, most: int) -> dict[str, Any]:
        """Return a `GroupResponse` with at least two members, others as far as `most` bytes go."""
        stored = self._unchanged({each.id: each.text for each in (*group.members, *group.split)})
        members = [each for each in group.members if each.id in stored]
        every = [*members, *(each for each in group.split if each.id in stored)]
        fields: list[dict[str, Any]] = [
            {
                "id": each.id,
                "question": each.text,
                "metadata": {},
                "probability": each.probability,
                "decision": None if place < len(members) else "different",
                "reviewer": None,
            }
            for place, each in enumerate(every)
        ]
        for place, member in enumerate(fields):
            most -= len(encode_json(member)) + _DECISION_BYTES
            if most < 0 and place > 1:
                del fields[place:]
                break
        self._add_decisions(fields, group.accepted)
        self._add_metadata(fields, most)
        left_out = len(every) - len(fields)
        omitted = {"members_omitted": left_out} if left_out else {}
        return {
            "number": number,
            "accepted": group.is_accepted,
            "members": fields[: len(members)],
            "split": fields[len(members) :],
            **omitted,
        }

    def _add_decisions(self, members: list[dict[str, Any]], accepted: Collection[str]) -> None:
        pairs = [(members[0]["id"], each["id"]) for each in members[1:]]
        reviews = self._store.reviews_of(pairs, metadata=0)
        for each, review in zip(members[1:], reviews, strict=True):
            each["reviewer"] = None if review is None else review.reviewer
            if each["id"] in accepted:
                each["decision"] = "same"

    def _add_metadata(self, members: list[dict[str, Any]], left: int) -> None:
        """Add metadata as far as `left` bytes go."""
        for start in range(0, len(members), _METADATA_CHUNK):
            some = members[start : start + _METADATA_CHUNK]
            most = max(0, min(left, MOST_METADATA))
            found = self._store.find([each["id"] for each in some], metadata=most)
            for each, question in zip(some, found, strict=True):
                if question is None:
                    continue
                size = len(encode_json(question.metadata))
                if question.metadata_omitted or size > max(left, _EMPTY):
                    each["metadata_omitted"] = True
                else:
                    each["metadata"] = question.metadata
                    left -= size


def _status_code(content: Mapping[str, Any]) -> int:
    return 200 if content["state"] == "ready" else 202


def _file(write: Callable[[Path], object], name: str) -> Response:
    """Return a file that is written now and streamed."""
    with temporary_folder(Path(tempfile.gettempdir(), name)) as folder:
        path = folder / name
        write(path)
        content = path.open("rb")  # the folder is removed; the open file stays readable
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = _TYPES[path.suffix.removeprefix(".")]
    return StreamingResponse(_parts(content), media_type=kind, headers=headers)


def _parts(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while part := content.read(_PART):
            yield part


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
        return await corpus.moderate(
            lambda: _file(lambda path: write_reviews(corpus.store, path), "reviews.csv")
        )

    return routes


def _files(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a file of one of some types."""
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    return {200: {"description": "The file.", "content": content}}
