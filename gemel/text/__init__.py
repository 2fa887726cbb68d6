"""From text to token ids, and through an encoder to vectors."""

from gemel.text.arguments import require_each_text, require_text, require_texts
from gemel.text.copies import are_copies, copy_key
from gemel.text.normalization import CleanText, clean, normal_form
from gemel.text.row_order import Level, distinct_rows, prefix_levels, rows_alike
from gemel.text.text_encoding import EncodeTable, Progress, encode_texts, pair_cosines
from gemel.text.tfidf import TfIdf
from gemel.text.token_table import TokenTable, next_power_of_two, spell, spell_all
from gemel.text.tokenizer import Rules, Tokenizer
from gemel.text.typos import edit_once
from gemel.text.vocabulary import TOKENS, UNKNOWN_TOKEN, Tokens, Vocabulary
from gemel.text.words import ALONE, split_words, word_pattern

__all__ = [
    "ALONE",
    "TOKENS",
    "UNKNOWN_TOKEN",
    "CleanText",
    "EncodeTable",
    "Level",
    "Progress",
    "Rules",
    "TfIdf",
    "TokenTable",
    "Tokenizer",
    "Tokens",
    "Vocabulary",
    "are_copies",
    "clean",
    "copy_key",
    "distinct_rows",
    "edit_once",
    "encode_texts",
    "next_power_of_two",
    "normal_form",
    "pair_cosines",
    "prefix_levels",
    "require_each_text",
    "require_text",
    "require_texts",
    "rows_alike",
    "spell",
    "spell_all",
    "split_words",
    "word_pattern",
]
