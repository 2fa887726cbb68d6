"""What scikit-learn calls X: texts, out of whatever form they have."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from gemel.data.frames import plain
from gemel.errors import DataError

__all__ = ["AS_TEXTS", "same_or_not", "texts_of", "two_sides"]

AS_TEXTS = {"dtype": object, "ensure_all_finite": False}
"""How scikit-learn is to check an X of texts: what is missing is named by us, with its row."""


def two_sides(X: Shaped[np.ndarray, "pairs columns"]) -> tuple[list[str], list[str]]:  # noqa: N803
    """Give the first and the second questions of pairs that scikit-learn has checked.

    Raises:
        DataError: there are not two columns, or something is no text.
    """
    if X.shape[1] != 2:
        raise DataError(
            f"X has {X.shape[1]} feature(s); expected 2: the two questions of each pair"
        )
    left, right = (
        _require_texts(X[:, place], name) for place, name in enumerate(("first ", "second "))
    )
    return left, right


def texts_of(X: Any) -> list[str]:  # noqa: N803
    """Give the questions of a list, a column, or an array or a frame of one column.

    Raises:
        TypeError: one text instead of a list of them.
        DataError: there is more than one column, or something is no text.
        ValueError: there are no questions.
    """
    if isinstance(X, str):
        raise TypeError("expected a list of questions, not one string")
    table = check_array(X, ensure_2d=False, allow_nd=True, **AS_TEXTS)
    if table.ndim > 2 or (table.ndim == 2 and table.shape[1] != 1):
        raise DataError(
            f"X has the shape {table.shape}; expected one question a row; of pairs, give one "
            "column after the other, or take DuplicateClassifier"
        )
    return _require_texts(table.reshape(-1), "")


def same_or_not(
    y: Shaped[np.ndarray, "pairs"],
) -> tuple[Shaped[np.ndarray, "2"], Bool[np.ndarray, "pairs"]]:
    """Give the two labels, smaller first, and which pairs have the larger: they ask the same.

    Raises:
        ValueError: there are more labels, or fewer.
    """
    check_classification_targets(y)
    classes, coded = np.unique(y, return_inverse=True)
    if len(classes) > 2:
        raise ValueError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}."
        )
    if len(classes) < 2:
        raise ValueError(
            f"y has one class only, {classes[0]!r}; expected two labels, the larger of which "
            "says that two questions ask the same"
        )
    return classes, coded == 1


def _require_texts(values: Shaped[np.ndarray, "texts"], which: str) -> list[str]:
    texts = [plain(value) for value in values.tolist()]
    for row, text in enumerate(texts, 1):
        if type(text) is not str:
            found = "null" if text is None else f"{text!r:.40}"
            raise DataError(f"X, row {row}: has {found} as {which}question; expected a text")
    return texts
