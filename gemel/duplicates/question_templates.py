"""Templates: many questions that differ only in their numbers."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

LEAST_INSTANCES = 100
"""Minimum number of distinct questions of a template."""
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"[\dA-Za-z]+(?:[-._:/,][\dA-Za-z]+)*")


class Template(NamedTuple):
    """Questions that differ only in numbers, and in codes with digits such as `AB12-99X`."""

    example: str
    """The first question."""
    instances: int
    """Number of distinct questions."""


def mask_numbers(cleaned: str) -> str | None:
    """Replace every number, date, time and code with digits by 0; None if there is no digit."""
    if not _DIGIT.search(cleaned):
        return None
    return _CODE.sub(lambda code: "0" if _DIGIT.search(code[0]) else code[0], cleaned)


def number_templates(
    texts: Sequence[str], clean: Callable[[str], str]
) -> Int32[np.ndarray, "questions"]:
    """Return the row of the first question of each question's template; -1 if it has none.

    Args:
        texts: distinct also when cleaned.
        clean: cleans a text.
    """
    masks = [mask_numbers(clean(text)) if _DIGIT.search(text) else None for text in texts]
    count = Counter(masks)
    first: dict[str, int] = {}
    return np.array(
        [
            -1 if mask is None or count[mask] < LEAST_INSTANCES else first.setdefault(mask, row)
            for row, mask in enumerate(masks)
        ],
        np.int32,
    )


def describe_templates(
    templates: Int32[np.ndarray, "questions"], texts: Sequence[str]
) -> tuple[Template, ...]:
    """Return the templates found by `number_templates`, the largest first."""
    first, counts = np.unique(templates[templates >= 0], return_counts=True)
    order: Int64[np.ndarray, "templates"] = np.argsort(-counts, kind="stable")
    found = zip(first[order].tolist(), counts[order].tolist(), strict=True)
    return tuple(Template(texts[row], count) for row, count in found)
