"""Agreement of gemel with another tool: which texts have the same vector, and why others do not."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from gemel.exchange.frozen_model import UNKNOWN_ROW, Frozen, unknown_words
from gemel.exchange.token_file import is_whole
from gemel.files import check_writable, require_new_file, write_bytes
from gemel.folder import Model
from gemel.inference import Engine
from gemel.text import TOKENS, Progress, Tokenizer

TOLERANCE = 1e-4
"""Tolerated difference of cosines between two tools."""
_BATCH = 512

ReadRows = Callable[[Sequence[str]], list[list[int]]]
Vectors = Callable[[Sequence[str]], Float32[np.ndarray, "texts dim"]]


class Disagreement(NamedTuple):
    """A text whose vector differs in the other tool."""

    text: str
    reason: str
    words: tuple[str, ...]
    """Words that cause it: of the text, or those that the tool reads instead."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of two tools on some texts."""

    texts: int
    """Distinct texts."""
    disagreements: list[Disagreement]
    """All texts whose vectors cannot be the same, in order."""
    compared: int
    """Other texts whose vectors were compared; 0 without the other tool."""
    difference: float
    """Upper bound of the difference of any two cosines: twice the largest distance of a text's two
    vectors."""


def find_agreement(
    model: Model,
    frozen: Frozen,
    texts: Sequence[str],
    read_rows: ReadRows | None,
    vectors: Vectors | None,
    progress: Progress | None = None,
) -> Agreement:
    """Find the texts that cannot agree, and compare the vectors of the others.

    Args:
        read_rows: the other tool's tokenizer; if None, differently split texts are not found.
        vectors: the other tool's vectors of texts; None if not installed.
        progress: `progress(step, done, total)` callback.
    """
    different = list(dict.fromkeys(texts))
    found = list(_disagreements(model, frozen, different, read_rows, progress))
    agreement = Agreement(texts=len(different), disagreements=found, compared=0, difference=0.0)
    if vectors is None:
        return agreement
    others = {each.text for each in found}
    alike = [text for text in different if text not in others]
    engine = Engine(model, backend="numpy")  # the quickest may count in bfloat16
    largest = 0.0
    for start in range(0, len(alike), _BATCH):
        batch = alike[start : start + _BATCH]
        distances = np.linalg.norm(engine.encode(batch) - vectors(batch), axis=1)
        largest = float(np.maximum(largest, distances.max()))  # NaN stays NaN
        if progress is not None:
            progress("comparing vectors", start + len(batch), len(alike))
    return replace(agreement, compared=len(alike), difference=2 * largest)


def open_tokenizer(folder: Path) -> ReadRows | None:
    """Open the exported tokenizer in `tokenizers`; None if that is not installed."""
    try:
        import tokenizers
    except ModuleNotFoundError:
        return None
    opened: Any = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return lambda texts: [each.ids for each in opened.encode_batch(list(texts))]


def _disagreements(
    model: Model,
    frozen: Frozen,
    texts: Sequence[str],
    read_rows: ReadRows | None,
    progress: Progress | None,
) -> Iterator[Disagreement]:
    tokenizer = model.tokenizer
    rows = {word: row for row, word in enumerate(frozen.words)}
    without_row = _without_row(tokenizer, frozen, texts)
    unrepaired = Tokenizer(tokenizer.vocabulary, replace(tokenizer.rules, repair=False))
    for number, text in enumerate(texts):
        if progress is not None and number and not number % _BATCH:
            progress("reading questions", number, len(texts))
        words = tokenizer.words(text)
        missing = tuple(dict.fromkeys(word for word in words if word in without_row))
        if not is_whole(text):
            yield Disagreement(text, "half a character is in it, which the tool does not take", ())
        elif not words:
            yield Disagreement(text, "no word or mark is in it", ())
        elif unrepaired.words(text) != words:
            yield Disagreement(text, "garbled letters are put right by gemel alone", ())
        elif missing:
            yield Disagreement(text, "words without a row", missing)
        elif read_rows is not None:
            expected = [rows.get(word, UNKNOWN_ROW) for word in words]
            (read,) = read_rows([text])
            if read != expected:
                others = tuple(frozen.words[row] for row in read)
                yield Disagreement(text, "the tool reads other words", others)


def _without_row(tokenizer: Tokenizer, frozen: Frozen, texts: Sequence[str]) -> set[str]:
    """Return the words whose vector is neither a row nor that of the unknown word."""
    rows = set(frozen.words)
    words = [word for word in unknown_words(tokenizer, texts) if word not in rows]
    if frozen.composes:
        return set(words)
    read_as = tokenizer.read_as(words).tolist()
    return {word for word, read in zip(words, read_as, strict=True) if read != TOKENS.unknown}


def check_disagreement_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Check, before long work, that disagreements can be written to a new file, *.jsonl."""
    path = Path(path)
    require_new_file(path, (".jsonl",), overwrite=overwrite)
    check_writable(path)


def write_disagreements(found: Iterable[Disagreement], path: str | Path) -> None:
    """Write `text`, `reason` and `words` of all, atomically."""
    lines = "".join(json.dumps(each._asdict()) + "\n" for each in found)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, lines.encode("ascii"))
