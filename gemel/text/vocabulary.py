"""The ids that every vocabulary begins with."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gemel.errors import DataError


class Tokens(NamedTuple):
    """The special tokens."""

    unknown: int = 0
    """Id of a word that training did not see often enough."""
    padding: int = 1
    """Id that fills short rows up."""
    padding_token: str = "<PAD>"  # noqa: S105 - not a password
    """What the padding is called in a vocabulary."""


TOKENS = Tokens()


UNKNOWN_TOKEN = "<UNK>"  # noqa: S105 - a word, not a password


class Vocabulary(Mapping[str, int]):
    """A read-only mapping of word to id: 0 is every unknown word, 1 the padding, words follow.

    Ids have no gaps, so `len(vocabulary)` is the number of rows an embedding table needs.

    Args:
        words: the words of ids 2, 3, ..., without repeats.

    Raises:
        DataError: a word is repeated, or has the name of a special token.
    """

    def __init__(self, words: Iterable[str] = ()):
        tokens = [UNKNOWN_TOKEN, TOKENS.padding_token, *words]
        self._ids = {token: index for index, token in enumerate(tokens)}
        if len(self._ids) < len(tokens):
            twice = Counter(tokens).most_common(1)[0][0]
            raise DataError(f"a vocabulary holds every word once, but {twice!r} is repeated")

    def grown(self, counts: Mapping[str, int], min_count: int = 1) -> "Vocabulary":
        """Return a vocabulary that also holds new words; those of this one keep their ids.

        Args:
            counts: how often each word was seen; in training questions only.
            min_count: words seen fewer times are left unknown.
        """
        new = [
            (-count, word)
            for word, count in counts.items()
            if count >= min_count and word not in self._ids
        ]
        return Vocabulary([*self.words, *(word for _, word in sorted(new))])

    @property
    def words(self) -> list[str]:
        """The words of ids 2, 3, ..., as the constructor takes them."""
        return list(self._ids)[2:]

    def ids(self, words: Iterable[str]) -> list[int]:
        """Return the id of each word, 0 for those not known."""
        get = self._ids.get
        return [get(word, TOKENS.unknown) for word in words]

    def __getitem__(self, word: str) -> int:
        return self._ids[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
