"""Inputs and parameters of estimators."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped
from sklearn.utils import check_array, check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from gemel.config import Config
from gemel.data.frames import plain
from gemel.data.labels import known_label
from gemel.errors import DataError
from gemel.folder import Model

AS_TEXTS = {"dtype": object, "ensure_all_finite": False}
"""How scikit-learn checks texts; our own errors name the row of a missing one."""


def two_sides(X: Shaped[np.ndarray, "pairs columns"]) -> tuple[list[str], list[str]]:  # noqa: N803
    """Return the first and the second questions of pairs that scikit-learn has checked."""
    if X.shape[1] != 2:
        raise DataError(
            f"X has {X.shape[1]} feature(s); expected 2: the two questions of each pair"
        )
    left, right = (
        _require_texts(X[:, place], name) for place, name in enumerate(("first ", "second "))
    )
    return left, right


def texts_of(X: Any) -> list[str]:  # noqa: N803
    """Return the questions of a list, a column, or an array or a frame of one column."""
    if isinstance(X, str) or X is None:
        found = "one string" if isinstance(X, str) else X
        raise TypeError(f"expected a list of questions, not {found}")
    table = check_array(X, ensure_2d=False, allow_nd=True, **AS_TEXTS)
    if table.ndim > 2 or (table.ndim == 2 and table.shape[1] != 1):
        raise DataError(
            f"X has the shape {table.shape}; expected one question a row; of pairs, give one "
            "column after the other, or take DuplicateClassifier"
        )
    return _require_texts(table.reshape(-1), "")


def same_or_not(
    y: Shaped[np.ndarray, "pairs"],
) -> tuple[Shaped[np.ndarray, "2"], Bool[np.ndarray, "pairs"], int]:
    """Return the two labels, sorted, which pairs are duplicates, and the place of their label.

    See `known_label`. Of two unknown labels, the larger is that of duplicates, as in scikit-learn,
    with a warning unless they are -1 and 1.
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
            f"y has one class only, {classes[0]!r}; expected two labels, such as 0 and 1, or no "
            "and yes"
        )
    names = [plain(label) for label in classes.tolist()]
    known = [known_label(name) for name in names]
    is_text = isinstance(names[0], str)
    if sorted(known, key=str) == [False, True] or (is_text and known.count(None) == 1):
        same = known.index(True) if True in known else known.index(None)
    else:
        same = 1
        if names != [-1, 1]:
            warnings.warn(
                f"y has the labels {names[0]!r} and {names[1]!r}; the larger, {names[1]!r}, is "
                f"taken for that of pairs that ask the same; give y == LABEL to name another",
                UserWarning,
                stacklevel=3,
            )
    return classes, coded == same, same


def _require_texts(values: Shaped[np.ndarray, "texts"], which: str) -> list[str]:
    texts = [plain(value) for value in values.tolist()]
    for row, text in enumerate(texts, 1):
        if type(text) is not str:
            found = "null" if text is None else f"{text!r:.40}"
            raise DataError(f"X, row {row}: has {found} as {which}question; expected a text")
    return texts


_SECTIONS = {
    "epochs": "training",
    "learning_rate": "training",
    "batch_size": "training",
    "d_model": "network",
    "loss": "training",
    "margin": "training",
    "min_count": "text",
    "objective": "decision",
    "validation_fraction": "training",
}


def named_settings(estimator: Any) -> dict[str, Any]:
    """Return the settings that an estimator's parameters name, as Python's numbers."""
    given = {name: getattr(estimator, name) for name in _SECTIONS}
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in given.items()
        if value is not None
    }


def changed_settings(
    config: Config | None, start: Model | None, named: Mapping[str, Any], seed: int | None
) -> Config:
    """Return the settings of a training: those of `config`, `start` or the defaults, changed.

    Args:
        config: all settings; if None, those of `start` without its prevalence.
        start: initial model.
        named: changes by name.
        seed: changes the seed, if not None.
    """
    if config is None and start is not None:
        decision = dataclasses.replace(start.config.decision, prevalence=0.0)
        config = dataclasses.replace(start.config, decision=decision)
    values = (config or Config()).to_mapping()
    for name, value in named.items():
        values[_SECTIONS[name]][name] = value
    if seed is not None:
        values["training"]["seed"] = seed
    return Config.from_mapping(values, source="parameters")


def seed_of(random_state: Any) -> int | None:
    """Return the seed that scikit-learn's `random_state` represents; None stays None."""
    if random_state is None:
        return None
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
