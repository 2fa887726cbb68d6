"""`tokenizer.json` of Hugging Face `tokenizers`: patterns and a list that turn texts into rows."""

import functools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gemel.exchange.frozen_model import Frozen
from gemel.text import ALONE, UNKNOWN_TOKEN, Rules, normal_form, word_pattern
from gemel.text.normalization import NormalForm

_HALVES = range(0xD800, 0xE000)
"""Surrogates, which are no characters."""
_MEANT_OTHERWISE = "\\]^-["


def class_of(characters: Iterable[str], *, negated: bool = False) -> str:
    """Return a character class, as `[a-c]`, of single characters."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    parts = (
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in ranges
    )
    return f"[{'^' * negated}{''.join(parts)}]"


@functools.cache
def class_like(pattern: str, *, negated: bool = False) -> str:
    r"""Return the class of all characters that a pattern of one character matches, such as `\w`."""
    return class_of(re.findall(pattern, _characters()), negated=negated)


@functools.cache
def final_sigma() -> str:
    """Return the pattern of a final capital sigma, which has a lowercase letter of its own.

    Which letters Python counts as cased is found by trying; up to two marks in between are ignored.
    """
    cased = class_of(each for each in _characters() if f"{each}Σ".lower()[-1] == "ς")
    skipped = class_of(
        each
        for each in _characters()
        if f"{each}Σ".lower()[-1] == "σ" and f"a{each}Σ".lower()[-1] == "ς"
    )
    before = "|".join(f"(?<={cased}{skipped * marks})" for marks in range(3))
    return f"(?:{before})Σ(?!{skipped}*{cased})"


def _escaped(code: int) -> str:
    character = chr(code)
    return f"\\{character}" if character in _MEANT_OTHERWISE else character


@functools.cache
def _characters() -> str:
    return "".join(chr(code) for code in range(sys.maxunicode + 1) if code not in _HALVES)


_SETTINGS = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}


def write_token_file(frozen: Frozen, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` into a folder."""
    for name, value in (
        ("tokenizer.json", token_file(frozen)),
        ("tokenizer_config.json", _SETTINGS),
    ):
        text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


def token_file(frozen: Frozen) -> dict[str, Any]:
    """Return the content of `tokenizer.json`, which turns a text into rows of the table.

    A text without words or marks has no rows. No token is special, as texts may contain its name.
    Not covered: repair of garbled letters (`rules.repair`), more than 30 combining marks in a row
    where `rules.normalization` is 1, and letters added after Unicode 12.
    """
    words = {word: row for row, word in enumerate(frozen.words) if is_whole(word)}
    letters, marks = class_like(rf"[^\W{ALONE}]"), class_like(r"[\w\s]", negated=True)
    pattern = word_pattern(letters, class_like(r"\d"), marks)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Sequence", "normalizers": list(_normalizers(frozen.rules))},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": pattern},
            "behavior": "Removed",
            "invert": True,
        },
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": UNKNOWN_TOKEN},
    }


def _normalizers(rules: Rules) -> Iterator[dict[str, Any]]:
    """Yield the steps of `clean` and `with_final_mark`, and the first of `split_words`."""
    composed = {"type": "NFKC"}
    form = normal_form(rules.normalization)
    bound = [_replaced("Regex", form.cut, "")] if form.cut else []
    yield from _changes(form)
    if form.insertions:  # at the very start of a text the library cannot insert
        yield {"type": "Prepend", "prepend": " "}
    for place, inserted in form.insertions:
        yield _replaced("Regex", place, inserted)
    yield from bound
    yield composed
    if rules.lowercase:
        yield _replaced("Regex", final_sigma(), "ς")
        yield {"type": "Lowercase"}
        yield composed
    yield from _changes(form)
    yield from bound
    if rules.final_mark:
        last, spaces = class_like(r"[^\W_]"), class_like(r"\s")
        yield _replaced("Regex", f"(?<={last}){spaces}*$", "?")
    yield _replaced("String", "n't", " n't")
    if not rules.lowercase:
        yield _replaced("String", "N'T", " N'T")


def _changes(form: NormalForm) -> Iterator[dict[str, Any]]:
    for instead in dict.fromkeys(form.changed.values()):
        changed = (chr(code) for code, new in form.changed.items() if new == instead)
        yield _replaced("Regex", class_of(changed), instead or "")


def _replaced(kind: str, what: str, instead: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {kind: what}, "content": instead}


def is_whole(text: str) -> bool:
    """Return whether a text has no lone surrogate."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
