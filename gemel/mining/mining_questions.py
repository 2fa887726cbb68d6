"""Questions, groups, anchors and vectors that hard negatives are mined from."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float16, Int, Int32, Int64

from gemel.data import Pairs, connect
from gemel.data.duplicate_graph import number_pairs, question_key
from gemel.errors import DataError
from gemel.inference import Engine
from gemel.neighbours.base import Neighbours
from gemel.neighbours.follower import choose_neighbours
from gemel.text import Progress

_BATCH = 1 << 14
"""Questions encoded at a time."""


@dataclass(frozen=True, eq=False)
class MiningQuestions:
    """The distinct questions of pairs, and of a corpus, by number.

    Copies are one question, also if they differ in spaces within words; see `letters`.
    """

    texts: list[str]
    """First text of each; candidates first."""
    candidates: int
    """Number of candidates."""
    groups: Int32[np.ndarray, "questions"]
    """Duplicate group of each question."""
    anchors: Int32[np.ndarray, "anchors"]
    """Anchors, the first questions of duplicates, in order of the pairs."""
    positives: Int32[np.ndarray, "positives"]
    """Second questions of these, anchor by anchor, each once."""
    starts: Int64[np.ndarray, "bounds"]
    """Start of each anchor's positives, and the end."""
    apart: Int64[np.ndarray, "apart"]
    """Pairs labelled as not the same, by `number_pairs`, ascending."""
    copies: int
    """Duplicates whose questions are copies; they make no anchor."""
    blanks: int
    """Pairs left out because a question has no word or mark."""

    def are_apart(
        self, left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"]
    ) -> Bool[np.ndarray, "pairs"]:
        """Return which pairs are labelled as not the same."""
        if not len(self.apart):
            return np.zeros(len(left), bool)
        numbers = number_pairs(left, right, len(self.texts))
        places = np.searchsorted(self.apart, numbers).clip(max=len(self.apart) - 1)
        found: Bool[np.ndarray, "pairs"] = self.apart[places] == numbers
        return found


def gather_questions(pairs: Pairs, corpus: Iterable[str] | None = None) -> MiningQuestions:
    """Assign numbers to the questions, and find the anchors.

    Args:
        pairs: labelled pairs; duplicates make anchors and positives.
        corpus: candidates, none blank; the questions of the pairs if None.

    Raises:
        DataError: no anchors, or an empty corpus.
    """
    names = [question_key(text) for text in pairs.texts]
    blank = np.array([not name for name in names], bool)
    usable = ~(blank[pairs.left] | blank[pairs.right])
    own: dict[str, str] = {}
    for name, text in zip(names, pairs.texts, strict=True):
        own.setdefault(name, text)
    numbers: dict[str, int] = {}
    texts: list[str] = []

    def number(name: str, text: str) -> int:
        found = numbers.setdefault(name, len(texts))
        if found == len(texts):
            texts.append(text)
        return found

    for text in corpus or ():
        name = question_key(text)
        number(name, own.get(name, text))
    candidates = len(texts)
    if corpus is not None and not candidates:
        raise DataError("the corpus has no questions to take negatives from")
    used = np.zeros(len(names), bool)
    used[pairs.left[usable]] = used[pairs.right[usable]] = True
    of_text = np.zeros(len(names), np.int32)
    for place in np.flatnonzero(used).tolist():
        of_text[place] = number(names[place], own[names[place]])
    left, right = of_text[pairs.left[usable]], of_text[pairs.right[usable]]
    same = pairs.labels[usable]
    anchors, positives, starts = _anchors(left[same], right[same], len(texts))
    if not len(anchors):
        raise DataError(_no_anchor(pairs, usable), path=pairs.path)
    return MiningQuestions(
        texts=texts,
        candidates=len(texts) if corpus is None else candidates,
        groups=connect(len(texts), left[same], right[same]),
        anchors=anchors,
        positives=positives,
        starts=starts,
        apart=np.unique(number_pairs(left[~same], right[~same], len(texts))),
        copies=int((left[same] == right[same]).sum()),
        blanks=int((~usable).sum()),
    )


def _anchors(
    left: Int32[np.ndarray, "pairs"], right: Int32[np.ndarray, "pairs"], count: int
) -> tuple[
    Int32[np.ndarray, "anchors"], Int32[np.ndarray, "positives"], Int64[np.ndarray, "bounds"]
]:
    """Return the distinct anchors, in order, and the distinct positives of each."""
    apart = left != right
    left, right = left[apart], right[apart]
    _, first = np.unique(left.astype(np.int64) * count + right, return_index=True)
    first.sort()
    left, right = left[first], right[first]
    found, begins, which = np.unique(left, return_index=True, return_inverse=True)
    order = np.argsort(begins)
    places = np.empty(len(found), np.int64)
    places[order] = np.arange(len(found))
    place = places[which]
    sorting = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[sorting], np.arange(len(found) + 1)).astype(np.int64)
    return found[order], right[sorting], starts


def _no_anchor(pairs: Pairs, usable: Bool[np.ndarray, "pairs"]) -> str:
    same = int(pairs.labels.sum())
    if not same:
        return (
            f"none of its {len(pairs):,} pairs is labelled as asking the same, and the duplicates "
            "are what negatives are mined for; where 0 is their label, add --same 0"
        )
    return (
        f"of its {same:,} duplicates none has two different questions with a word in each: "
        "there is nothing to mine negatives for"
    )


@dataclass(frozen=True, eq=False)
class MiningVectors:
    """Vectors by the questions' numbers: of candidates, searchable, and of others."""

    neighbours: Neighbours
    others: Float16[np.ndarray, "others dim"]
    why: str = "given"
    """Reason for the search method."""

    def take(self, numbers: Int[np.ndarray, "some"]) -> Float16[np.ndarray, "some dim"]:
        """Return the vectors of some questions."""
        candidates = len(self.neighbours)
        is_candidate = numbers < candidates
        vectors = np.empty((len(numbers), self.neighbours.dim), np.float16)
        vectors[is_candidate] = self.neighbours.vectors(numbers[is_candidate].astype(np.int64))
        vectors[~is_candidate] = self.others[numbers[~is_candidate] - candidates]
        return vectors


def encode_questions(
    engine: Engine,
    questions: MiningQuestions,
    *,
    neighbours: str = "auto",
    threads: int = 1,
    progress: Progress | None = None,
) -> MiningVectors:
    """Encode questions in batches.

    Raises:
        ConfigError, MissingExtraError: see `choose_neighbours`.
    """
    choice = choose_neighbours(questions.candidates, neighbours)
    dim, total = engine.model.config.network.dim, len(questions.texts)
    found = choice.make(dim)
    others = np.empty((total - questions.candidates, dim), np.float16)
    starts = [
        *range(0, questions.candidates, _BATCH),
        *range(questions.candidates, total, _BATCH),
        total,
    ]
    for start, end in itertools.pairwise(starts):
        texts = questions.texts[start:end]
        vectors = engine.encode(texts, precision="float16", threads=threads)
        if start < questions.candidates:
            keys: Int64[np.ndarray, "batch"] = np.arange(start, end)
            found.put(keys, vectors)
        else:
            others[start - questions.candidates : end - questions.candidates] = vectors
        if progress is not None:
            progress("encoding questions", end, total)
    return MiningVectors(found, others, choice.why)
