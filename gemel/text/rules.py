"""The rules by which text becomes words."""

import dataclasses

from gemel.config import TextConfig
from gemel.text.normal_forms import NEWEST


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rules:
    """How a tokenizer reads: a model knows words only as they were read in training."""

    lowercase: bool = True
    """Whether case is dropped."""
    repair: bool = False
    """Whether garbled letters are put right first; see `clean`."""
    normalization: int = NEWEST
    """Version of the rules by which texts that look alike become the same; see `normal_form`."""
    ngram_buckets: int = 0
    """Rows of the table that other words are composed from by their spelling; with 0 all of them
    are the one unknown id."""
    nearest: bool = False
    """Whether an unknown word that is one letter off a known one is read as that one; see
    `NearestWords`."""
    final_mark: bool = False
    """Whether a question that ends in a letter or digit is read with a question mark; see
    `with_final_mark`."""

    def __post_init__(self) -> None:
        if self.ngram_buckets < 0:
            raise ValueError(f"ngram_buckets must not be negative, not {self.ngram_buckets}")

    @classmethod
    def of(cls, settings: TextConfig) -> "Rules":
        """Take the rules out of settings."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: getattr(settings, name) for name in names})
