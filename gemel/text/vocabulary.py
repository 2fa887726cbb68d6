"""The words that training knew, each with its id; asking never adds one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from gemel.errors import DataError
from gemel.text.tokens import TOKENS

__all__ = ["UNKNOWN_TOKEN", "Vocabulary"]

UNKNOWN_TOKEN = "<UNK>"  # noqa: S105 - a word, not a password


class Vocabulary(Mapping[str, int]):
    """A read-only mapping of word to id: 0 is every unknown word, 1 the padding, words follow.

    Ids have no gaps, so `len(vocabulary)` is the number of rows an embedding table needs.

    Args:
        words: the words of ids 2, 3, ..., without repeats.

    Raises:
        DataError: a word stands twice, or has the name of a special token.
    """

    def __init__(self, words: Iterable[str]):
        tokens = [UNKNOWN_TOKEN, TOKENS.padding_token, *words]
        self._ids = {token: index for index, token in enumerate(tokens)}
        if len(self._ids) < len(tokens):
            twice = Counter(tokens).most_common(1)[0][0]
            raise DataError(f"a vocabulary holds every word once, but {twice!r} stands there again")

    @classmethod
    def learn(cls, questions: Iterable[Iterable[str]], min_count: int = 1) -> "Vocabulary":
        """Collect the words of tokenised questions, the most frequent first.

        Args:
            questions: words of each question; use training questions only.
            min_count: words seen fewer times are left to the unknown id.
        """
        counts = Counter(word for question in questions for word in question)
        for special in (UNKNOWN_TOKEN, TOKENS.padding_token):
            counts.pop(special, None)
        kept = [(-count, word) for word, count in counts.items() if count >= min_count]
        return cls(word for _, word in sorted(kept))

    @property
    def words(self) -> list[str]:
        """The words of ids 2, 3, ..., as the constructor takes them."""
        return list(self._ids)[2:]

    def ids(self, words: Iterable[str]) -> list[int]:
        """Give the id of each word, 0 for those not known."""
        get = self._ids.get
        return [get(word, TOKENS.unknown) for word in words]

    def __getitem__(self, word: str) -> int:
        return self._ids[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
