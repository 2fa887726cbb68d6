"""Export of a model to a folder for another tool, tested in that tool before it is put in place."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.config import ExportOptions
from gemel.decision import Decision
from gemel.errors import ConfigError, FolderError, GemelError
from gemel.exchange.agreement import TOLERANCE, Agreement, Vectors, find_agreement, open_tokenizer
from gemel.exchange.frozen_model import Frozen, freeze, unknown_words
from gemel.exchange.sentence_transformers import (
    OLDEST,
    SentenceVectors,
    is_new_enough,
    write_sentence_transformers,
)
from gemel.exchange.token_file import is_whole, write_token_file
from gemel.files import check_replaceable, check_writable, new_folder, write_bytes, write_text
from gemel.folder import CARD, TERMS, Model, read_optional
from gemel.folder.model_card import front_matter, validation_figures, with_library
from gemel.text import Progress
from gemel.version import __version__, installed_version

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
    """Write the model card, and the model's terms; `source` is its folder, if any."""
    if source is not None and (terms := read_optional(source, TERMS)) is not None:
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


NOTE = "gemel.json"
"""The file that marks an export, and lists its files."""


def check_export_place(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that an export may be written to a path.

    Raises:
        FolderError: there is an export, or other files; or its name is not UTF-8.
    """
    path = Path(path)
    if not is_whole(str(path.resolve())):
        raise FolderError(
            f"{str(path)!a}: name is not UTF-8, so that other tools cannot open it; "
            "choose another path"
        )
    check_replaceable(path)
    if path.is_dir() and any(path.iterdir()):
        if foreign := _foreign(path):
            raise FolderError(
                f"{path}: has {foreign[0]}, which `gemel export` did not write and would "
                "delete; choose another path"
            )
        if not overwrite:
            raise FolderError(f"{path}: has an export; add --overwrite to replace it")
    elif path.exists() and not path.is_dir():
        raise FolderError(f"{path}: is not a folder; choose another path")
    check_writable(path)


def _foreign(path: Path) -> list[str]:
    """Return the files of a folder that are not listed in its note."""
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


def _note(model: Model, to: str, frozen: Frozen) -> dict[str, Any]:
    """Return the content of `gemel.json`, without the list of files."""
    decision = frozen.decision
    numbers = ("threshold", "lower", "upper", "slope", "intercept", "pairs", "prevalence", "data")
    own = "gemel's own, by its pair head or letters"
    return {
        "exported_to": to,
        "model": model.fingerprint,
        "gemel_version": __version__,
        "similarity": "cosine",
        "decision": {
            "of_similarity": "cosine" if frozen.holds_for_cosine else own,
            "holds_for_cosine": frozen.holds_for_cosine,
            **{name: getattr(decision, name) for name in numbers},
        },
    }


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An exported folder, and its agreement with gemel."""

    path: Path
    to: str
    """One of `TARGETS`."""
    words: int
    """Words with a vector."""
    added: list[str]
    """Those of them that the model's vocabulary lacks."""
    decision: Decision
    """The decision in `gemel.json`."""
    holds_for_cosine: bool
    """Whether it is of the cosine: fitted for it, or the model uses the cosine alone."""
    agreement: Agreement
    asked: str
    """The tool that vectors were compared with; empty if none."""
    not_asked: str
    """Why none; empty if there is one."""
    least_int8_cosine: float | None = None
    """Least cosine of the int8 file's vectors and gemel's, on random words."""


def export_model(
    model: Model,
    out: str | Path,
    *,
    words: Sequence[str] = (),
    check: Sequence[str] = (),
    decision: Decision | None = None,
    source: Path | None = None,
    options: ExportOptions | None = None,
    progress: Progress | None = None,
    **changes: Any,
) -> Exported:
    """Write a model for another tool, atomically, and report which texts agree there.

    Args:
        words: questions whose unknown words get a vector.
        check: questions to test it with.
        decision: fitted for the cosine; the model's own if None.
        source: the model's folder, for its card and terms; None if there is none.
        options: target and files; its inputs are read by the caller.
        progress: `progress(step, done, total)` callback.

    Raises:
        ConfigError: a model that was trained without masks.
        FolderError, OSError: `out` exists and may not be overwritten, or cannot be written.
        MissingExtraError: packages of ONNX are not installed.
        GemelError: the other tool gives other vectors; nothing is written.
    """
    options, out = ExportOptions.of(options, **changes), Path(out)
    to = options.to
    if options.int8 and to != "onnx":
        raise ConfigError(f"int8 is for onnx: {to} has no int8 file")
    check_export_place(out, overwrite=options.overwrite)
    frozen = freeze(model, unknown_words(model.tokenizer, words), decision)
    known = len(model.tokenizer.vocabulary)
    least = None
    with new_folder(out) as folder:
        if to == "onnx":
            least = _write_onnx(frozen, folder, int8=options.int8)
        else:
            write_sentence_transformers(frozen, folder)
        write_card(folder, out.name, to, model, frozen, source)
        vectors, asked, not_asked = (_open_onnx if to == "onnx" else _open_sentences)(folder)
        read_rows = open_tokenizer(folder)
        agreement = find_agreement(model, frozen, check, read_rows, vectors, progress)
        if not agreement.difference <= TOLERANCE:  # nor may it be no number
            raise GemelError(
                f"{asked} gives other vectors than gemel: cosines may differ by "
                f"{agreement.difference:.2g}, more than {TOLERANCE:g}; nothing was written; try "
                "another version of it"
            )
        note = {**_note(model, to, frozen), "files": [*_files(folder), NOTE]}
        write_text(folder / NOTE, json.dumps(note, indent=1, allow_nan=False) + "\n")
    return Exported(
        path=out,
        to=to,
        words=len(frozen.words) - 2,
        added=frozen.words[known:],
        decision=frozen.decision,
        holds_for_cosine=frozen.holds_for_cosine,
        agreement=agreement,
        asked=asked,
        not_asked=not_asked,
        least_int8_cosine=least,
    )


def _write_onnx(frozen: Frozen, folder: Path, *, int8: bool) -> float | None:
    from gemel.exchange.onnx_file import write_onnx

    write_token_file(frozen, folder)
    decision = frozen.decision
    notes = {
        "gemel_threshold": repr(decision.threshold),
        "gemel_slope": repr(decision.slope),
        "gemel_intercept": repr(decision.intercept),
        "gemel_threshold_holds_for_cosine": str(frozen.holds_for_cosine).lower(),
    }
    written = write_onnx(frozen, folder, int8=int8, notes=notes)
    return written[-1].least_cosine if int8 else None


def _open_sentences(folder: Path) -> tuple[Vectors | None, str, str]:
    """Return the vectors of sentence-transformers, its name, or else why it cannot be used."""
    version = installed_version("sentence-transformers")
    if version is None:
        return None, "", "sentence-transformers is not installed"
    name = f"sentence-transformers {version}"
    if not is_new_enough(version):
        oldest = ".".join(map(str, OLDEST))
        return None, "", f"{name} reads one word per text; {oldest} or later is needed"
    try:
        return SentenceVectors(folder), name, ""
    except ImportError as error:
        return None, "", f"{name} cannot be imported: {error}"


def _open_onnx(folder: Path) -> tuple[Vectors | None, str, str]:
    from gemel.exchange.onnx_file import ONNX_FILE, OnnxAnswers

    read_rows = open_tokenizer(folder)
    if read_rows is None:
        return None, "", "the library tokenizers is not installed"
    answers = OnnxAnswers((folder / ONNX_FILE).read_bytes())
    return lambda texts: answers(read_rows(texts)), "ONNX Runtime", ""
