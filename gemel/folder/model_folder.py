"""Model folders: save and load, without anything that could run code."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from gemel.config import Config
from gemel.decision import Decision
from gemel.errors import FolderError
from gemel.files import check_replaceable, check_writable, new_folder, read_regular_file
from gemel.folder.model_card import card_text
from gemel.notebook import shown
from gemel.pretrained import came_with_gemel
from gemel.text import Rules, Tokenizer, Vocabulary
from gemel.version import __version__


def weight_shapes(config: Config, words: int, ngram_buckets: int) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every array in a model folder.

    `embedding.weight` gives known words their vectors, `ngrams.weight` composes others;
    `lstm_backwards` reads from right to left; the gates of an LSTM are in the order input,
    forget, new, output; `head` judges two vectors; `spelling.idf` gives what each letter group
    weighs, `spelling.share` the weight of spelling similarity.

    Args:
        config: the settings.
        words: size of the vocabulary.
        ngram_buckets: rows of the table of n-grams; 0 if there is none.
    """
    network, spelling = config.network, config.text.spelling_buckets
    depth, units, dim = network.d_model, network.units, network.dim
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (words, depth)}
    if ngram_buckets:
        shapes["ngrams.weight"] = (ngram_buckets, depth)
    for lstm in ["lstm", "lstm_backwards"][: 1 + network.bidirectional]:
        shapes[f"{lstm}.weight_ih"] = (4 * units, depth)
        shapes[f"{lstm}.weight_hh"] = (4 * units, units)
        shapes[f"{lstm}.bias"] = (4 * units,)
    if network.head:
        shapes["head.hidden.weight"] = (network.head, 2 * dim + 1)
        shapes["head.hidden.bias"] = (network.head,)
        shapes["head.last.weight"] = (1, network.head)
        shapes["head.last.bias"] = (1,)
    if spelling:
        shapes["spelling.idf"] = (spelling,)
        shapes["spelling.share"] = (1,)
    return shapes


FORMAT_VERSION = 6
"""Grows when an older gemel could no longer read the folder."""
_OLDEST = 3
"""The earliest that this one can: what an older folder does not name has its default."""
_EARLIER: dict[str, Any] = {"normalization": 1}
"""Rules that are otherwise by default than in folders without them."""

_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_DECISION = "decision.json"
_TRAINING = "training.json"
_KEYS = {"format_version", "settings", "sha256"}
_CHECKED = (_WEIGHTS, _TOKENIZER, _DECISION, _TRAINING)
_PICTURE = "loss.png"
CARD, TERMS = "README.md", "TERMS"
_MEGABYTE = 1 << 20
_LIMITS = {
    _CONFIG: 64 * _MEGABYTE,
    _WEIGHTS: 4096 * _MEGABYTE,
    _TOKENIZER: 1024 * _MEGABYTE,
    _DECISION: 64 * _MEGABYTE,
    _TRAINING: 64 * _MEGABYTE,
    CARD: _MEGABYTE,
    TERMS: _MEGABYTE,
    _PICTURE: 16 * _MEGABYTE,
}
"""Largest size accepted of each file, in bytes."""
_FILES = _LIMITS.keys() - {TERMS}
"""What `save_model` writes."""


@shown(
    lambda it: {
        "fingerprint": it.fingerprint[:12],
        "dim": it.config.network.dim,
        "words": len(it.tokenizer.vocabulary),
        "threshold": it.decision.threshold,
    }
)
@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """All that a folder holds."""

    config: Config
    """The settings it was trained with."""
    tokenizer: Tokenizer
    """Turns questions into ids."""
    weights: Mapping[str, np.ndarray]
    """The network's weights; `weight_shapes` names them."""
    decision: Decision
    """Turns similarity into verdicts."""
    training: Mapping[str, Any]
    """The training record: plain JSON values."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that vectors hang on; two models with the same give the same vectors."""
        network = dataclasses.replace(self.config.network, head=0, weights="float32")
        rules = dataclasses.asdict(self.tokenizer.rules) | dataclasses.asdict(network)
        for name, value in (("final_mark", False), ("normalization", 1)):
            if rules[name] == value:  # as before there was such a rule
                del rules[name]
        digest = hashlib.sha256(json.dumps([rules, self.tokenizer.vocabulary.words]).encode())
        for name in sorted(self.weights):
            if not name.startswith(("head.", "spelling.")):
                digest.update(name.encode())
                digest.update(self.weights[name].tobytes())
        return digest.hexdigest()


def check_place(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where a model may not be written.

    Raises:
        FolderError: a model is there, unless `overwrite`, or anything else but an empty folder.
        OSError: nothing can be written there.
    """
    path = Path(path)
    check_replaceable(path)
    if path.is_dir() and any(path.iterdir()):
        _require_ours(path)
        if not overwrite:
            raise FolderError(f"{path}: holds a model already; add --overwrite to replace it")
    elif path.exists() and not path.is_dir():
        raise FolderError(f"{path}: is there and is not a gemel model; choose another place")
    check_writable(path)


def _require_ours(path: Path) -> None:
    """Refuse a folder that holds anything but a gemel model: replacing it would lose that."""
    foreign = sorted({file.name for file in path.iterdir()} - _FILES)
    ours = (path / _CONFIG).is_file() and _read_json(path, _CONFIG).keys() >= _KEYS
    if foreign or not ours:
        found = f"; it holds {', '.join(foreign[:3])}" if foreign else ""
        if ours:
            raise FolderError(
                f"{path}: is a gemel model with more in it, which would be lost{found}; "
                "move that elsewhere, or choose another place"
            )
        raise FolderError(f"{path}: is there and is not a gemel model{found}; choose another place")


def save_model(
    model: Model, path: str | Path, *, picture: bytes | None = None, overwrite: bool = False
) -> None:
    """Write a folder, whole or not at all.

    Args:
        model: the model.
        path: of the folder.
        picture: a PNG of the training, for the card.
        overwrite: whether to overwrite an existing model.

    Raises:
        FolderError: see `check_place`.
        OSError: the place is read-only or the disk is full; an existing model is unchanged.
    """
    path = Path(path)
    check_place(path, overwrite=overwrite)
    with new_folder(path) as folder:
        kind = model.config.network.weights
        arrays = {
            name: np.ascontiguousarray(array, dtype=kind) for name, array in model.weights.items()
        }
        (folder / _WEIGHTS).write_bytes(safetensors.numpy.save(arrays))
        rules = dataclasses.asdict(model.tokenizer.rules)
        _write_json(folder / _TOKENIZER, rules | {"words": model.tokenizer.vocabulary.words})
        _write_json(folder / _DECISION, dataclasses.asdict(model.decision))
        _write_json(folder / _TRAINING, model.training)
        config = {
            "format_version": FORMAT_VERSION,
            "gemel_version": __version__,
            "settings": model.config.to_mapping(),
            "sha256": {name: _sha256((folder / name).read_bytes()) for name in _CHECKED},
        }
        _write_json(folder / _CONFIG, config)
        shown_in_card = None
        if picture is not None:
            shown_in_card = _PICTURE
            (folder / _PICTURE).write_bytes(picture)
        card = card_text(
            path.name, model.config, model.decision, model.training, picture=shown_in_card
        )
        (folder / CARD).write_text(card, encoding="utf-8", errors="replace")


def replace_decision(
    model: Model,
    decision: Decision,
    path: str | Path,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write another decision into a model folder, or into a copy of it, whole or not at all.

    Args:
        model: the model of the folder.
        decision: the new one.
        path: of the folder.
        out: path of the copy; None: the folder itself is changed.
        overwrite: whether to overwrite an existing model.

    Raises:
        FolderError, OSError: see `save_model`.
    """
    config = dataclasses.replace(model.config, decision=decision.settings)
    save_model(
        dataclasses.replace(model, decision=decision, config=config),
        path if out is None else out,
        picture=read_optional(path, _PICTURE),
        overwrite=overwrite or out is None,
    )


def load_model(path: str | Path) -> Model:
    """Read and check a folder, or a model that ships with gemel by its name.

    Raises:
        FolderError: no such folder, a missing, truncated, swapped or changed file, a newer
            format, a wrong shape, a number that is not finite; a file that is a symbolic link, no
            regular file, or too large.
    """
    folder = came_with_gemel(path) or Path(path)
    if not folder.is_dir():
        remedy = "`gemel train` makes one"
        for old in folder.parent.glob(f".{folder.name}.old-*"):
            remedy = f"the one that was being replaced is at {old}: rename it"
        raise FolderError(f"{path}: no such model folder; {remedy}")
    config = _read_json(folder, _CONFIG)
    _check_version(config, folder)
    for name in _LIMITS.keys() - {_CONFIG, *_CHECKED}:
        read_optional(folder, name)
    content = _read_checked(folder, config.get("sha256"))
    try:
        settings = msgspec.convert(config["settings"], dict[str, Any])
        settings["text"] = _EARLIER | settings.get("text", {})
        tokens, decision, training = (
            _parse(content[name], folder / name) for name in (_TOKENIZER, _DECISION, _TRAINING)
        )
        words = Vocabulary(msgspec.convert(tokens["words"], list[str]))
        msgspec.convert(training["data"], str)
        msgspec.convert(training.get("earlier_data", []), list[str])
        model = Model(
            config=Config.from_mapping(settings, source="settings"),
            tokenizer=Tokenizer(words, msgspec.convert(_EARLIER | tokens, Rules)),
            weights=safetensors.numpy.load(content[_WEIGHTS]),
            decision=msgspec.convert(decision, Decision),
            training=training,
        )
    except SafetensorError as error:
        raise FolderError(f"{folder / _WEIGHTS}: not a safetensors file: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FolderError(f"{folder}: not a gemel model, or damaged: {error}") from error
    _check_weights(model, folder / _WEIGHTS)
    if model.tokenizer.rules != Rules.of(model.config.text):
        raise FolderError(f"{folder}: damaged: {_TOKENIZER} and config.json contradict each other")
    weights = {name: array.astype(np.float32) for name, array in model.weights.items()}
    return dataclasses.replace(model, weights=weights)


def read_optional(path: str | Path, name: str) -> bytes | None:
    """Return the `CARD`, `TERMS` or picture of a model, see `load_model`; None if it is missing.

    Raises:
        FolderError: a symbolic link, no regular file, or too large.
        OSError: not readable.
    """
    try:
        return _read(came_with_gemel(path) or Path(path), name)
    except FileNotFoundError:
        return None


def _read(folder: Path, name: str) -> bytes:
    return read_regular_file(folder / name, _LIMITS[name])


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="ascii")


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        content = _read(folder, name)
    except FileNotFoundError as error:
        raise FolderError(
            f"{folder}: not a gemel model: {name} is missing; `gemel train` makes one"
        ) from error
    return _parse(content, folder / name)


def _parse(content: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FolderError(f"{path}: not JSON, perhaps cut short: {error}") from error
    if not isinstance(value, dict):
        raise FolderError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def _check_version(config: Mapping[str, Any], folder: Path) -> None:
    version = config.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FolderError(f"{folder / 'config.json'}: no format_version; not a gemel model")
    if version > FORMAT_VERSION:
        raise FolderError(
            f"{folder}: format {version} was written by a newer gemel "
            f"({config.get('gemel_version')!r:.20}); this one, {__version__}, reads up to "
            f"{FORMAT_VERSION}: pip install --upgrade gemel"
        )
    if version < _OLDEST:
        raise FolderError(
            f"{folder}: format {version} is that of an older gemel, which this one, {__version__}, "
            "cannot read; train again"
        )


def _read_checked(folder: Path, sums: Any) -> dict[str, bytes]:
    content = {}
    for name in _CHECKED:
        try:
            content[name] = _read(folder, name)
        except FileNotFoundError as error:
            raise FolderError(f"{folder}: damaged: {name} is missing") from error
        expected = sums.get(name) if isinstance(sums, dict) else None
        if _sha256(content[name]) != expected:
            raise FolderError(
                f"{folder / name}: not the file that config.json names: cut short, changed or "
                "swapped; copy the whole folder again or train again"
            )
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_weights(model: Model, path: Path) -> None:
    kind = model.config.network.weights
    expected = weight_shapes(
        model.config, len(model.tokenizer.vocabulary), model.tokenizer.rules.ngram_buckets
    )
    if set(model.weights) != set(expected):
        raise FolderError(
            f"{path}: holds {', '.join(sorted(model.weights))}; "
            f"expected {', '.join(sorted(expected))}"
        )
    for name, shape in expected.items():
        array = model.weights[name]
        if array.shape != shape or array.dtype != kind:
            raise FolderError(
                f"{path}: {name} is {array.dtype} of shape {array.shape}; expected {kind} {shape}"
            )
        if not np.isfinite(array).all():
            raise FolderError(f"{path}: {name} holds numbers that are not finite; train again")
    for share in model.weights.get("spelling.share", []):
        if not 0 <= share <= 1:
            raise FolderError(f"{path}: spelling.share is {share}; expected 0 to 1")
