"""From a question to words to ids."""

import re
import zlib
from collections.abc import Iterable

from gemel.text.cleaning import clean
from gemel.text.table import TokenTable
from gemel.text.tokens import TOKENS
from gemel.text.vocabulary import Vocabulary

__all__ = ["Tokenizer", "split_words"]

# Scripts without spaces, and Korean, whose endings cling to the word: one token a character.
_ALONE = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"  # Kana, Han
    "\uac00-\ud7af"  # Hangul
    "\U00020000-\U0003ffff"  # rarer Han
)
_WORD = re.compile(
    r"n't(?!\w)"  # don't is do n't, as treebanks write it
    r"|'(?:s|re|ve|ll|d|m)(?!\w)"
    r"|[$€£¥]?\d+(?:[.,:]\d+)*(?:%|(?!\w))"  # $5, 2.0, 10:30, 50%
    r"|[a-z](?:\+\+|\#)(?!\w)"  # c++, c#
    rf"|[{_ALONE}]"
    rf"|[^\W{_ALONE}]+"
    r"|[^\w\s]",
    re.IGNORECASE,
)


def split_words(text: str) -> list[str]:
    """Cut a cleaned text into words, numbers and single marks; nothing but spaces gets lost."""
    return _WORD.findall(text.replace("n't", " n't").replace("N'T", " N'T"))


class Tokenizer:
    """Turns questions into token ids; the same in training and in answering.

    Args:
        vocabulary: the words that have an id.
        lowercase: whether case is dropped.
        unknown_buckets: ids, behind those of the vocabulary, among which unknown words are spread
            by a hash of their letters, so that two of them seldom look the same; 0 gives all of
            them the one unknown id.
    """

    def __init__(self, vocabulary: Vocabulary, *, lowercase: bool = True, unknown_buckets: int = 0):
        if unknown_buckets < 0:
            raise ValueError(f"unknown_buckets must not be negative, not {unknown_buckets}")
        self.vocabulary = vocabulary
        self.lowercase = lowercase
        self.unknown_buckets = unknown_buckets

    @classmethod
    def learn(
        cls,
        texts: Iterable[str],
        *,
        lowercase: bool = True,
        min_count: int = 1,
        unknown_buckets: int = 0,
    ) -> "Tokenizer":
        """Learn the vocabulary of training questions."""
        words = (split_words(clean(text, lowercase=lowercase)) for text in texts)
        vocabulary = Vocabulary.learn(words, min_count)
        return cls(vocabulary, lowercase=lowercase, unknown_buckets=unknown_buckets)

    def __len__(self) -> int:
        """Give the number of ids, which is the number of rows an embedding table needs."""
        return len(self.vocabulary) + self.unknown_buckets

    @property
    def unknown_ids(self) -> range:
        """The ids that unknown words get."""
        if not self.unknown_buckets:
            return range(TOKENS.unknown, TOKENS.unknown + 1)
        return range(len(self.vocabulary), len(self))

    def encode(self, text: str) -> list[int]:
        """Give the ids of a question's words; a question without any is one unknown word."""
        words = split_words(clean(text, lowercase=self.lowercase))
        if not words:
            return [TOKENS.unknown]
        ids = self.vocabulary.ids(words)
        if self.unknown_buckets and TOKENS.unknown in ids:
            known = zip(words, ids, strict=True)
            return [
                self._bucket(word) if index == TOKENS.unknown else index for word, index in known
            ]
        return ids

    def _bucket(self, word: str) -> int:
        letters = word.encode("utf-8", "surrogatepass")
        return len(self.vocabulary) + zlib.crc32(letters) % self.unknown_buckets

    def encode_all(self, texts: Iterable[str]) -> TokenTable:
        """Give the ids of many questions, in order."""
        return TokenTable.from_rows(self.encode(text) for text in texts)
