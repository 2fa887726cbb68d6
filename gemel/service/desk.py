"""What moderators work on: groups to look through, pairs to decide, decisions to take away."""

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from starlette.responses import Response

from gemel.decision import Evidence
from gemel.errors import DataError
from gemel.search import (
    DuplicateIndex,
    Duplicates,
    Member,
    NewReview,
    StoredQuestion,
    choose_for_review,
    review_lines,
    write_groups,
)
from gemel.service import replies
from gemel.service.bodies import DecisionsBody
from gemel.service.grouping import Grouped, Grouping
from gemel.service.moderation import ModeratedGroup, moderate
from gemel.service.refusals import Refusal, refuse

__all__ = ["Desk"]

_TYPES = {"csv": "text/csv", "html": "text/html", "jsonl": "application/jsonl"}
_CUTS = 8
"""Cuts whose groups are kept at hand."""


class Desk:
    """Shows groups and pairs of a corpus, and keeps decisions about them. For one thread.

    Args:
        index: the corpus and its model.
        grouping: makes the groups.
    """

    def __init__(self, index: DuplicateIndex, grouping: Grouping):
        self._engine, self._store, self._grouping = index.engine, index.store, grouping
        self._cuts: dict[float, Duplicates] = {}
        self._of: Grouped | None = None
        self._evidence: tuple[int, Evidence] | None = None

    def groups(self, offset: int, limit: int, probability: float) -> dict[str, Any]:
        """Give a page of groups; see `shown.Groups`."""
        state = self._store.state()
        grouped = self._grouping.ask(state)
        found = self._cut(grouped, probability)
        numbered = enumerate(found[offset : offset + limit], start=offset)
        page = [self._show(number, group) for number, group in numbered]
        return {
            **self._standing(grouped),
            "current": grouped is not None and grouped.state.sequence == state.sequence,
            "computing": self._grouping.progress is not None,
            "computed_at": None if grouped is None else grouped.at,
            "questions": 0 if grouped is None else len(grouped.keys),
            "probability": probability,
            "groups": len(found),
            "grouped": sum(len(group.members) for group in found),
            "accepted": sum(group.is_accepted for group in found),
            "page": [group for group in page if len(group["members"]) > 1],
        }

    def export_groups(self, kind: str, probability: float) -> Response:
        """Give all groups, as they were decided, as a file."""
        grouped = self._grouping.ask(self._store.state())
        if grouped is None:
            raise self._not_yet()
        found = self._cut(grouped, probability)
        parted = [member.id for group in found for member in group.split]
        in_groups = [member for group in found for member in group.members]
        there = self._kept({member.id: member.text for member in in_groups})
        gone = [member.id for member in in_groups if member.id not in there]
        duplicates = self._cuts[probability].without([*parted, *gone])
        with tempfile.TemporaryDirectory(prefix="gemel-") as folder:
            path = Path(folder) / f"groups.{kind}"
            write_groups(duplicates, path)
            content = path.read_bytes()
        return _file(content, path.name, _TYPES[kind])

    def lot(self, count: int) -> dict[str, Any]:
        """Give pairs to decide; see `shown.ReviewLot`."""
        grouped = self._grouping.ask(self._store.state())
        told = self._standing(grouped) | {"counts": self.counts(), "pairs": [], "remaining": 0}
        if grouped is None:
            return told
        names = dict(zip(grouped.keys.tolist(), grouped.duplicates.ids, strict=True))
        decided = self._store.decided()
        known = [(names[a], names[b]) for a, b in decided if a in names and b in names]
        # As much was decided, so another lot each time, and the same one until then.
        chosen = choose_for_review(grouped.duplicates, known, count, seed=len(decided))
        lefts = {pair.left_id: pair.left_text for pair in chosen.pairs}
        there = self._kept(lefts | {pair.right_id: pair.right_text for pair in chosen.pairs})
        scores = [pair.similarity for pair in chosen.pairs]
        verdicts = self._engine.model.decision.verdicts(np.array(scores, np.float32))
        pairs = [
            {
                "left": {"id": pair.left_id, "question": pair.left_text},
                "right": {"id": pair.right_id, "question": pair.right_text},
                **replies.verdict(verdict),
            }
            for pair, verdict in zip(chosen.pairs, verdicts, strict=True)
            if pair.left_id in there and pair.right_id in there
        ]
        return told | {"pairs": pairs, "remaining": chosen.remaining}

    def decide(self, body: DecisionsBody, reviewer: str) -> dict[str, Any]:
        """Keep decisions, with what the model says of each pair."""
        names = [name for each in body.decisions for name in (each.left, each.right)]
        kept = self._store.find(names)
        for name, question in zip(names, kept, strict=True):
            if question is None:
                raise refuse("not_found", f"no question has the id {name!r:.80}")
        texts = [question.text for question in kept if question is not None]
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
                raise refuse("conflict", replies.without_name(error, self._store)) from error
            raise
        return {"decided": len(decided), "counts": self.counts()}

    def undo(self, left: str, right: str) -> dict[str, Any]:
        """Take a decision back."""
        undone = self._store.undecide([(left, right)])
        if not undone:
            raise refuse("not_found", "nobody has decided about these two questions")
        return {"undone": len(undone), "counts": self.counts()}

    def export_reviews(self) -> Response:
        """Give the decisions as labelled pairs."""
        return _file(
            "".join(review_lines(self._store)).encode("utf-8", "replace"),
            "reviews.csv",
            _TYPES["csv"],
        )

    def counts(self) -> dict[str, int]:
        """Count the decisions; see `shown.Counts`."""
        return self._store.review_count()._asdict()

    def evidence(self) -> Evidence:
        """Count the decided pairs by what the model finds them alike today."""
        known = hash(frozenset(self._store.decided().items()))
        if self._evidence is None or self._evidence[0] != known:
            reviews = [
                review
                for lot in self._store.reviews()
                for review in lot
                if review.answer != "skipped"
            ]
            similarity = self._engine.similarity(
                [review.left.text for review in reviews], [review.right.text for review in reviews]
            )
            labels = np.array([review.answer == "same" for review in reviews], bool)
            self._evidence = known, Evidence.of(similarity, labels)
        return self._evidence[1]

    def duplicates(self) -> Duplicates | None:
        """Give the groups that are there, if any, and see that there will be."""
        grouped = self._grouping.ask(self._store.state())
        return None if grouped is None else grouped.duplicates

    def _standing(self, grouped: Grouped | None) -> dict[str, Any]:
        progress, failed = self._grouping.progress, self._grouping.failed
        state = "ready" if grouped is not None else "failed" if failed else "computing"
        told = None if progress is None else dataclasses.asdict(progress)
        return {"state": state, "why": failed, "progress": told}

    def _not_yet(self) -> Refusal:
        progress = self._grouping.progress
        more = {} if progress is None else {"progress": dataclasses.asdict(progress)}
        return Refusal("not_ready", "the groups are being made", retry_after=2, more=more)

    def _cut(self, grouped: Grouped | None, probability: float) -> list[ModeratedGroup]:
        if grouped is None:
            return []
        if self._of is not grouped:
            self._cuts, self._of = {}, grouped
        if probability not in self._cuts:
            while len(self._cuts) >= _CUTS:
                del self._cuts[next(iter(self._cuts))]
            self._cuts[probability] = grouped.duplicates.rethreshold(probability)
        return moderate(self._cuts[probability], grouped.keys, self._store.decided())

    def _kept(self, texts: Mapping[str, str]) -> dict[str, StoredQuestion]:
        """Give those of some questions, by id, that are kept still: groups know what was."""
        found = self._store.find(list(texts))
        return {each.id: each for each in found if each is not None and each.text == texts[each.id]}

    def _show(self, number: int, group: ModeratedGroup) -> dict[str, Any]:
        kept = self._kept({each.id: each.text for each in (*group.members, *group.split)})
        members = [each for each in group.members if each.id in kept]
        split = [each for each in group.split if each.id in kept]
        every = [*members, *split]
        central = every[0].id if every else ""
        reviews = self._store.reviews_of([(central, each.id) for each in every[1:]])
        reviewers = {
            each.id: review.reviewer
            for each, review in zip(every[1:], reviews, strict=True)
            if review is not None
        }

        def show(member: Member, decision: str | None) -> dict[str, Any]:
            return {
                "id": member.id,
                "question": member.text,
                "metadata": kept[member.id].metadata,
                "probability": member.probability,
                "decision": decision,
                "reviewer": reviewers.get(member.id),
            }

        return {
            "number": number,
            "accepted": group.is_accepted,
            "members": [
                show(each, "same" if each.id in group.accepted else None) for each in members
            ],
            "split": [show(each, "different") for each in split],
        }


def _file(content: bytes, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
