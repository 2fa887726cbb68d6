"""What a card begins with, for hubs that list models: YAML between two lines of dashes.

The fields are those of Hugging Face's model cards. What is not known is left out, not guessed.
"""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TAGS = (
    "gemel",
    "siamese-network",
    "duplicate-questions",
    "sentence-similarity",
    "feature-extraction",
)
"""What every gemel model is."""

_TASK = "sentence-similarity"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """Figures of one model on one set of pairs."""

    figures: Mapping[str, float]
    """By the name of the metric, as `average_precision`."""
    split: str
    """Which pairs: `validation`."""
    data: str = "question pairs"
    """What they are called, for people."""
    kind: str = "question-pairs"
    """What the hub calls them."""
    how: str = ""
    """How the threshold was found, where that needs to be said."""
    thresholds: Sequence[float] = ()
    """The least similarities that counted as the same; several where parts had one each."""


def front_matter(
    name: str,
    *,
    library: str = "gemel",
    results: Sequence[Measured] = (),
    language: str | None = None,
    licence: str | None = None,
    licence_name: str | None = None,
    tags: Sequence[str] = (),
) -> str:
    """Give the lines that a card begins with.

    Args:
        name: of the model.
        library: what can load the folder.
        results: what was measured.
        language: of the questions, as `en`, where that is known.
        licence: the hub's name of it, where that is known: `apache-2.0`, or `other`.
        licence_name: what it is called, if it is an `other` one.
        tags: beside `TAGS`.
    """
    fields: dict[str, Any] = {
        "language": language,
        "license": licence,
        "license_name": licence_name,
        "library_name": library,
        "pipeline_tag": _TASK,
        "tags": [*TAGS, *(tag for tag in tags if tag not in TAGS)],
    }
    if results:
        listed = [_result(each) for each in results]
        fields["model-index"] = [{"name": name, "results": listed}]
    known = {field: value for field, value in fields.items() if value is not None}
    return "\n".join(["---", *_lines(known), "---", ""])


def validation_figures(training: Mapping[str, Any], threshold: float) -> list[Measured]:
    """Give what a training record says of the validation pairs; an empty list if nothing.

    Args:
        training: the record.
        threshold: the stored one, which was fitted on them.
    """
    value = training.get("validation_average_precision")
    if not isinstance(value, float | int) or isinstance(value, bool) or not math.isfinite(value):
        return []
    figures = {"average_precision": float(value)}
    return [Measured(figures=figures, split="validation", thresholds=[threshold])]


def split_card(card: str) -> tuple[str, str]:
    """Part a card into its front matter, empty if it has none, and the text for people."""
    found = re.match(r"---\r?\n(.*?\n)??---[ \t]*(\r?\n|\Z)", card, re.DOTALL)
    end = found.end() if found else 0
    return card[:end], card[end:].lstrip("\r\n") if end else card


def with_library(card: str, name: str, library: str) -> str:
    """Give the front matter of a card for another library, and all else in it as it is.

    So the folder that another library loads keeps figures, language and licence of the model.

    Args:
        card: a model folder's README.md; one of an older gemel has no front matter, and gets it.
        name: of the model.
        library: what can load the other folder, as `sentence-transformers`.
    """
    front, _ = split_card(card)
    if not front:
        return front_matter(name, library=library)
    line = f"library_name: {_scalar(library)}"
    return re.sub(r"^library_name:.*$", lambda _: line, front, count=1, flags=re.MULTILINE)


def _result(measured: Measured) -> dict[str, Any]:
    how = {"threshold_from": measured.how} if measured.how else {}
    thresholds = {"thresholds": [*map(float, measured.thresholds)]} if measured.thresholds else {}
    args = how | thresholds
    of = f", {measured.how}" if measured.how else ""
    metrics = [
        {"type": name, "value": value, "name": f"{name.replace('_', ' ')}{of}"}
        | ({"args": args} if args else {})
        for name, value in measured.figures.items()
    ]
    return {
        "task": {"type": _TASK},
        "dataset": {"type": measured.kind, "name": measured.data, "split": measured.split},
        "metrics": metrics,
    }


def _lines(value: Any) -> list[str]:
    """Write mappings and lists in block style, a line a scalar; lists of numbers take one line."""
    if isinstance(value, Mapping):
        lines = []
        for key, held in value.items():
            if isinstance(held, list) and all(isinstance(each, float) for each in held):
                lines.append(f"{key}: [{', '.join(map(_scalar, held))}]")
            elif isinstance(held, Mapping | list):
                lines += [f"{key}:", *(f"  {line}" for line in _lines(held))]
            else:
                lines.append(f"{key}: {_scalar(held)}")
        return lines
    lines = []
    for held in value:
        first, *others = _lines(held) if isinstance(held, Mapping) else [_scalar(held)]
        lines += [f"- {first}", *(f"  {line}" for line in others)]
    return lines


def _scalar(value: str | float) -> str:
    """Write a text or a number as YAML of any version reads it back.

    Of a number six decimals are kept; words of a few letters stand as they are, all else in quotes.
    """
    if not isinstance(value, str):
        return np.format_float_positional(value, precision=6, trim="0")
    if re.fullmatch(r"[a-z]{3,}([-_][a-z]+)*", value) and value not in _MEANT_OTHERWISE:
        return value
    # A file name that is no text has halves of characters, which no file of text can hold.
    whole = value.encode("utf-8", "replace").decode()
    return f'"{"".join(map(_escaped, whole))}"'


_MEANT_OTHERWISE = {"null", "true", "false", "yes", "off"}
"""Words that YAML takes for something else than a text."""


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
