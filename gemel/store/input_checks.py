"""Checks of a store's input, before anything is written."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
from jaxtyping import Bool, Float, Float16, Float64, Int64

from gemel.data import Value, plain_value
from gemel.errors import DataError
from gemel.store.base import Metadata, NewQuestion, Typed
from gemel.text import copy_key

MOST_METADATA = 65_536
"""Maximum characters of a question's metadata, as ASCII JSON."""
MOST_DIM = 16_000
"""Maximum numbers in a vector, set by pgvector."""
_TOLERANCE = 0.01
"""Allowed deviation of a length from 1, due to float16 and int8."""


def is_plain(text: str) -> bool:
    """Return whether every store can hold a text: valid UTF-8, no NUL."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def check_questions(questions: Sequence[NewQuestion]) -> None:
    """Raise `DataError` if an id is empty or occurs twice, or a text cannot be written."""
    for question in questions:
        if not question.id:
            raise DataError(f"the question {question.text!r:.60} has an empty id; set one")
        for name, text in (("id", question.id), ("text", question.text)):
            if not is_plain(text):
                raise DataError(
                    f"the {name} of question {question.id!r:.60} holds a NUL or half a character: "
                    f"{text!r:.60}; remove it"
                )
    for name, count in Counter(question.id for question in questions).most_common(1):
        if count > 1:
            raise DataError(f"the id {name!r:.60} occurs {count} times; expected unique ids")


def check_metadata(question: str, metadata: Metadata) -> None:
    """Raise `DataError` if stored metadata have other than plain values."""
    for name, value in metadata.items():
        is_scalar = isinstance(value, str | int | float | bool | None)
        if not is_scalar or (isinstance(value, float) and not math.isfinite(value)):
            raise DataError(
                f"question {question!r:.60} has metadata {name!r:.60}: {value!r:.60}; expected a "
                "text, a finite number, true, false or null"
            )


def read_plain(question: NewQuestion) -> dict[str, Value]:
    """Return a question's metadata with plain values.

    Raises:
        DataError: a name is not text, a value is not plain, or all together are too long.
    """
    where = f"question {question.id!r:.60} has"
    if not isinstance(question.metadata, Mapping):
        raise DataError(
            f"{where} the metadata {question.metadata!r:.60}; expected names and values, such as "
            "{'forum': 'cooking'}"
        )
    plain: dict[str, Value] = {}
    for name, value in question.metadata.items():
        if not isinstance(name, str):
            raise DataError(f"{where} metadata named {name!r:.60}; expected text")
        try:
            plain[name] = value if type(value) is Typed else plain_value(value)
        except ValueError as error:
            raise DataError(f"{where} metadata {name!r:.60}: {value!r:.60}; {error}") from error
    if excess := describe_excess(plain):
        raise DataError(f"{where} {excess}")
    return plain


def describe_excess(metadata: Metadata) -> str:
    """Return a description of metadata that are too long, else an empty text."""
    length = len(json.dumps(metadata))
    if length <= MOST_METADATA:
        return ""
    return (
        f"{length:,} characters of metadata; expected {MOST_METADATA:,} at most: store long texts "
        "elsewhere, and their address here"
    )


def check_dim(dim: int) -> None:
    """Raise `DataError` if no store can hold vectors of so many numbers."""
    if not 1 <= dim <= MOST_DIM:
        raise DataError(f"vectors of {dim} numbers; expected 1 to {MOST_DIM}")


def check_vectors(
    vectors: Float[np.ndarray, "questions dim"], questions: int
) -> Float16[np.ndarray, "questions dim"]:
    """Return vectors as they are stored.

    Raises:
        DataError: not `questions` of them, or one is not finite or not of length 1.
    """
    if vectors.ndim != 2 or len(vectors) != questions:
        raise DataError(f"vectors of shape {vectors.shape}; expected ({questions}, dim)")
    check_dim(vectors.shape[1])
    wrong, lengths = wrong_vectors(vectors, _TOLERANCE)
    if len(wrong):
        raise DataError(
            f"vector {wrong[0]} has length {lengths[wrong[0]]:.4g}; expected finite numbers and "
            "length 1: divide it by its length"
        )
    return np.ascontiguousarray(vectors, np.float16)


def wrong_vectors(
    vectors: Float[np.ndarray, "questions dim"], tolerance: float = 2 * _TOLERANCE
) -> tuple[Int64[np.ndarray, "wrong"], Float64[np.ndarray, "questions"]]:
    """Return the rows of vectors that are not finite or not of length 1, and all lengths."""
    lengths = np.sqrt(np.square(vectors, dtype=np.float64).sum(axis=1))
    return np.flatnonzero(~(np.abs(lengths - 1) <= tolerance)), lengths  # a NaN is wrong too


def is_unit_like(vectors: Float16[np.ndarray, "questions dim"]) -> Bool[np.ndarray, "questions"]:
    """Return which vectors may have length 1, not being zero, too long or not finite.

    Much faster than their lengths: compares the largest number of each, by its bits.
    """
    largest = (vectors.view(np.uint16) & 0x7FFF).max(axis=1, initial=0).view(np.float16)
    least, most = 0.9 / math.sqrt(max(1, vectors.shape[1])), 1 + 2 * _TOLERANCE
    good: Bool[np.ndarray, "questions"] = (largest >= least) & (largest <= most)
    return good


def facet(name: str, value: Value) -> bytes:
    """Return a 16-byte hash of a name and a value, the same for equal values.

    Equal as in Python, except that True differs from 1.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return blake2b(json.dumps([name, value]).encode(), digest_size=16).digest()


def copy_facet(text: str) -> bytes:
    """Return the 16-byte hash of a text's `copy_key`."""
    key = copy_key(text).encode("utf-8", "surrogatepass")
    return blake2b(key, digest_size=16, person=b"copies").digest()
