"""The card: what a person should know before using a model."""

import shlex
from collections.abc import Mapping
from typing import Any

from gemel.config import Config
from gemel.decision import Decision
from gemel.folder.front_matter import front_matter, validation_figures


def card_text(
    name: str,
    config: Config,
    decision: Decision,
    training: Mapping[str, Any],
    *,
    picture: str | None = None,
) -> str:
    """Give the README.md of a model folder of that name.

    Args:
        name: what the folder is called.
        config, decision, training: what it holds.
        picture: the file in it that shows the training, if there is one.
    """
    shown = f"![loss and validation over the training]({picture})\n\n" if picture else ""
    asks = (
        f"From {decision.lower:.4f} on, and below {decision.upper:.4f}, the answer is to ask a "
        "person.\n"
        if decision.lower < decision.upper
        else ""
    )
    kept = training.get("kept_epoch", training.get("best_epoch", "unknown"))
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
| epoch kept | {kept} |
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
    """Say where the threshold comes from."""
    if not decision.pairs:
        return """That is a guess, fitted on
nothing, and so are its probabilities: `gemel fit` fits both on labelled pairs."""
    return f"""That is the
threshold best for {decision.settings.aim}, fitted on {decision.pairs:,} validation
pairs for places where {decision.prevalence:.1%} of the pairs ask the same. Where duplicates are
rarer, probabilities are too high: `gemel fit` fits both again, with other pairs or
`--prevalence`."""
