"""What moderators work on: groups to look through, pairs to decide, decisions to take away."""

import dataclasses
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from starlette.responses import Response, StreamingResponse

from gemel.corpus import DuplicateIndex, choose_for_review, write_reviews
from gemel.decision import Evidence
from gemel.duplicates import Duplicates, write_groups
from gemel.errors import DataError
from gemel.files import temporary_folder
from gemel.service import json_replies as replies
from gemel.service.group_process import Grouped, Grouping
from gemel.service.moderated_groups import ModeratedGroup, moderate
from gemel.service.refusals import Refusal, refuse
from gemel.service.schemas import DecisionsBody
from gemel.store import MOST_METADATA, NewReview

_TYPES = {"csv": "text/csv", "html": "text/html", "jsonl": "application/jsonl"}
_AT_ONCE = 100
"""Questions whose metadata are read together."""
_EMPTY = len("{}")
_PART = 1 << 16
"""Bytes of a file that are sent at a time."""
_ROOM_OF_DECISION = 250
"""Bytes for the reviewer of a member, and for what is omitted of it."""
_ROOM_OF_STANDING = 2000
"""Bytes for all but the pairs of an answer."""
_TEMPLATES = 3
"""Templates that are shown."""
_CUTS = 8
"""Cuts whose groups are stored at hand."""


class Desk:
    """Shows groups and pairs of a corpus, and keeps decisions about them. For one thread.

    Args:
        index: the corpus and its model.
        grouping: makes the groups.
        most: bytes of an answer.
    """

    def __init__(self, index: DuplicateIndex, grouping: Grouping, most: int):
        self._most = most
        self._engine, self._store, self._grouping = index.engine, index.store, grouping
        self._cuts: dict[float, Duplicates] = {}
        self._of: Grouped | None = None
        self._evidence: tuple[int, Evidence] | None = None

    def groups(self, offset: int, limit: int, probability: float) -> Response:
        """Return a page of groups; see `shown.Groups`."""
        state = self._store.state()
        grouped = self._grouping.ask(state)
        found = self._cut(grouped, probability)
        chosen = found[offset : offset + limit]
        room = self._most // max(1, len(chosen))
        page = [self._show(number, group, room) for number, group in enumerate(chosen, offset)]
        templates = () if grouped is None else grouped.duplicates.templates
        told = {
            **self._standing(grouped),
            "current": grouped is not None and grouped.state.sequence == state.sequence,
            "computing": self._grouping.progress is not None,
            "computed_at": None if grouped is None else grouped.at,
            "questions": 0 if grouped is None else len(grouped.keys),
            "probability": probability,
            "groups": len(found),
            "grouped": sum(len(group.members) for group in found),
            "accepted": sum(group.is_accepted for group in found),
            "templates": [template._asdict() for template in templates[:_TEMPLATES]],
            "templated": sum(template.instances for template in templates),
            "left_out": 0 if grouped is None else grouped.duplicates.left_out,
            "page": [group for group in page if len(group["members"]) > 1],
        }
        shown = [each for group in page for each in (*group["members"], *group["split"])]
        advice = "ask for fewer groups (limit), or take GET /duplicates/export"
        response = replies.reply_within(self._most, told, shown, advice)
        response.status_code = _status(told)
        return response

    def export_groups(self, kind: str, probability: float) -> Response:
        """Return all groups, as they were decided, as a file."""
        grouped = self._grouping.ask(self._store.state())
        if grouped is None:
            raise self._not_yet()
        found = self._cut(grouped, probability)
        parted = [member.id for group in found for member in group.split]
        in_groups = [member for group in found for member in group.members]
        there = self._kept({member.id: member.text for member in in_groups})
        gone = [member.id for member in in_groups if member.id not in there]
        duplicates = self._cuts[probability].without([*parted, *gone])
        return _file(lambda path: write_groups(duplicates, path), f"groups.{kind}")

    def lot(self, count: int) -> Response:
        """Return pairs to decide; see `shown.ReviewLot`."""
        grouped = self._grouping.ask(self._store.state())
        told = self._standing(grouped) | {"counts": self.counts(), "pairs": [], "remaining": 0}
        if grouped is None:
            return replies.reply(told, _status(told))
        names = dict(zip(grouped.keys.tolist(), grouped.duplicates.ids, strict=True))
        decided = self._store.decided()
        known = [(names[a], names[b]) for a, b in decided if a in names and b in names]
        # As much was decided, so another batch each time, and the same one until then.
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
        room = self._most - _ROOM_OF_STANDING
        for place, pair in enumerate(pairs):
            room -= len(replies.write(pair)) + 1
            if room < 0:  # the others come when these are decided
                del pairs[max(1, place) :]
                break
        told |= {"pairs": pairs, "remaining": chosen.remaining}
        return replies.reply_within(self._most, told, [], "decide this pair with gemel review")

    def decide(self, body: DecisionsBody, reviewer: str) -> dict[str, Any]:
        """Store decisions, with what the model predicts for each pair."""
        names = [name for each in body.decisions for name in (each.left, each.right)]
        kept = self._store.find(names, metadata=0)
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
            raise refuse("not_found", "no one has decided about these two questions")
        return {"undone": len(undone), "counts": self.counts()}

    def export_reviews(self) -> Response:
        """Return the decisions as labelled pairs."""
        return _file(lambda path: write_reviews(self._store, path), "reviews.csv")

    def counts(self) -> dict[str, int]:
        """Count the decisions; see `shown.Counts`."""
        return self._store.review_count()._asdict()

    def evidence(self) -> Evidence:
        """Count the decided pairs by what the model finds them alike today."""
        known = hash(frozenset(self._store.decided().items()))
        if self._evidence is None or self._evidence[0] != known:
            reviews = [
                review
                for lot in self._store.reviews(metadata=0)
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
        """Return the groups that are there, if any, and see that there will be."""
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

    def _kept(self, texts: Mapping[str, str]) -> set[str]:
        """Return the ids of those of some questions that are stored still: groups know what was."""
        found = self._store.find(list(texts), metadata=0)
        return {each.id for each in found if each is not None and each.text == texts[each.id]}

    def _show(self, number: int, group: ModeratedGroup, room: int) -> dict[str, Any]:
        """Return a group, with as many members as there is space for, in bytes, and two at least."""
        kept = self._kept({each.id: each.text for each in (*group.members, *group.split)})
        members = [each for each in group.members if each.id in kept]
        split = [each for each in group.split if each.id in kept]
        every = [*members, *split]
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
        shown = 0
        for each in fields:
            room -= len(replies.write(each)) + _ROOM_OF_DECISION
            if room < 0 and shown > 1:
                break
            shown += 1
        del fields[shown:]
        if fields:
            self._add_decisions(fields, group.accepted)
        self._add_metadata(fields, room)
        omitted = {"members_omitted": len(every) - shown} if shown < len(every) else {}
        return {
            "number": number,
            "accepted": group.is_accepted,
            "members": fields[: len(members)],
            "split": fields[len(members) :],
            **omitted,
        }

    def _add_decisions(self, members: list[dict[str, Any]], accepted: Collection[str]) -> None:
        pairs = [(members[0]["id"], each["id"]) for each in members[1:]]
        for each, review in zip(
            members[1:], self._store.reviews_of(pairs, metadata=0), strict=True
        ):
            each["reviewer"] = None if review is None else review.reviewer
            if each["id"] in accepted:
                each["decision"] = "same"

    def _add_metadata(self, members: list[dict[str, Any]], room: int) -> None:
        """Add metadata, a few questions at a time, as long as there is space."""
        for start in range(0, len(members), _AT_ONCE):
            some = members[start : start + _AT_ONCE]
            most = max(0, min(room, MOST_METADATA))
            found = self._store.find([each["id"] for each in some], metadata=most)
            for each, question in zip(some, found, strict=True):
                if question is None:
                    continue
                size = len(replies.write(question.metadata))
                if question.metadata_omitted or size > max(room, _EMPTY):
                    each["metadata_omitted"] = True
                else:
                    each["metadata"] = question.metadata
                    room -= size


def _status(told: Mapping[str, Any]) -> int:
    return 200 if told["state"] == "ready" else 202


def _file(write: Callable[[Path], object], name: str) -> Response:
    """Return a file that is written now, and sent a part at a time."""
    with temporary_folder(Path(tempfile.gettempdir(), name)) as folder:
        path = folder / name
        write(path)
        content = path.open("rb")  # it has no name from here, and goes when it is closed
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = _TYPES[path.suffix.removeprefix(".")]
    return StreamingResponse(_parts(content), media_type=kind, headers=headers)


def _parts(content: IO[bytes]) -> Iterator[bytes]:
    with content:
        while part := content.read(_PART):
            yield part
