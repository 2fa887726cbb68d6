"""The report of an audit: plain values, which `dataclasses.asdict` makes ready for JSON."""

from dataclasses import dataclass

from gemel.data.duplicate_chains import Chain
from gemel.data.overlap import Overlap
from gemel.notebook import shown


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Pairs that deserve a second look."""

    pairs: int
    """How many."""
    lines: tuple[int, ...]
    """The lines of all of them."""


@dataclass(frozen=True, kw_only=True)
class OddPair:
    """A pair labelled 0 whose two questions other pairs report are the same."""

    line: int
    """Its state."""
    chain: Chain
    """A shortest chain of pairs labelled 1 from its first question to its second."""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Words in a question: words, numbers and single marks, as the tokenizer cuts them."""

    min: int
    median: int
    mean: float
    p90: int
    """Nine tenths of the questions are not longer."""
    p99: int
    max: int
    counts: tuple[tuple[int, int], ...]
    """Each length and how many questions have it."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The distinct words of the distinct questions."""

    words: int
    words_seen_once: int
    growth: tuple[tuple[int, int], ...]
    """Questions read, in the order of the file, and distinct words so far: ten steps."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A duplicate group: questions that pairs labelled 1 link."""

    questions: int
    sample: str
    """The first of them in the file."""


@dataclass(frozen=True, kw_only=True)
class FileAudit:
    """What the pairs of one file look like; texts that are equal once cleaned are one question."""

    data: str
    """The file, or what else the pairs are called."""
    pairs: int
    duplicates: int
    """Pairs labelled 1."""
    questions: int
    """Distinct ones."""

    empty: Finding
    """A side has no letter and no digit."""
    repeated: Finding
    """The same two questions, in either order, had this label before."""
    contradictory: Finding
    """The same two questions have both labels; all of those pairs."""
    contradictory_by_chain: Finding
    """Labelled 0, while no pair but a chain of pairs labelled 1 links the two questions."""
    odd_pairs: tuple[OddPair, ...]
    """The first five of those, with their chains."""
    self_pairs: Finding
    """Both sides are one question."""
    self_pairs_labelled_0: Finding
    """Those that report that a question does not ask the same as itself."""

    questions_in_both_labels: int
    """Questions that are in pairs of either label."""
    questions_in_duplicates_only: int
    questions_in_others_only: int

    lengths: Lengths
    """Of the distinct questions."""
    lengths_in_duplicates: Lengths
    """Of both sides of the pairs labelled 1."""
    lengths_in_others: Lengths
    """Of both sides of the pairs labelled 0."""
    vocabulary: Vocabulary

    groups: int
    """Duplicate groups of two or more questions."""
    group_sizes: tuple[tuple[int, int], ...]
    """Each number of questions and how many groups have it, from 2 on."""
    largest_groups: tuple[Group, ...]
    """Five."""
    longest_chains: tuple[Chain, ...]
    """Of the five groups with the longest, one each; see `DuplicateLinks.longest`."""

    components: int
    """Parts of the graph that no pair of either label links."""
    largest_component_questions: int
    largest_component_pairs: int

    @property
    def prevalence(self) -> float:
        """Share of pairs labelled 1."""
        return self.duplicates / self.pairs


@dataclass(frozen=True, kw_only=True)
class FileOverlap:
    """What the pairs of one file share with those of a file that was named before it."""

    known: str
    """The file that was named before."""
    data: str
    """The file that is measured."""
    overlap: Overlap


@shown(
    lambda it: {"files": len(it.files)},
    lambda it: ((file.data, file.pairs) for file in it.files),
)
@dataclass(frozen=True, kw_only=True)
class Audit:
    """What some files of pairs look like, and what they share."""

    files: tuple[FileAudit, ...]
    overlaps: tuple[FileOverlap, ...]
    """Each file against every one that was named before it."""
