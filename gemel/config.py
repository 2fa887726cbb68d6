"""Settings: frozen, keyword-only, checked when they are made.

The defaults are the notebook's network and loss, masked: `configs/notebook.toml` says the same.
"""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gemel.errors import ConfigError

__all__ = [
    "OBJECTIVES",
    "Config",
    "DecisionConfig",
    "KEPT",
    "LOSSES",
    "POOLINGS",
    "PRECISIONS",
    "NetworkConfig",
    "TextConfig",
    "TrainingConfig",
    "WEIGHTS",
]

PRECISIONS = ("auto", "float32", "bfloat16")
"""What the network can compute in while it learns."""
POOLINGS = ("mean", "max")
"""How a question's vector comes from those of its words."""
KEPT = ("best", "last")
"""Which epoch's network stays."""
WEIGHTS = ("float32", "float16")
"""How a folder holds weights."""
LOSSES = ("triplet", "joint")
"""What the network can learn by."""
OBJECTIVES = ("accuracy", "f1", "precision", "costs")
"""What a decision can be fitted for."""


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise ConfigError(message)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextConfig:
    """How a question becomes words."""

    lowercase: bool = True
    """Whether `Paris` and `paris` are one word."""
    min_count: int = 2
    """Words seen fewer times than this in training are unknown words."""
    ngram_buckets: int = 16384
    """Vectors of letter groups that unknown words are composed from; with 0 they all look the
    same."""
    repair: bool = False
    """Whether ftfy first puts right what a wrong decoding garbled; needs the extra [repair]."""

    def __post_init__(self) -> None:
        _require(self.min_count >= 1, f"text.min_count must be at least 1, not {self.min_count}")
        _require(
            0 <= self.ngram_buckets <= 2**24,
            f"text.ngram_buckets must be from 0 to {2**24}, not {self.ngram_buckets}",
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The twin's shape."""

    d_model: int = 128
    """Numbers in a word's vector."""
    n_units: int = 0
    """Numbers in the LSTM's state, and so in a question's vector; 0: as many as `d_model`."""
    bidirectional: bool = False
    """Whether a second LSTM reads from right to left; a question's vector is then twice as long."""
    pooling: str = "mean"
    """What becomes of the LSTM's outputs: their "mean", or of each number the "max"."""
    compose_all: bool = False
    """Whether known words are read by their spelling too, beside a vector of their own."""
    head: int = 0
    """Numbers in the hidden layer of the head that judges two vectors; 0: their cosine does."""
    weights: str = "float32"
    """Of the numbers in the folder; "float16" takes half of the room."""
    masked: bool = True
    """Whether padding is left out of the mean; `false` is what the notebook did."""

    def __post_init__(self) -> None:
        _require(
            1 <= self.d_model <= 8192,
            f"network.d_model must be from 1 to 8192, not {self.d_model}",
        )
        for name in ("n_units", "head"):
            units = getattr(self, name)
            _require(0 <= units <= 8192, f"network.{name} must be from 0 to 8192, not {units}")
        _require(
            self.pooling in POOLINGS,
            f"network.pooling must be one of {', '.join(POOLINGS)}, not {self.pooling!r}",
        )
        _require(
            self.weights in WEIGHTS,
            f"network.weights must be one of {', '.join(WEIGHTS)}, not {self.weights!r}",
        )
        _require(
            self.masked or not (self.bidirectional or self.compose_all or self.pooling == "max"),
            "network.masked = false is for the notebook's network only: one LSTM, one way, "
            'pooling = "mean", compose_all = false',
        )

    @property
    def units(self) -> int:
        """Numbers in the LSTM's state."""
        return self.n_units or self.d_model

    @property
    def dim(self) -> int:
        """Numbers in a question's vector."""
        return self.units * (1 + self.bidirectional)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the twin learns."""

    loss: str = "triplet"
    """"triplet", the notebook's, or "joint": to rank duplicates before the rest of the batch, and
    to tell labelled pairs apart, by the cosine and by the head."""
    margin: float = 0.25
    """For "triplet": by how much a duplicate must be nearer than a negative, in cosine
    similarity."""
    batch_size: int = 128
    """Pairs a step; every other pair of a batch serves as negatives."""
    epochs: int = 2
    """Times that every pair is seen."""
    keep: str = "best"
    """Which epoch's network stays: the "best" on validation pairs, or the "last", which knows the
    training's own questions best. Kept-out pairs share none with it, so they cannot tell how much
    that is worth where questions come back."""
    patience: int = 3
    """With "best": epochs without a better average precision on validation pairs after which it is
    enough."""
    learning_rate: float = 0.005
    """Adam's highest step size: it rises over the first twentieth of the steps, then falls."""
    clip_norm: float = 1.0
    """Longer gradients are shortened to this length."""
    labelled_negatives: bool = True
    """Whether pairs labelled 0 join the negatives; `false` learns from duplicates alone."""
    word_dropout: float = 0.1
    """Share of the words that are read as unknown ones, each time others; 0 is none."""
    label_noise: float = 0.0
    """For "joint": share of the labels that are taken to be wrong, below 0.5; to be surer of one
    than that is no gain."""
    typos: float = 0.0
    """Share of the words that are read with a slip of one letter, each time others; 0 is none."""
    contrasts: float = 0.0
    """Share of the questions that get a negative made of them, in which one word is another or
    missing, or two have changed places. Which words may, the labelled pairs tell."""
    transitive: float = 0.0
    """Share of the questions of pairs that another of their duplicate group stands in for, each
    time another one; 0 is none."""
    dropout: float = 0.0
    """Share of the numbers of a word's vector, and of the head's, that are zero, each time others;
    0 is none."""
    precision: str = "auto"
    """Of the network's arithmetic: "float32", "bfloat16", or "auto" for what is fastest here."""
    validation_fraction: float = 0.05
    """Share of the rows kept out of training to choose the threshold, 0 to 1, exclusive."""
    seed: int = 0
    """Starts every random number: same seed, same machine, same model."""

    def __post_init__(self) -> None:
        _require(
            0 < self.margin <= 2,
            f"training.margin must be above 0 and at most 2, not {self.margin}",
        )
        _require(
            self.batch_size >= 2,
            f"training.batch_size must be at least 2, not {self.batch_size}: "
            "the other pairs of a batch are the negatives",
        )
        _require(self.epochs >= 1, f"training.epochs must be at least 1, not {self.epochs}")
        _require(self.patience >= 1, f"training.patience must be at least 1, not {self.patience}")
        _require(
            0 < self.clip_norm <= 1e6,
            f"training.clip_norm must be above 0 and at most 1e6, not {self.clip_norm}",
        )
        _require(
            0 < self.learning_rate < 10,
            f"training.learning_rate must be above 0 and below 10, not {self.learning_rate}",
        )
        _require(
            0 <= self.word_dropout < 1,
            f"training.word_dropout must be at least 0 and below 1, not {self.word_dropout}",
        )
        _require(
            0 <= self.label_noise < 0.5,
            f"training.label_noise must be at least 0 and below 0.5, not {self.label_noise}",
        )
        _require(
            0 <= self.typos < 1,
            f"training.typos must be at least 0 and below 1, not {self.typos}",
        )
        _require(
            self.keep in KEPT,
            f"training.keep must be one of {', '.join(KEPT)}, not {self.keep!r}",
        )
        _require(
            0 <= self.contrasts <= 1,
            f"training.contrasts must be from 0 to 1, not {self.contrasts}",
        )
        _require(
            0 <= self.transitive <= 1,
            f"training.transitive must be from 0 to 1, not {self.transitive}",
        )
        _require(
            0 <= self.dropout < 1,
            f"training.dropout must be at least 0 and below 1, not {self.dropout}",
        )
        _require(
            self.loss in LOSSES,
            f"training.loss must be one of {', '.join(LOSSES)}, not {self.loss!r}",
        )
        _require(
            self.precision in PRECISIONS,
            f"training.precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}",
        )
        _require(
            0 < self.validation_fraction < 1,
            f"training.validation_fraction must be between 0 and 1, not {self.validation_fraction}",
        )
        _require(
            0 <= self.seed < 2**64, f"training.seed must be from 0 to 2**64 - 1, not {self.seed}"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionConfig:
    """How similarity becomes an answer; "precision" and "costs" leave doubt to a person."""

    objective: str = "accuracy"
    """What the threshold shall be best for on validation pairs: "accuracy"; "f1"; "precision",
    which finds as many duplicates as a wanted precision allows; "costs", the least of them."""
    precision: float = 0.9
    """For "precision": the share that is to be right of what is called the same, and of what is
    called not the same; a person is asked about the rest."""
    false_positive_cost: float = 1.0
    """For "costs": of calling two questions the same that are not."""
    false_negative_cost: float = 1.0
    """For "costs": of calling two questions not the same that are."""
    review_cost: float = 0.25
    """For "costs": of asking a person."""
    prevalence: float = 0.0
    """Share of pairs that ask the same where the model will answer; 0: as in the validation
    pairs."""

    def __post_init__(self) -> None:
        _require(
            self.objective in OBJECTIVES,
            f"decision.objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}",
        )
        _require(
            0 < self.precision <= 1,
            f"decision.precision must be above 0 and at most 1, not {self.precision}",
        )
        for name in ("false_positive_cost", "false_negative_cost", "review_cost"):
            cost = getattr(self, name)
            _require(
                0 < cost <= 1e9, f"decision.{name} must be above 0 and at most 1e9, not {cost}"
            )
        _require(
            0 <= self.prevalence < 1,
            f"decision.prevalence must be at least 0 and below 1, not {self.prevalence}",
        )

    @property
    def aim(self) -> str:
        """The objective in words, to follow "best for"."""
        if self.objective == "precision":
            return f"recall at a precision of at least {self.precision:g}"
        if self.objective == "costs":
            return (
                f"costs of {self.false_positive_cost:g} a false positive, "
                f"{self.false_negative_cost:g} a false negative, {self.review_cost:g} a review"
            )
        return self.objective


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a model, section by section; they lie in the model's folder too."""

    text: TextConfig = TextConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()
    decision: DecisionConfig = DecisionConfig()

    def __post_init__(self) -> None:
        _require(
            not self.network.head or self.training.loss == "joint",
            'network.head learns by training.loss = "joint" only',
        )
        _require(
            not self.training.label_noise or self.training.loss == "joint",
            'training.label_noise is for training.loss = "joint"',
        )
        _require(
            not self.network.compose_all or self.text.ngram_buckets > 0,
            "network.compose_all needs text.ngram_buckets above 0",
        )
        _require(
            not self.training.typos or self.text.ngram_buckets > 0,
            "training.typos needs text.ngram_buckets above 0",
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "settings") -> "Config":
        """Build settings from nested mappings; what is not named keeps its default.

        Args:
            values: section name to (setting name to value).
            source: how errors call the place the values came from.

        Raises:
            ConfigError: an unknown section or setting (the nearest name is suggested), a value of
                the wrong type or out of range.
        """
        _refuse_unknown(cls, values, source)
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{source}: {error}") from error

    @classmethod
    def from_toml(cls, path: str | Path) -> "Config":
        """Read settings from a TOML file with a section for each part.

        Raises:
            ConfigError: no such file, not TOML, or as `from_mapping`.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot read the settings: {error.strerror}") from error
        except ValueError as error:
            raise ConfigError(f"{path}: not a TOML file: {error}") from error
        return cls.from_mapping(values, source=str(path))

    def replace(self, assignments: Iterable[str]) -> "Config":
        """Change single settings, each given as `section.name=value`, the value as in TOML.

        Raises:
            ConfigError: an assignment without `=` or `.`, or as `from_mapping`.
        """
        values = self.to_mapping()
        for assignment in assignments:
            key, equals, text = assignment.partition("=")
            section, dot, name = key.strip().partition(".")
            if not (equals and dot and section and name):
                raise ConfigError(
                    f"cannot read the setting {assignment!r}: "
                    "write section.name=value, for example training.epochs=2"
                )
            values.setdefault(section, {})[name] = _toml_value(text.strip())
        return type(self).from_mapping(values, source="--set")

    def to_mapping(self) -> dict[str, dict[str, Any]]:
        """Give the settings as nested dictionaries, the inverse of `from_mapping`."""
        return dataclasses.asdict(self)


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown(cls: type[Config], values: Mapping[str, Any], source: str) -> None:
    sections = {field.name: field.type for field in dataclasses.fields(cls)}
    for section, settings in values.items():
        if section not in sections:
            raise ConfigError(f"{source}: no section {section!r}{_nearest(section, sections)}")
        if not isinstance(settings, Mapping):
            raise ConfigError(f"{source}: {section!r} is a section: write {section}.name=value")
        kind: Any = sections[section]
        names = [field.name for field in dataclasses.fields(kind)]
        for name in settings:
            if name not in names:
                raise ConfigError(f"{source}: no setting {section}.{name}{_nearest(name, names)}")


def _nearest(word: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
