"""Vocabulary: words with ids."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gemel.errors import DataError


class Tokens(NamedTuple):
    """Ids of unknown words and padding, and the name of padding in a vocabulary."""

    unknown: int = 0
    padding: int = 1
    padding_token: str = "<PAD>"  # noqa: S105 - not a password


TOKENS = Tokens()
UNKNOWN_TOKEN = "<UNK>"  # noqa: S105 - a word, not a password


class Vocabulary(Mapping[str, int]):
    """A read-only mapping of word to id: 0 unknown, 1 padding, then words.

    Ids have no gaps: `len(vocabulary)` is the number of embedding rows. A repeated word, or the
    name of a special token, is a `DataError`.
    """

    def __init__(self, words: Iterable[str] = ()):
        tokens = [UNKNOWN_TOKEN, TOKENS.padding_token, *words]
        self._ids = {token: index for index, token in enumerate(tokens)}
        if len(self._ids) < len(tokens):
            twice = Counter(tokens).most_common(1)[0][0]
            raise DataError(f"a vocabulary holds every word once, but {twice!r} is repeated")

    def grown(self, counts: Mapping[str, int], min_count: int = 1) -> "Vocabulary":
        """Return a vocabulary with new words added; words seen less often stay unknown."""
        new = [
            (-count, word)
            for word, count in counts.items()
            if count >= min_count and word not in self._ids
        ]
        return Vocabulary([*self.words, *(word for _, word in sorted(new))])

    @property
    def words(self) -> list[str]:
        """Words of the ids from 2."""
        return list(self._ids)[2:]

    def ids(self, words: Iterable[str]) -> list[int]:
        """Return the id of each word, 0 for unknown ones."""
        get = self._ids.get
        return [get(word, TOKENS.unknown) for word in words]

    def __getitem__(self, word: str) -> int:
        return self._ids[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
