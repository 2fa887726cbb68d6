"""The report of an audit, as plain values."""

from dataclasses import dataclass

from gemel.data.duplicate_graph import Chain
from gemel.notebook import shown


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
    """Name of the file or the pairs."""
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
    """The first five of those."""
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
    """The five largest."""
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
