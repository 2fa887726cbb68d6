"""Model cards: YAML front matter and Markdown."""

import dataclasses
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gemel.config import Config
from gemel.decision import Decision

TAGS = (
    "gemel",
    "siamese-network",
    "duplicate-questions",
    "sentence-similarity",
    "feature-extraction",
)
"""Tags of every gemel model."""
_TASK = "sentence-similarity"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """Metrics of one model on one set of pairs."""

    figures: Mapping[str, float]
    """By the name of the metric, as `average_precision`."""
    split: str
    """Which pairs: `validation`."""
    data: str = "question pairs"
    """Name for people."""
    kind: str = "question-pairs"
    """Name on the hub."""
    how: str = ""
    """How the threshold was found, where that needs to be reported."""
    thresholds: Sequence[float] = ()
    """Least similarities of a duplicate; several where parts had one each."""


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
    """Return the lines that a card begins with.

    Args:
        name: of the model.
        library: that can load the folder.
        results: measured figures.
        language: of the questions, as `en`; None if unknown.
        licence: the hub's name of it: `apache-2.0`, or `other`; None if unknown.
        licence_name: name of an `other` licence.
        tags: in addition to `TAGS`.
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
    """Return the figures of the validation pairs in a training record, if there are any."""
    value = training.get("validation_average_precision")
    if not isinstance(value, float | int) or isinstance(value, bool) or not math.isfinite(value):
        return []
    figures = {"average_precision": float(value)}
    return [Measured(figures=figures, split="validation", thresholds=[threshold])]


def split_card(card: str) -> tuple[str, str]:
    """Split a card into its front matter, empty if it has none, and the text for people."""
    found = re.match(r"---\r?\n(.*?\n)??---[ \t]*(\r?\n|\Z)", card, re.DOTALL)
    end = found.end() if found else 0
    return card[:end], card[end:].lstrip("\r\n") if end else card


def with_library(card: str, name: str, library: str) -> str:
    """Return the front matter of a card with another library, such as `sentence-transformers`.

    A card of an older gemel has no front matter, and gets one with the model's name.
    """
    front, _ = split_card(card)
    if not front:
        return front_matter(name, library=library)
    line = f"library_name: {_scalar(library)}"
    return re.sub(r"^library_name:.*$", lambda _: line, front, count=1, flags=re.MULTILINE)


def _result(measured: Measured) -> dict[str, Any]:
    args: dict[str, Any] = {"threshold_from": measured.how} if measured.how else {}
    if measured.thresholds:
        args["thresholds"] = [*map(float, measured.thresholds)]
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
    lines = []
    if isinstance(value, Mapping):
        for key, content in value.items():
            if isinstance(content, list) and all(isinstance(each, float) for each in content):
                lines.append(f"{key}: [{', '.join(map(_scalar, content))}]")
            elif isinstance(content, Mapping | list):
                lines += [f"{key}:", *(f"  {line}" for line in _lines(content))]
            else:
                lines.append(f"{key}: {_scalar(content)}")
        return lines
    for content in value:
        first, *others = _lines(content) if isinstance(content, Mapping) else [_scalar(content)]
        lines += [f"- {first}", *(f"  {line}" for line in others)]
    return lines


def _scalar(value: str | float) -> str:
    """Write a text or a number as YAML of any version reads it back.

    Numbers have six decimals; short words are plain, other texts in quotes.
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


def card_text(
    name: str,
    config: Config,
    decision: Decision,
    training: Mapping[str, Any],
    *,
    picture: str | None = None,
) -> str:
    """Return the README.md of a model folder.

    Args:
        name: of the folder.
        config, decision, training: contents of the folder.
        picture: file in it that shows the training, if there is one.
    """
    shown = f"![loss and validation over the training]({picture})\n\n" if picture else ""
    asks = (
        f"From {decision.lower:.4f} on, and below {decision.upper:.4f}, the answer is to ask a "
        "person.\n"
        if decision.lower < decision.upper
        else ""
    )
    epoch = training.get("kept_epoch", training.get("best_epoch", "unknown"))
    settings = "\n".join(
        f"| {section}.{name} | {value} |"
        for section, values in config.to_mapping().items()
        for name, value in values.items()
    )
    figures = validation_figures(training, decision.threshold)
    return f"""{front_matter(name, results=figures)}
# A gemel model

Tells whether two questions ask the same thing:

```
gemel compare "How old are you?" "What is your age?" --model {shlex.quote(name)}
```

## Decision

A pair counts as the same from a similarity of **{decision.threshold:.4f}** on. {_origin(decision)}
{asks}
## Training

{shown}| | |
|---|---|
| data | {training.get("data", "unknown")} |
| training pairs that ask the same | {training.get("training_duplicates", "unknown")} |
| vocabulary | {training.get("vocabulary", "unknown")} words |
| epoch stored | {epoch} |
| validation average precision | {training.get("validation_average_precision", "unknown")} |
| seconds | {training.get("seconds", "unknown")} |
| gemel | {training.get("gemel_version", "unknown")} |

| setting | value |
|---|---|
{settings}

## Limits

It knows the words of its training questions; others it can tell apart, not understand. Small words
that turn a meaning round (not, before, after) and numbers weigh less with it than they should.
"""


def _origin(decision: Decision) -> str:
    """Report where the threshold comes from."""
    if not decision.pairs:
        return """That is a guess, fitted on
nothing, and so are its probabilities: `gemel fit` fits both on labelled pairs."""
    return f"""That is the
threshold best for {decision.settings.aim}, fitted on {decision.pairs:,} validation
pairs for places where {decision.prevalence:.1%} of the pairs ask the same. Where duplicates are
rarer, probabilities are too high: `gemel fit` fits both again, with other pairs or
`--prevalence`."""
