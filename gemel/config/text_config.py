"""Settings: how a question becomes words."""

import dataclasses

from gemel.config.require import require, require_kinds, require_whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextConfig:
    """How a question becomes words."""

    lowercase: bool = True
    """Whether `Paris` and `paris` are one word."""
    min_count: int = 2
    """Words seen fewer times than this in training are unknown words."""
    ngram_buckets: int = 16384
    """Vectors of letter groups that unknown words are composed from; with 0 they all look the
    same."""
    nearest: bool = False
    """Whether an unknown word of four letters or more that is one letter off a known one is read as
    that one, of several as the most frequent: a slip in typing."""
    final_mark: bool = False
    """Whether a question that ends in a letter or digit is read as if it ended in a question mark:
    where nearly all questions learned from end in one, those without are not known for what they
    are."""
    spelling_buckets: int = 0
    """Weights of letter groups by which two questions are alike that share them, beside what the
    network says; 0 for the network alone."""
    normalization: int = 2
    """Version of the rules by which texts that look alike become the same. 2 folds all quotation
    marks, dashes, spaces and invisible characters, and keeps superscripts, subscripts and
    fractions distinct from digits; 1 is that of models made before there was a 2."""
    repair: bool = False
    """Whether ftfy first puts right what a wrong decoding garbled; needs the extra [repair]."""

    def __post_init__(self) -> None:
        require_kinds("text", self)
        require(
            self.normalization in (1, 2), f"text.normalization is 1 or 2, not {self.normalization}"
        )
        require_whole("text.min_count", self.min_count, 1, 2**31 - 1)
        require(
            0 <= self.ngram_buckets <= 2**24,
            f"text.ngram_buckets must be from 0 to {2**24}, not {self.ngram_buckets}",
        )
        require(
            0 <= self.spelling_buckets <= 2**24,
            f"text.spelling_buckets must be from 0 to {2**24}, not {self.spelling_buckets}",
        )
