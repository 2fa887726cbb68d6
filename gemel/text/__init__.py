"""From text to token ids, and on to vectors through whatever turns ids into them."""

from gemel.text.cleaning import clean
from gemel.text.encoding import EncodeIds, Progress, encode_in_batches, pair_cosines
from gemel.text.table import TokenTable, next_power_of_two
from gemel.text.tokenizer import Tokenizer, split_words
from gemel.text.tokens import TOKENS, Tokens
from gemel.text.vocabulary import UNKNOWN_TOKEN, Vocabulary

__all__ = [
    "TOKENS",
    "UNKNOWN_TOKEN",
    "EncodeIds",
    "Progress",
    "TokenTable",
    "Tokenizer",
    "Tokens",
    "Vocabulary",
    "clean",
    "encode_in_batches",
    "next_power_of_two",
    "pair_cosines",
    "split_words",
]
