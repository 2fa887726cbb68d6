"""The ids that every vocabulary begins with."""

from typing import NamedTuple


class Tokens(NamedTuple):
    """The special tokens."""

    unknown: int = 0
    """Id of a word that training did not see often enough."""
    padding: int = 1
    """Id that fills short rows up."""
    padding_token: str = "<PAD>"  # noqa: S105 - not a password
    """What the padding is called in a vocabulary."""


TOKENS = Tokens()
