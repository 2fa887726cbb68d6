"""Statistics of labelled pairs, and pairs to check."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from gemel.data.duplicate_graph import Chain, DuplicateLinks, PairGraph, number_pairs, question_key
from gemel.data.pairs import Pairs
from gemel.errors import DataError
from gemel.notebook import shown
from gemel.text import split_words


@dataclass(frozen=True, kw_only=True)
class AuditFinding:
    """Pairs to check: their number and lines."""

    pairs: int
    lines: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class OddPair:
    """A pair labelled 0 whose questions are duplicates by other pairs."""

    line: int
    chain: Chain
    """A shortest chain of pairs labelled 1 between its questions."""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Lengths of questions in tokens, with percentiles."""

    min: int
    median: int
    mean: float
    p90: int
    p99: int
    max: int
    counts: tuple[tuple[int, int], ...]
    """Number of questions by length."""


@dataclass(frozen=True, kw_only=True)
class VocabularySize:
    """The distinct words of the distinct questions."""

    words: int
    words_seen_once: int
    growth: tuple[tuple[int, int], ...]
    """Number of distinct words after each tenth of the questions."""


@dataclass(frozen=True, kw_only=True)
class AuditGroup:
    """A duplicate group, with the first of its questions in the file."""

    questions: int
    sample: str


@dataclass(frozen=True, kw_only=True)
class FileAudit:
    """Statistics of the pairs of one file; copies count as one question."""

    data: str
    pairs: int
    duplicates: int
    questions: int

    empty: AuditFinding
    """A side has no letter and no digit."""
    repeated: AuditFinding
    """The same two questions, in either order, had this label before."""
    contradictory: AuditFinding
    """The same two questions have both labels."""
    contradictory_by_chain: AuditFinding
    """Labelled 0, but linked by a chain of pairs labelled 1."""
    odd_pairs: tuple[OddPair, ...]
    self_pairs: AuditFinding
    """Both sides are one question."""
    self_pairs_labelled_0: AuditFinding

    questions_in_both_labels: int
    questions_in_duplicates_only: int
    questions_in_others_only: int

    lengths: Lengths
    """Of the distinct questions."""
    lengths_in_duplicates: Lengths
    """Of both sides of the pairs labelled 1."""
    lengths_in_others: Lengths
    vocabulary: VocabularySize

    groups: int
    """Duplicate groups of two or more questions."""
    group_sizes: tuple[tuple[int, int], ...]
    """Number of groups by size, from 2."""
    largest_groups: tuple[AuditGroup, ...]
    longest_chains: tuple[Chain, ...]
    """Longest chain of each of the five groups with the longest; see `DuplicateLinks.longest`."""

    components: int
    """Connected components over pairs of either label."""
    largest_component_questions: int
    largest_component_pairs: int

    @property
    def prevalence(self) -> float:
        """Share of pairs labelled 1."""
        return self.duplicates / self.pairs


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Overlap of pairs with known ones."""

    questions: int
    shared_questions: int
    pairs: int
    pairs_with_a_shared_question: int
    shared_pairs: int
    """Known pairs, in either order."""


@dataclass(frozen=True, kw_only=True)
class FileOverlap:
    """Overlap of a file's pairs with those of an earlier file."""

    known: str
    data: str
    overlap: Overlap


@shown(
    lambda it: {"files": len(it.files)}, lambda it: ((file.data, file.pairs) for file in it.files)
)
@dataclass(frozen=True, kw_only=True)
class Audit:
    """Statistics of files of pairs, and their overlaps."""

    files: tuple[FileAudit, ...]
    overlaps: tuple[FileOverlap, ...]
    """Each file against every earlier one."""


_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_SHOWN = 5
"""Number of largest groups, longest chains and odd pairs described."""


def audit_files(files: Sequence[Pairs]) -> Audit:
    """Audit files of pairs, and the overlap of each with earlier ones, as training pairs."""
    graphs = [PairGraph.of(pairs) for pairs in files]
    reports = tuple(map(audit_pairs, files, graphs))
    overlaps = (
        FileOverlap(
            known=reports[known].data,
            data=reports[other].data,
            overlap=measure_overlap(graphs[known], graphs[other]),
        )
        for known, other in itertools.combinations(range(len(graphs)), 2)
    )
    return Audit(files=reports, overlaps=tuple(overlaps))


def audit_pairs(pairs: Pairs, graph: PairGraph) -> FileAudit:
    """Audit pairs; none are a `DataError`."""
    if not len(pairs):
        raise DataError("there are no pairs to audit", path=pairs.path)
    lengths, vocabulary = _words(graph.questions)
    links = DuplicateLinks(pairs, graph)
    left, right, labels = graph.left, graph.right, pairs.labels
    one = left == right
    keys = number_pairs(left, right, len(graph.questions))
    again = np.ones(len(keys), bool)
    again[np.unique(keys * 2 + labels, return_index=True)[1]] = False
    contradictory = np.isin(keys, np.intersect1d(keys[labels], keys[~labels]))
    by_chain = (graph.groups[left] == graph.groups[right]) & ~labels & ~one & ~contradictory
    wordless = np.array([not _LETTER_OR_DIGIT.search(text) for text in graph.questions], bool)
    ends = {same: np.r_[left[labels == same], right[labels == same]] for same in (True, False)}
    in_duplicates, in_others = (
        np.bincount(ends[same], minlength=len(wordless)) > 0 for same in (True, False)
    )
    sizes = np.bincount(graph.groups)
    pairs_of = np.bincount(graph.components[left])
    largest = pairs_of.argmax()

    def find(rows: Bool[np.ndarray, "pairs"]) -> AuditFinding:
        return AuditFinding(pairs=int(rows.sum()), lines=tuple(pairs.lines[rows].tolist()))

    return FileAudit(
        data=str(pairs.path or "pairs"),
        pairs=len(pairs),
        duplicates=int(labels.sum()),
        questions=len(graph.questions),
        empty=find(wordless[left] | wordless[right]),
        repeated=find(again),
        contradictory=find(contradictory),
        contradictory_by_chain=find(by_chain),
        odd_pairs=tuple(
            OddPair(
                line=int(pairs.lines[row]), chain=links.between(int(left[row]), int(right[row]))
            )
            for row in np.flatnonzero(by_chain)[:_SHOWN]
        ),
        self_pairs=find(one),
        self_pairs_labelled_0=find(one & ~labels),
        questions_in_both_labels=int((in_duplicates & in_others).sum()),
        questions_in_duplicates_only=int((in_duplicates & ~in_others).sum()),
        questions_in_others_only=int((in_others & ~in_duplicates).sum()),
        lengths=_summary(lengths),
        lengths_in_duplicates=_summary(lengths[ends[True]]),
        lengths_in_others=_summary(lengths[ends[False]]),
        vocabulary=vocabulary,
        groups=int((sizes > 1).sum()),
        group_sizes=_counts(sizes[sizes > 1]),
        largest_groups=tuple(
            AuditGroup(questions=int(sizes[root]), sample=graph.questions[root])
            for root in np.argsort(-sizes, kind="stable")[:_SHOWN].tolist()
            if sizes[root] > 1
        ),
        longest_chains=tuple(links.longest(_SHOWN)),
        components=int((np.bincount(graph.components) > 0).sum()),
        largest_component_questions=int((graph.components == largest).sum()),
        largest_component_pairs=int(pairs_of[largest]),
    )


def measure_overlap(known: PairGraph, other: PairGraph) -> Overlap:
    """Measure how much of `other` is in `known`; copies count as one question."""
    numbers: dict[str, int] = {}
    keys = map(question_key, known.questions)
    known_as = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32)
    keys = map(question_key, other.questions)
    other_as = np.array([numbers.get(key, -1) for key in keys], np.int32)
    left, right = other_as[other.left], other_as[other.right]
    count = len(numbers)
    known_pairs = number_pairs(known_as[known.left], known_as[known.right], count)
    same = np.isin(number_pairs(left, right, count), known_pairs)
    return Overlap(
        questions=len(other_as),
        shared_questions=int((other_as >= 0).sum()),
        pairs=len(left),
        pairs_with_a_shared_question=int(((left >= 0) | (right >= 0)).sum()),
        shared_pairs=int((same & (left >= 0) & (right >= 0)).sum()),
    )


def _words(questions: list[str]) -> tuple[Int[np.ndarray, "questions"], VocabularySize]:
    """Return lengths and vocabulary of the questions."""
    lengths = np.zeros(len(questions), np.int64)
    seen: Counter[str] = Counter()
    growth = []
    start = 0
    for step in range(1, 11):
        stop = -(-step * len(questions) // 10)
        for number in range(start, stop):
            words = split_words(questions[number])
            lengths[number] = len(words)
            seen.update(words)
        growth.append((stop, len(seen)))
        start = stop
    once = sum(count == 1 for count in seen.values())
    return lengths, VocabularySize(words=len(seen), words_seen_once=once, growth=tuple(growth))


def _summary(lengths: Int[np.ndarray, "_"]) -> Lengths:
    values = lengths if len(lengths) else np.zeros(1, np.int64)
    quantiles = np.quantile(values, (0, 0.5, 0.9, 0.99, 1), method="inverted_cdf")
    low, median, p90, p99, high = map(int, quantiles)
    mean, counts = float(values.mean()), _counts(lengths)
    return Lengths(min=low, median=median, mean=mean, p90=p90, p99=p99, max=high, counts=counts)


def _counts(values: Int[np.ndarray, "_"]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(Counter(values.tolist()).items()))
