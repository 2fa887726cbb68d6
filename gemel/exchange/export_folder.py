"""The folder of an export, written completely or not at all, and its card."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gemel.errors import FolderError
from gemel.exchange.frozen_model import Frozen
from gemel.exchange.token_file import is_whole
from gemel.files import check_replaceable, check_writable, new_folder, write_bytes, write_text
from gemel.folder import CARD, TERMS, Model, read_optional
from gemel.folder.model_card import front_matter, validation_figures, with_library
from gemel.version import __version__

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
    folder: Path, name: str, to: str, model: Model, frozen: Frozen, beside: Path | None
) -> None:
    """Write the card, and the terms of the model where it has some.

    Args:
        folder: where.
        name: what the folder will be called.
        to: what loads it: one of `gemel.exchange.TARGETS`.
        model: the model.
        frozen: what was made of it.
        baseline: its own folder, whose card gives language, licence and figures; None if there is
            none.

    Raises:
        OSError: they cannot be written.
    """
    terms = None if beside is None else read_optional(beside, TERMS)
    if terms is not None:
        write_bytes(folder / TERMS, terms)
    card = f"""{_front(name, to, model, frozen, beside)}
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


def _front(name: str, to: str, model: Model, frozen: Frozen, beside: Path | None) -> str:
    card = None if beside is None else read_optional(beside, CARD)
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
        "a question without word or mark has the vector of an unknown word in gemel; here it has "
        "none that means anything"
    ]
    if frozen.composes:
        limits.append(
            "a word that is not in the vocabulary is composed from its spelling in gemel; here it "
            "is the one unknown word, unless the export was given it (`--words`)"
        )
    if frozen.rules.nearest:
        limits.append("an unknown word a letter away from a known one is that one in gemel")
    if frozen.rules.repair:
        limits.append("garbled letters are put right in gemel")
    limits.append(
        "letters that Unicode got after version 12 and more than 30 combining marks in a row may "
        "be read otherwise"
    )
    return "\n".join(f"- {limit}" for limit in limits)


NOTE = "gemel.json"
"""What reports that a folder was exported."""


def check_export_place(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where an export may not be written.

    Args:
        path: where it would go.
        overwrite: overwrite an existing export.

    Raises:
        FolderError: an export is there, or anything else that is not an empty folder; or its
            name is none that other tools can open.
        OSError: nothing can be written there.
    """
    path = Path(path)
    if not is_whole(str(path.resolve())):
        raise FolderError(
            f"{str(path)!a}: has bytes in its name that are no text, and other tools do not open "
            "it; choose another place"
        )
    check_replaceable(path)
    if path.is_dir() and any(path.iterdir()):
        foreign = _foreign(path)
        if foreign:
            raise FolderError(
                f"{path}: holds {foreign[0]}, which `gemel export` did not write there and which "
                "would be lost; choose another place"
            )
        if not overwrite:
            raise FolderError(f"{path}: holds an export already; add --overwrite to replace it")
    elif path.exists() and not path.is_dir():
        raise FolderError(f"{path}: is there and is no folder; choose another place")
    check_writable(path)


def _foreign(path: Path) -> list[str]:
    """Return the files of a folder that the note in it does not name."""
    try:
        named = set(json.loads((path / NOTE).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        named = set()
    return [name for name in _files(path) if name not in named]


def _files(path: Path) -> list[str]:
    return sorted(
        each.relative_to(path).as_posix()
        for each in path.rglob("*")
        if not each.is_dir() or each.is_symlink()
    )


@contextlib.contextmanager
def new_export(path: Path, note: Mapping[str, Any], *, overwrite: bool) -> Iterator[Path]:
    """Fill a folder next to `path`, write its note, and put it in place: whole or not at all.

    Args:
        path: its path.
        note: what `gemel.json` should report, next to the files.
        overwrite: see `check_export_place`.

    Yields:
        The folder to write into; an error in the block leaves `path` as it was.

    Raises:
        FolderError, OSError: see `check_export_place`.
    """
    check_export_place(path, overwrite=overwrite)
    with new_folder(path) as folder:
        yield folder
        content = {**note, "files": [*_files(folder), NOTE]}
        write_text(folder / NOTE, json.dumps(content, indent=1, allow_nan=False) + "\n")


def decision_note(frozen: Frozen) -> dict[str, Any]:
    """Return what a note gives of a model: how it decides, and whether the cosine is what it asks."""
    decision = frozen.decision
    asked = "cosine" if frozen.holds_for_cosine else "gemel's own, by its pair head or letters"
    return {
        "gemel_version": __version__,
        "similarity": "cosine",
        "decision": {
            "of_similarity": asked,
            "holds_for_cosine": frozen.holds_for_cosine,
            "threshold": decision.threshold,
            "lower": decision.lower,
            "upper": decision.upper,
            "slope": decision.slope,
            "intercept": decision.intercept,
            "pairs": decision.pairs,
            "prevalence": decision.prevalence,
            "data": decision.data,
        },
    }
