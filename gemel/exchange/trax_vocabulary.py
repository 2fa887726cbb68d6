"""The notebook's vocabulary out of a file, held against a table of vectors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from gemel.errors import DataError
from gemel.text import TOKENS, UNKNOWN_TOKEN

_FIRST = 2
"""Id of the first word."""
_MAKE = "json.dump(vocabulary, open('vocabulary.json', 'w'))"


@dataclass(frozen=True, eq=False)
class KnownWords:
    """Words, and the rows of a table that are theirs."""

    words: list[str]
    """By their ids, the smallest first."""
    rows: Int64[np.ndarray, "tokens"]
    """Of the unknown word, of padding, and of each of the words."""
    unknown: int
    """Tokens of the vocabulary that have the id of the unknown word."""
    overrun: str | None
    """A word whose id lies one behind the table, and that has the row of the one before."""


def read_vocabulary(path: str | Path) -> dict[str, int]:
    """Read the ids of tokens.

    Args:
        path: a JSON object of token and id; or a text file with a token on every line, in the order
            of the ids, the padding `<PAD>`, whose id is 1, on the first line or the second.

    Raises:
        DataError: no such file, not UTF-8, neither of the two, a token or an id that stands twice.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("no such file" if not path.exists() else "is no file", path=path)
    content = path.read_bytes()
    if content[:1] == b"\x80" or content[:2] == b"\x1f\x8b":
        raise DataError(
            "is packed, or a Python pickle, which is code and is not loaded; in the notebook, "
            f"where the vocabulary is, type: import json; {_MAKE}",
            path=path,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8: {error}", path=path) from error
    ids = _of_json(text, path) if text.lstrip()[:1] == "{" else _of_lines(text, path)
    _require_ids(ids, path)
    return ids


def match_rows(ids: Mapping[str, int], rows: int, path: str | Path) -> KnownWords:
    """Find the row of every word in a table of vectors.

    The notebook counts its ids so that the last one lies behind the table, and Trax then takes the
    last row; ids may have gaps. A dictionary that grew by being asked has test words under the id
    of the unknown word: they stay unknown.

    Args:
        ids: token and id.
        rows: of the table.
        path: the file they came from, for errors.

    Raises:
        DataError: they are not of this table.
    """
    words = sorted((word for word in ids if ids[word] >= _FIRST), key=ids.__getitem__)
    last = max((ids[word] for word in words), default=TOKENS.padding)
    if not last <= rows <= max(last + 1, len(ids)):
        raise DataError(
            f"has {len(ids):,} tokens with ids up to {last:,}, but the checkpoint's embedding has "
            f"{rows:,} rows: it is the vocabulary of another network. Expected {last + 1:,} rows "
            f"or, as the notebook counts, {last:,}",
            path=path,
        )
    wanted = np.array([TOKENS.unknown, TOKENS.padding, *(ids[word] for word in words)], np.int64)
    return KnownWords(
        words=words,
        rows=np.minimum(wanted, rows - 1),
        unknown=sum(number == TOKENS.unknown for number in ids.values()),
        overrun=words[-1] if last == rows else None,
    )


def _of_json(text: str, path: Path) -> dict[str, int]:
    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            raise DataError("a token stands in it twice", path=path)
        return found

    try:
        ids: dict[str, int] = json.loads(text, object_pairs_hook=unique)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"is no whole JSON: {error}; it is made by {_MAKE}", path=path) from error
    for token, number in ids.items():
        if type(number) is not int or number < 0:
            raise DataError(
                f"{token!r:.40} has the id {number!r:.40}; expected whole numbers from 0 on",
                path=path,
            )
    return ids


def _of_lines(text: str, path: Path) -> dict[str, int]:
    lines = text.removesuffix("\n").split("\n")
    tokens = [line.removesuffix("\r") for line in lines]
    if TOKENS.padding_token not in tokens[:2]:
        raise DataError(
            f"is neither a JSON object of token and id, nor a text with a token on every line and "
            f"{TOKENS.padding_token}, whose id is {TOKENS.padding}, on the first or the second; "
            f"JSON is made by {_MAKE}",
            path=path,
        )
    start = TOKENS.padding - tokens.index(TOKENS.padding_token)
    ids: dict[str, int] = {}
    for line, token in enumerate(tokens, 1):
        if token in ids or not token:
            problem = f"{token!r:.40} stands there again" if token else "holds no token"
            raise DataError(problem, path=path, line=line)
        ids[token] = start + line - 1
    return ids


def _require_ids(ids: Mapping[str, int], path: Path) -> None:
    owners: dict[int, str] = {}
    for token, number in ids.items():
        if number and number in owners:
            raise DataError(
                f"{owners[number]!r:.40} and {token!r:.40} have one id, {number}; expected an id "
                "for each",
                path=path,
            )
        owners[number] = token
    if ids.get(UNKNOWN_TOKEN, TOKENS.unknown) != TOKENS.unknown:
        raise DataError(
            f"{UNKNOWN_TOKEN} has the id {ids[UNKNOWN_TOKEN]}; expected none, or {TOKENS.unknown}, "
            "the id of all words that the notebook does not know",
            path=path,
        )
    name = TOKENS.padding_token
    if owners.get(TOKENS.padding, name) != name or ids.get(name, TOKENS.padding) != TOKENS.padding:
        raise DataError(
            f"expected {name}, the padding, to have the id {TOKENS.padding}; it has "
            f"{ids.get(name, 'none')}, and {TOKENS.padding} is that of "
            f"{owners.get(TOKENS.padding)!r:.40}",
            path=path,
        )
