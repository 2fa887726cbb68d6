"""Model card of an exported folder."""

import re
from pathlib import Path

from gemel.exchange.frozen_model import Frozen
from gemel.files import write_bytes, write_text
from gemel.folder import CARD, TERMS, Model, read_optional
from gemel.folder.model_card import front_matter, validation_figures, with_library

_USES = {
    "sentence-transformers": """pip install "sentence-transformers>=6.2"
```

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{name}")
vectors = model.encode(["How old are you?", "What is your age?"])
print(model.similarity(vectors, vectors))
```""",
    "onnx": """pip install numpy onnxruntime tokenizers
```

```python
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file("{name}/tokenizer.json")
tokenizer.enable_padding(pad_id=0, pad_token="<PAD>")
session = onnxruntime.InferenceSession("{name}/model.onnx")
read = tokenizer.encode_batch(["How old are you?", "What is your age?"])
inputs = {{
    "input_ids": np.array([each.ids for each in read], np.int64),
    "attention_mask": np.array([each.attention_mask for each in read], np.int64),
}}
(vectors,) = session.run(None, inputs)
print(vectors @ vectors.T)
```""",
}


def write_card(
    folder: Path, name: str, to: str, model: Model, frozen: Frozen, source: Path | None
) -> None:
    """Write the model card, and the terms of the model if it has some.

    Args:
        name: of the folder.
        to: one of `gemel.exchange.TARGETS`.
        source: the model's folder, whose card has language, licence and figures; None if there is
            none.

    Raises:
        OSError: they cannot be written.
    """
    terms = None if source is None else read_optional(source, TERMS)
    if terms is not None:
        write_bytes(folder / TERMS, terms)
    card = f"""{_front(name, to, model, frozen, source)}
# {name}

Gives questions vectors; two questions ask the same if the cosine of theirs is high. Made of a gemel
model by `gemel export --to {to}`.

```
{_USES[to].format(name=name)}

## Decision

{_decision(frozen)}

## Where it differs from gemel

{_limits(frozen)}
"""
    write_text(folder / CARD, card)


def _front(name: str, to: str, model: Model, frozen: Frozen, source: Path | None) -> str:
    card = None if source is None else read_optional(source, CARD)
    if card is None:
        results = validation_figures(model.training, model.decision.threshold)
        front = front_matter(name, library=to, results=results)
    else:
        front = with_library(card.decode(errors="replace"), name, to)
    if frozen.only_cosine:
        return front
    # The figures are those of the pair head or the letters, which stayed behind.
    return re.sub(r"^model-index:\n(?:(?: |- ).*\n)*", "", front, flags=re.MULTILINE)


def _decision(frozen: Frozen) -> str:
    decision = frozen.decision
    if frozen.holds_for_cosine:
        more = "" if frozen.only_cosine else "\ngemel itself decides by more, which is not here."
        return (
            f"A pair counts as the same from a cosine of **{decision.threshold:.4f}** on; how "
            "likely it asks the same is\n1 / (1 + exp(-(slope * cosine + intercept))) with the "
            f"numbers in `gemel.json`. Fitted on {decision.pairs:,}\nlabelled pairs, best for "
            f"{decision.settings.aim}.{more}"
        )
    return (
        "gemel decides by more than the cosine: by a pair head, or by letters that both questions "
        f"share.\nNeither is in this folder, so its threshold of {decision.threshold:.4f} (in "
        "`gemel.json`) does not hold for the\ncosine. `gemel export --validation PAIRS` fits one "
        "that does."
    )


def _limits(frozen: Frozen) -> str:
    limits = [
        "a question without word or mark has the vector of an unknown word in gemel; here its "
        "vector is meaningless"
    ]
    if frozen.composes:
        limits.append(
            "a word that is not in the vocabulary is composed from its spelling in gemel; here it "
            "is unknown, unless it was given to the export (`--words`)"
        )
    if frozen.rules.nearest:
        limits.append("gemel reads an unknown word as a known one that differs in one letter")
    if frozen.rules.repair:
        limits.append("gemel repairs garbled letters")
    limits.append(
        "letters added after Unicode 12 and more than 30 combining marks in a row may differ"
    )
    return "\n".join(f"- {limit}" for limit in limits)
