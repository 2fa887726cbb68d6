"""Labels of pairs."""

import re
from collections.abc import Iterable
from typing import Any

from gemel.data.bad_rows import BadRowError

_GAPS = re.compile(r"[\s_\-\u2010-\u2015]+")
_ZERO_OR_ONE = re.compile(r"([01])(\.0*)?")
_LETTERS = {"t", "y"}
_SAME = {
    *("true", "yes", "positive", "pos", *_LETTERS),
    *("duplicate", "duplicates", "duplicated", "dup", "dupe", "same", "identical", "equal"),
    *("paraphrase", "paraphrases", "equivalent", "similar", "match", "matches", "matched"),
    *("matching", "samequestion", "samemeaning", "sameintent", "semanticallyequivalent"),
}
_NOT = {
    *("false", "f", "no", "n", "negative", "neg", "different", "distinct", "unique"),
    *("dissimilar", "mismatch", "mismatched", "unequal", "unrelated", "inequivalent"),
}
_NEGATIONS = (
    *("isnota", "isnotthe", "isnot", "isnta", "isnt"),
    *("nota", "notthe", "not", "non", "no", "un"),
)
_ARTICLES = ("isa", "isthe", "is", "the", "a", "semantically", "")
_EXPECTED = "0 or 1, yes or no, or a class name such as duplicate or not_duplicate"


def known_label(value: Any) -> bool | None:
    """Return the meaning of a label: True for duplicates, False for others, None if unknown.

    Known are 0 and 1, true and false, yes and no, and class names such as `duplicate` and
    `not_duplicate`, in any case and with spaces, hyphens or underscores.
    """
    if not isinstance(value, str):
        return bool(value) if _is_number(value) and value in (0, 1) else None
    number = _ZERO_OR_ONE.fullmatch(value.strip())
    if number:
        return number[1] == "1"
    name = _GAPS.sub("", value.casefold()).replace("'", "")
    if name in _NOT:
        return False
    for starts, endings, meaning in (_NEGATIONS, _SAME - _LETTERS, False), (_ARTICLES, _SAME, True):
        if any(name.startswith(each) and name.removeprefix(each) in endings for each in starts):
            return meaning
    return None


class Labels:
    """Reads the labels of one file; see `Columns.same`."""

    def __init__(self, same: str | int | float | None = None):
        self._given = same
        self._same = None if same is None else _key(same)
        self._other: Any = None
        self._first_other: Any = None
        self._is_seen = False
        self._classes: list[str] = []

    def read(self, value: Any) -> bool:
        """Return whether a label is that of duplicates, or raise `BadRowError`."""
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            shown = "null" if value is None else f"{value!r}"
            raise BadRowError(
                f"has the label {shown}; expected {_EXPECTED}: label the pair or remove the row"
            )
        if self._classes and type(value) is int and 0 <= value < len(self._classes):
            value = self._classes[value]
        if self._same is None:
            found = known_label(value)
            if found is None:
                raise BadRowError(
                    f"has the label {value!r:.40}; expected {_EXPECTED}; {_advice(value)}"
                )
            return found
        key = _key(value)
        if key == self._same:
            self._is_seen = True
            return True
        if self._other is None:
            self._other, self._first_other = key, value
        if key != self._other:
            raise BadRowError(
                f"has the label {value!r:.40}; expected two labels, {self._given!r:.40} "
                f"(--same) and {self._first_other!r:.40}, which an earlier row has"
            )
        return False

    def use_classes(self, names: Iterable[str]) -> None:
        """Read integers as classes of a Hugging Face `ClassLabel`.

        Not if `same` is a number that is no name. One of two names may be unknown: the opposite.
        """
        classes = list(names)
        known = [known_label(name) for name in classes]
        if self._same is None and len(known) == 2 and known.count(None) == 1:
            self._given = classes[known.index(True) if True in known else known.index(None)]
            self._same = _key(self._given)
        if self._same is None or self._same in map(_key, classes):
            self._classes = classes

    def unused(self) -> str:
        """Describe a `same` that no row had; empty otherwise."""
        if self._same is None or self._is_seen or self._other is None:
            return ""
        if isinstance(self._same, bool) and isinstance(self._other, bool):
            return ""
        return (
            f"has no label {self._given!r:.40} (--same); all labels are {self._first_other!r:.40}; "
            "give --same the label of pairs that ask the same"
        )


def _key(value: Any) -> Any:
    """Return a key that is equal for equal labels."""
    known = known_label(value)
    if known is not None:
        return known
    text = _GAPS.sub(" ", str(value).strip().casefold()).strip() or str(value)
    return re.sub(r"(?<=\d)\.0+$", "", text)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _advice(value: Any) -> str:
    advice = "if there are two labels, give that of pairs that ask the same: --same LABEL"
    if _is_number(value):
        advice += "; turn a graded similarity into 0 and 1 first"
    return advice
