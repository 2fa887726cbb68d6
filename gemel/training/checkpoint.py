"""Checkpoints of unfinished trainings: a safetensors file, replaced atomically, without code.

Weights, their average, Adam's moments and the best epoch's weights are tensors; training state and
identity are JSON in the metadata. Random numbers derive from seed, epoch and batch.
"""

import contextlib
import dataclasses
import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gemel.config import Config, TrainOptions
from gemel.data import Pairs
from gemel.data.word_vectors import WordVectors
from gemel.errors import ConfigError, DataError, FolderError, TrainingError, TrainingStopped
from gemel.files import remove_leftovers, write_bytes
from gemel.folder import Model
from gemel.models import get_weights
from gemel.training.trainer import Trainer, TrainingState
from gemel.version import __version__


@dataclass(frozen=True, kw_only=True)
class TrainingIdentity:
    """Settings, data and versions of a training."""

    gemel_version: str
    settings: dict[str, dict[str, Any]]
    pairs: str
    """Digest of the pairs in any order; all that follow are digests too."""
    order: str
    """Of the pairs in their order."""
    validation: str | None
    start: str | None
    vectors: str | None = None

    @classmethod
    def of(
        cls,
        pairs: Pairs,
        config: Config,
        validation: Pairs | None,
        start: Model | None,
        vectors: WordVectors | None = None,
    ) -> "TrainingIdentity":
        """Identify a training by what it is given."""
        return cls(
            gemel_version=__version__,
            settings=config.to_mapping(),
            pairs=pairs.digest,
            order=_in_order(pairs),
            validation=None if validation is None else validation.digest,
            start=None if start is None else start.fingerprint,
            vectors=None if vectors is None else vectors.digest,
        )

    def changed_setting(self, earlier: "TrainingIdentity") -> str | None:
        """Describe a setting, or the version, that has changed."""
        if self.gemel_version != earlier.gemel_version:
            return f"was written by gemel {earlier.gemel_version}, this is {self.gemel_version}"
        was, now = _flat(earlier.settings), _flat(self.settings)
        changed = (name for name in sorted(was | now) if was.get(name) != now.get(name))
        name = next(changed, None)
        return name and f"{name} was {was.get(name)!r} and is now {now.get(name)!r}"

    def changed_data(self, earlier: "TrainingIdentity") -> str | None:
        """Describe data that have changed."""
        changed = (name for name in _CHANGES if getattr(self, name) != getattr(earlier, name))
        return _CHANGES.get(next(changed, ""))


_CHANGES = {
    "pairs": "the training pairs are not those that it began with",
    "order": "the training pairs are in another order than when it began",
    "validation": "the validation pairs are not those that it began with",
    "start": "the model given with --from is not the one that it began with",
    "vectors": "the word vectors (--vectors) are not those that it began with",
}


def _flat(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        f"{section}.{name}": value
        for section, values in settings.items()
        for name, value in values.items()
    }


def _in_order(pairs: Pairs) -> str:
    digest = hashlib.sha256()
    for text in pairs.texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    for column in (pairs.left, pairs.right, pairs.labels):
        digest.update(column.tobytes())
    return digest.hexdigest()


FORMAT_VERSION = 1
"""Increased when an older gemel could no longer read the file."""
_AGAIN = "continue with what it was, or add --overwrite to begin again"


class _Known(msgspec.Struct):
    """Content of the metadata."""

    identity: TrainingIdentity
    bfloat16: bool
    state: TrainingState


class _Version(msgspec.Struct):
    format_version: int


class Checkpoint:
    """A checkpoint file, or its content as from `take_down`.

    Raises:
        FolderError: missing, not a checkpoint, truncated, or of another format.
    """

    def __init__(self, path: Path, content: tuple[dict[str, Tensor], str] | None = None):
        self.path = path
        try:
            self.tensors, known = content or _read(path)
            version = msgspec.json.decode(known, type=_Version).format_version
            if version != FORMAT_VERSION:
                raise ValueError(f"format {version}, not {FORMAT_VERSION}")
            self.known = msgspec.json.decode(known, type=_Known)
        except FileNotFoundError as error:
            raise FolderError(f"{path}: no such checkpoint") from error
        except (SafetensorError, OSError, ValueError, RecursionError) as error:
            raise FolderError(
                f"{path}: not a checkpoint of this gemel, or cut short ({error}); "
                "add --overwrite to begin again"
            ) from error

    def restore(self, trainer: Trainer, identity: TrainingIdentity) -> None:
        """Restore a trainer, if settings and data are the same and the content is consistent."""
        if setting := identity.changed_setting(self.known.identity):
            raise ConfigError(f"{self.path}: {setting}; {_AGAIN}")
        if data := identity.changed_data(self.known.identity):
            raise DataError(f"{data}; {_AGAIN}", path=self.path)
        self._require_valid(trainer)
        trainer.bfloat16 = self.known.bfloat16
        for name, part in trainer.parts.items():
            part.load_state_dict(self._part(name))
        numbers = range(len(trainer.parameters))
        if trainer.average:
            averaged = self._part("average")
            trainer.average.values = [averaged[f"{each}"].to(trainer.device) for each in numbers]
        if self.known.state.step:
            moments = {number: self._part(f"adam.{number}") for number in numbers}
            groups = trainer.optimizer.state_dict()["param_groups"]
            trainer.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        best = {name: tensor.numpy() for name, tensor in self._part("best").items()}
        trainer.state = dataclasses.replace(self.known.state, best=best)

    def _part(self, name: str) -> dict[str, Tensor]:
        prefix = f"{name}."
        tensors = self.tensors.items()
        return {key.removeprefix(prefix): x for key, x in tensors if key.startswith(prefix)}

    def _require_valid(self, trainer: Trainer) -> None:
        """Check the position, and names, shapes and types of tensors, and that they are finite."""
        state = self.known.state
        epochs = [summary.epoch for summary in state.history]
        if (
            epochs != list(range(1, state.epoch))
            or state.epoch > trainer.settings.epochs + 1
            or (state.batch > 0) != (state.pairs > 0)
            or state.step < state.batch
            or state.step != len(state.curve.losses) * state.curve.stride + state.curve.waiting
        ):
            raise FolderError(f"{self.path}: damaged: it is at a place that cannot be; {_AGAIN}")
        expected = _shapes(trainer, state)
        if self.tensors.keys() != expected.keys():
            odd = sorted(self.tensors.keys() ^ expected.keys())
            raise FolderError(f"{self.path}: damaged: {odd[0]} is there or missing; {_AGAIN}")
        for name, shape in expected.items():
            tensor = self.tensors[name]
            found = tuple(tensor.shape)
            if found != shape or tensor.dtype != torch.float32 or not tensor.isfinite().all():
                raise FolderError(
                    f"{self.path}: damaged: {name} is {tensor.dtype} of shape {found}, or not "
                    f"finite; expected float32 of shape {shape}; {_AGAIN}"
                )


def take_down(trainer: Trainer, identity: TrainingIdentity) -> tuple[dict[str, Tensor], str]:
    """Return the state of a trainer: tensors, and metadata as JSON."""
    state = trainer.state
    tensors = _states(trainer)
    for number, moment in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in moment.items()}
    averaged = enumerate(trainer.average.values if trainer.average else ())
    tensors |= {f"average.{number}": value for number, value in averaged}
    tensors |= {f"best.{name}": torch.from_numpy(array) for name, array in state.best.items()}
    fields = dataclasses.asdict(dataclasses.replace(state, best={}))
    del fields["best"]
    known = {
        "format_version": FORMAT_VERSION,
        "identity": dataclasses.asdict(identity),
        "bfloat16": trainer.bfloat16,
        "state": fields,
    }
    return {name: tensor.cpu() for name, tensor in tensors.items()}, json.dumps(known)


def _read(path: Path) -> tuple[dict[str, Tensor], str]:
    with safe_open(path, framework="pt") as file:
        known = (file.metadata() or {}).get("gemel", "")
        # Copies: the file may be overwritten while training continues.
        return {name: file.get_tensor(name).clone() for name in file.keys()}, known  # noqa: SIM118


def _states(trainer: Trainer) -> dict[str, Tensor]:
    """Return the parameters of network, head and objective."""
    return {
        f"{part}.{name}": value
        for part, module in trainer.parts.items()
        for name, value in module.state_dict().items()
    }


def _shapes(trainer: Trainer, state: TrainingState) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor in a trainer's checkpoint."""
    shapes = {name: tuple(value.shape) for name, value in _states(trainer).items()}
    for number, parameter in enumerate(trainer.parameters):
        shape = tuple(parameter.shape)
        if trainer.average:
            shapes[f"average.{number}"] = shape
        if state.step:
            adam = f"adam.{number}"
            shapes |= {f"{adam}.step": (), f"{adam}.exp_avg": shape, f"{adam}.exp_avg_sq": shape}
    if state.history:
        best = get_weights(trainer.model.processor, trainer.model.head)
        shapes |= {f"best.{name}": array.shape for name, array in best.items()}
    return shapes


def broadcast_state(trainer: Trainer, identity: TrainingIdentity) -> None:
    """Copy rank 0's training state to all processes; initialisation may differ between machines.

    Raises:
        DataError: this process has other pairs, or another gemel.
    """
    ranks = trainer.ranks
    if ranks.is_alone:
        return
    ranks.wait()
    first = ranks.from_first(lambda: identity)
    if changed := identity.changed_setting(first):
        raise DataError(
            f"this process has another gemel, or other settings, than rank 0: {changed}"
        )
    if identity.changed_data(first):
        raise DataError("this process has read other pairs, or another model, than rank 0")
    ranks.wait()
    content = ranks.from_first(lambda: take_down(trainer, identity))
    if not ranks.is_first:
        Checkpoint(Path("rank 0"), content).restore(trainer, identity)


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C, SIGTERM or SIGHUP, so that training can stop cleanly.

    A second one has its usual effect. Outside the main thread nothing is held back. Yields a
    function that returns whether a stop was requested.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    requested = threading.Event()
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {key: each for key, each in handlers.items() if each is not signal.SIG_IGN}

    def handle(number: int, frame: Any) -> None:
        requested.set()
        _restore(before)

    for number in before:
        signal.signal(number, handle)
    try:
        yield requested.is_set
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was set outside of Python, and cannot be set again from here.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


def run_with_checkpoints(
    trainer: Trainer, path: Path, identity: TrainingIdentity, options: TrainOptions
) -> None:
    """Train to the end, with checkpoints; of several processes only rank 0 writes them.

    Raises:
        TrainingStopped: Ctrl-C or SIGTERM, in any process; the checkpoint is written.
        ConfigError, DataError, FolderError: see `Checkpoint.restore`.
        TrainingError: the checkpoint cannot be written, or another process has failed.
    """
    is_first = trainer.ranks.is_first

    def place() -> str:
        state = trainer.state
        return f"epoch {state.epoch} behind batch {state.batch:,} of {len(trainer.batches):,}"

    def save() -> None:
        if not is_first:
            return
        tensors, known = take_down(trainer, identity)
        try:
            write_bytes(path, safetensors.torch.save(tensors, {"gemel": known}))
        except OSError as error:
            resume = "; the last one is whole: continue from it with --resume"
            raise TrainingError(
                f"{path}: cannot write the checkpoint: {error.strerror}"
                + (resume if path.exists() else "")
            ) from error

    if is_first:
        remove_leftovers(path.parent)
        if options.resume and path.exists():
            Checkpoint(path).restore(trainer, identity)
            trainer.reporter.note(f"{path}: continuing in {place()}")
        elif options.resume:
            trainer.reporter.note(f"{path}: no checkpoint yet; beginning at the beginning")
    broadcast_state(trainer, identity)
    written = time.monotonic()

    def after_step() -> None:
        nonlocal written
        stop = trainer.is_to_stop
        if stop or time.monotonic() - written >= options.checkpoint_every:
            save()
            written = time.monotonic()
        if stop:
            # No one ends before it is written: the end of one is the end of all.
            trainer.ranks.wait()
            raise TrainingStopped(
                f"stopped in {place()}; {path} holds all of it: "
                "type the same command with --resume to continue"
            )

    with stop_requests() as is_asked:
        trainer.run(after_step, is_asked)
    # What follows may fail, and should not cost the training.
    save()
