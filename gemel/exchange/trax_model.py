"""A model of a checkpoint and a vocabulary of the notebook's network, as Trax wrote them."""

import dataclasses
import functools
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from gemel.config import Config, DecisionConfig, NetworkConfig, TextConfig
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation import Refit, refit
from gemel.exchange.trax_pickle import array_of, arrays_in_npy, read_pickle
from gemel.folder import Model
from gemel.inference import Engine
from gemel.text import TOKENS, UNKNOWN_TOKEN, Progress, Rules, Tokenizer, Vocabulary
from gemel.version import __version__

_FIRST = 2
_MAKE = "json.dump(vocabulary, open('vocabulary.json', 'w'))"


@dataclass(frozen=True, eq=False)
class KnownWords:
    """Words, in the order of their ids, and their rows in a table of vectors."""

    words: list[str]
    rows: Int64[np.ndarray, "tokens"]
    """Of the unknown word, of padding, and of each word."""
    unknown: int
    """Tokens of the vocabulary with the id of the unknown word."""
    overrun: str | None
    """A word whose id is one past the table, and which has the last row."""


def read_vocabulary(path: str | Path) -> dict[str, int]:
    """Read the ids of tokens.

    Args:
        path: a JSON object of token and id; or a text file with a token per line in the order of
            ids, with the padding `<PAD>`, whose id is 1, on line 1 or 2.

    Raises:
        DataError: no such file, not UTF-8, neither format, or a token or an id is repeated.
    """
    path = Path(path)
    _require_file(path)
    content = path.read_bytes()
    if content[:1] == b"\x80" or content[:2] == b"\x1f\x8b":
        raise DataError(
            "is packed, or a Python pickle, which is code and is not loaded; in the notebook, "
            f"where the vocabulary is, type: import json; {_MAKE}",
            path=path,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8: {error}", path=path) from error
    ids = _read_json(text, path) if text.lstrip()[:1] == "{" else _read_lines(text, path)
    _require_ids(ids, path)
    return ids


def match_rows(ids: Mapping[str, int], rows: int, path: str | Path) -> KnownWords:
    """Find the row of every word in a table of vectors.

    The notebook's last id is one past the table, and Trax then takes the last row; ids may have
    gaps. Test words that a defaultdict gave the id of the unknown word stay unknown.

    Raises:
        DataError: they are not of this table; `path` is the file of the ids.
    """
    words = sorted((word for word in ids if ids[word] >= _FIRST), key=ids.__getitem__)
    last = max((ids[word] for word in words), default=TOKENS.padding)
    if not last <= rows <= max(last + 1, len(ids)):
        raise DataError(
            f"has {len(ids):,} tokens with ids up to {last:,}, but the checkpoint's embedding has "
            f"{rows:,} rows: it is the vocabulary of another network. Expected {last + 1:,} rows "
            f"or, as the notebook counts, {last:,}",
            path=path,
        )
    wanted = np.array([TOKENS.unknown, TOKENS.padding, *(ids[word] for word in words)], np.int64)
    return KnownWords(
        words=words,
        rows=np.minimum(wanted, rows - 1),
        unknown=sum(number == TOKENS.unknown for number in ids.values()),
        overrun=words[-1] if last == rows else None,
    )


def _read_json(text: str, path: Path) -> dict[str, int]:
    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            raise DataError("a token is repeated", path=path)
        return found

    try:
        ids: dict[str, int] = json.loads(text, object_pairs_hook=unique)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"is no whole JSON: {error}; it is made by {_MAKE}", path=path) from error
    for token, number in ids.items():
        if type(number) is not int or number < 0:
            raise DataError(
                f"{token!r:.40} has the id {number!r:.40}; expected whole numbers from 0 on",
                path=path,
            )
    return ids


def _read_lines(text: str, path: Path) -> dict[str, int]:
    lines = text.removesuffix("\n").split("\n")
    tokens = [line.removesuffix("\r") for line in lines]
    if TOKENS.padding_token not in tokens[:2]:
        raise DataError(
            f"is neither a JSON object of token and id, nor a text with a token on every line and "
            f"{TOKENS.padding_token}, whose id is {TOKENS.padding}, on the first or the second; "
            f"JSON is made by {_MAKE}",
            path=path,
        )
    start = TOKENS.padding - tokens.index(TOKENS.padding_token)
    ids: dict[str, int] = {}
    for line, token in enumerate(tokens, 1):
        if token in ids or not token:
            problem = f"{token!r:.40} is repeated" if token else "holds no token"
            raise DataError(problem, path=path, line=line)
        ids[token] = start + line - 1
    return ids


def _require_ids(ids: Mapping[str, int], path: Path) -> None:
    owners: dict[int, str] = {}
    for token, number in ids.items():
        if number and number in owners:
            raise DataError(
                f"{owners[number]!r:.40} and {token!r:.40} have one id, {number}; expected an id "
                "for each",
                path=path,
            )
        owners[number] = token
    if ids.get(UNKNOWN_TOKEN, TOKENS.unknown) != TOKENS.unknown:
        raise DataError(
            f"{UNKNOWN_TOKEN} has the id {ids[UNKNOWN_TOKEN]}; expected none, or {TOKENS.unknown}, "
            "the id of all words that the notebook does not know",
            path=path,
        )
    name = TOKENS.padding_token
    if owners.get(TOKENS.padding, name) != name or ids.get(name, TOKENS.padding) != TOKENS.padding:
        raise DataError(
            f"expected {name}, the padding, to have the id {TOKENS.padding}; it has "
            f"{ids.get(name, 'none')}, and {TOKENS.padding} is that of "
            f"{owners.get(TOKENS.padding)!r:.40}",
            path=path,
        )


_PACKED = b"\x1f\x8b"
_RATIO = 50
"""Highest plausible compression of weights; more is a decompression bomb."""
_LEAST = 1 << 20
_MOST_ARRAYS = 12
_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class TraxWeights:
    """Weights of an embedding and an LSTM, as Trax stores them."""

    embedding: Float32[np.ndarray, "rows depth"]
    lstm: Float32[np.ndarray, "depth_and_units gates"]
    """Weights of input and last output; gates in the order input, new, forget, output."""
    bias: Float32[np.ndarray, "gates"]
    """Of the gates, with the offset that reduces forgetting."""
    step: int | None = None


def read_trax(path: str | Path) -> TraxWeights:
    """Read a checkpoint of `Parallel(encoder, encoder)` with an embedding and an LSTM.

    Weights are in `model.pkl.gz` (Trax up to 1.3, and `model.save_to_file`) or in
    `model.weights.npy.gz` next to it.

    Raises:
        DataError: no such file; not such a checkpoint; a pickle that could run code, which is not
            run; an array that is incomplete or not finite.
    """
    path = Path(path)
    known = read_pickle(_unpacked(path), path)
    if not isinstance(known, Mapping) or "flat_weights" not in known:
        what = type(known).__name__
        if isinstance(known, Mapping):
            what = ", ".join(key for key in known if isinstance(key, str) and key.isprintable())
        raise DataError(
            f"is no checkpoint of Trax: holds {what[:100] or 'nothing'}; expected flat_weights",
            path=path,
        )
    step = known.get("step")
    is_count = type(step) is int and 0 <= step < 1 << 63
    return _weights(_arrays(known["flat_weights"], path), step if is_count else None, path)


def _arrays(flat: Any, path: Path) -> list[Float32[np.ndarray, "..."]]:
    if isinstance(flat, list | tuple):
        if len(flat) > _MOST_ARRAYS:  # each may name the same bytes once more
            raise DataError(
                f"holds {len(flat):,} arrays; expected the three of the notebook's network",
                path=path,
            )
        return [array_of(each, path) for each in flat]
    if not isinstance(flat, int):
        raise DataError(
            f"flat_weights is a {type(flat).__name__}; expected a list of arrays, or a number "
            "if they are in a file of their own",
            path=path,
        )
    name = f"{path.name.removesuffix('.gz').removesuffix('.pkl')}.weights.npy.gz"
    for file in (path.with_name(name), path.with_name(f"{path.name}.npy")):
        if file.exists():
            return arrays_in_npy(_unpacked(file), file)
    raise DataError(f"needs the file of its weights, {name}, next to it", path=path)


def _weights(arrays: list[Float32[np.ndarray, "..."]], step: int | None, path: Path) -> TraxWeights:
    shapes = [array.shape for array in arrays]
    if [len(shape) for shape in shapes] == [2, 2, 1]:
        (_, depth), (inputs, gates), (biases,) = shapes
        units = gates // 4
        if gates == biases == 4 * units and inputs == depth + units and min(map(min, shapes)) > 0:
            if not all(np.isfinite(array).all() for array in arrays):
                raise DataError("holds weights that are not finite; train again", path=path)
            embedding, lstm, bias = arrays
            return TraxWeights(embedding, lstm, bias, step)
    found = ", ".join(" x ".join(map(str, shape)) or "a number" for shape in shapes)
    raise DataError(
        f"holds {len(shapes)} arrays ({found}); expected the three of the notebook's network: "
        "rows x depth of an embedding, depth + units x 4 units and 4 units of one LSTM",
        path=path,
    )


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise DataError("no such file" if not path.exists() else "is no file", path=path)


def _unpacked(path: Path) -> bytes:
    """Read a file, with or without gzip, up to a plausible size."""
    _require_file(path)
    with path.open("rb") as stream:
        if stream.read(len(_PACKED)) != _PACKED:
            stream.seek(0)
            return stream.read()
    most = max(_LEAST, _RATIO * path.stat().st_size)
    content = bytearray()
    try:
        with gzip.open(path, "rb") as packed:
            while piece := packed.read(_PIECE):
                content += piece
                if len(content) > most:
                    raise DataError(
                        f"unpacks to more than {most:,} bytes, {_RATIO} times its size; weights do "
                        "not: refused as a decompression bomb",
                        path=path,
                    )
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole gzip file: {error}", path=path) from error
    return bytes(content)


NOTEBOOK_THRESHOLD = 0.7
"""The notebook's cosine for duplicates; it was not fitted."""
_GUESSED_SLOPE = 10.0


@dataclass(frozen=True, eq=False)
class FromTrax:
    """An imported model, and findings of the import."""

    model: Model
    """With the notebook's threshold unless fitted."""
    known: KnownWords
    unreachable: list[str]
    """Words that gemel splits differently than NLTK, so that no question has them."""
    fitted: Refit | None = None
    """Compared with the notebook's decision."""

    def fit(self, pairs: Pairs, progress: Progress | None = None) -> "FromTrax":
        """Fit threshold and probabilities on pairs that the network was not trained on."""
        engine = Engine(self.model)
        score = functools.partial(engine.similarity, progress=progress)
        before = self.model.decision
        fitted = refit(pairs, score, before, before.settings, encode=engine.encode)
        model = dataclasses.replace(self.model, decision=fitted.decision)
        return dataclasses.replace(self, model=model, fitted=fitted)


def model_from_trax(checkpoint: str | Path, vocabulary: str | Path) -> FromTrax:
    """Make a model that gives the vectors of Trax; see `read_trax` and `read_vocabulary`.

    As in the notebook, case counts, unknown words share one vector, and padding counts
    (`network.masked = false`).

    Raises:
        DataError: one cannot be read, or they are of different networks.
    """
    trax, ids = read_trax(checkpoint), read_vocabulary(vocabulary)
    known = match_rows(ids, len(trax.embedding), vocabulary)
    depth, units = trax.embedding.shape[1], len(trax.bias) // 4
    config = Config(
        text=TextConfig(lowercase=False, min_count=1, ngram_buckets=0, normalization=1),
        network=NetworkConfig(d_model=depth, n_units=0 if units == depth else units, masked=False),
    )
    tokenizer = Tokenizer(Vocabulary(known.words), Rules.of(config.text))
    matrix = _reordered(trax.lstm).T
    model = Model(
        config=config,
        tokenizer=tokenizer,
        weights={
            "embedding.weight": trax.embedding[known.rows],
            "lstm.weight_ih": np.ascontiguousarray(matrix[:, :depth]),
            "lstm.weight_hh": np.ascontiguousarray(matrix[:, depth:]),
            "lstm.bias": _reordered(trax.bias),
        },
        decision=_guess(config.decision),
        training={
            "gemel_version": __version__,
            "data": f"unknown, of the Trax checkpoint {Path(checkpoint).name}",
            "steps": trax.step,
            "vocabulary": len(known.rows),
        },
    )
    unreachable = [word for word in known.words if tokenizer.words(word) != [word]]
    return FromTrax(model, known, unreachable)


def _reordered(gates: Float32[np.ndarray, "... gates"]) -> Float32[np.ndarray, "... gates"]:
    """Reorder gates from input, new, forget, output to input, forget, new, output."""
    first, new, forget, output = np.split(gates, 4, axis=-1)
    return np.concatenate([first, forget, new, output], axis=-1)


def _guess(settings: DecisionConfig) -> Decision:
    return Decision(
        threshold=NOTEBOOK_THRESHOLD,
        lower=NOTEBOOK_THRESHOLD,
        upper=NOTEBOOK_THRESHOLD,
        slope=_GUESSED_SLOPE,
        intercept=-_GUESSED_SLOPE * NOTEBOOK_THRESHOLD,
        settings=settings,
        pairs=0,
        prevalence=0.5,
        data="",
    )
