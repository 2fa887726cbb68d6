"""A transformer of questions to vectors, and a classifier of pairs."""

import dataclasses
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat, SupportsIndex, TypeVar

import numpy as np
from jaxtyping import Float, Float32, Shaped
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from gemel.config import Config
from gemel.data import Pairs
from gemel.errors import ConfigError, GemelWarning, MissingExtraError
from gemel.evaluation import refit, warn_of_findings
from gemel.folder import Model, load_model
from gemel.inference import Engine
from gemel.pretrained import DEFAULT_MODEL
from gemel.sklearn.estimator_inputs import (
    AS_TEXTS,
    changed_settings,
    named_settings,
    same_or_not,
    seed_of,
    texts_of,
    two_sides,
)

if TYPE_CHECKING:
    from gemel.training import EpochSummary, StepSummary


def _open(model: str | Path | Model) -> Model:
    return load_model(model) if isinstance(model, str | Path) else model


class KeepsModel:
    """An estimator with a `model_`, which its pickle contains."""

    model_: Model
    """All that a model folder holds; `gemel.folder.save_model(it.model_, "folder")` writes one."""

    def _keep(self, model: Model) -> None:
        self.model_ = model
        self._engine = Engine(model)

    def _answering(self) -> Engine:
        check_is_fitted(self, "model_")
        return self._engine

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        state.pop("_engine", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc]
        if "model_" in state:
            self._engine = Engine(self.model_)


# Not typing.Self, which beartype cannot check on a method.
_Encoder = TypeVar("_Encoder", bound="QuestionEncoder")


class QuestionEncoder(
    KeepsModel,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Turns each question into the unit vector that a model gives it.

    `fit` reads the model and learns nothing. A pickle contains the fitted model.

    Args:
        model: the name of a model that ships with gemel, a model folder, or a `gemel.Model`.
        threads: number of threads; see `gemel.Engine.encode`.
    """

    def __init__(self, model: str | Path | Model = DEFAULT_MODEL, *, threads: int = 1):
        self.model = model
        self.threads = threads

    def fit(self: _Encoder, X: Any = None, y: Any = None) -> _Encoder:  # noqa: N803
        """Read the model; X and y are ignored."""
        self._keep(_open(self.model))
        return self

    def transform(self, X: Any) -> Float32[np.ndarray, "questions dim"]:  # noqa: N803
        """Return the vectors of questions: a list, an array, or a frame of one column."""
        engine = self._answering()
        return engine.encode(texts_of(X), threads=self.threads)

    @property
    def _n_features_out(self) -> int:
        return self._answering().model.config.network.dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags


_Classifier = TypeVar("_Classifier", bound="DuplicateClassifier")


class DuplicateClassifier(KeepsModel, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Tells which pairs of questions ask the same; X has two columns, y a label for each pair.

    Labels such as 1, True, "yes" or "duplicate" report that two questions ask the same; of labels
    without a meaning, the larger one.

    By default `fit` trains a new network (needs torch), or with `model` starts from that one; with
    `train=False` it fits only threshold and probability of `model`. Validate with
    `cv=QuestionKFold()`. A pickle contains the fitted model.

    Args:
        model: the name of a model that ships with gemel, a model folder, or a `gemel.Model`.
        train: whether the network is trained.
        config: all settings; those of `model`, or the defaults, if None.
        epochs, learning_rate, batch_size, d_model, loss, margin, min_count, objective,
        validation_fraction: settings that differ from `config`; see `gemel.Config`.
        random_state: the seed, or a `RandomState`; that of `config` if None.
        verbose: whether to print the progress of training on stderr.
    """

    def __init__(
        self,
        model: str | Path | Model | None = None,
        *,
        train: bool = True,
        config: Config | None = None,
        epochs: SupportsIndex | None = None,
        learning_rate: SupportsFloat | None = None,
        batch_size: SupportsIndex | None = None,
        d_model: SupportsIndex | None = None,
        loss: str | None = None,
        margin: SupportsFloat | None = None,
        min_count: SupportsIndex | None = None,
        objective: str | None = None,
        validation_fraction: SupportsFloat | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ):
        self.model = model
        self.train = train
        self.config = config
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.d_model = d_model
        self.loss = loss
        self.margin = margin
        self.min_count = min_count
        self.objective = objective
        self.validation_fraction = validation_fraction
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_model(cls, model: str | Path | Model = DEFAULT_MODEL) -> "DuplicateClassifier":
        """Return a fitted classifier of a model, with the labels 0 and 1."""
        ready = cls(model, train=False)
        ready.classes_ = np.array([0, 1])
        ready._same = 1
        ready.n_features_in_ = 2
        ready._keep(_open(model))
        return ready

    def fit(self: _Classifier, X: Any, y: Any) -> _Classifier:  # noqa: N803
        """Train on labelled pairs: a list, an array, or a frame of shape (n, 2).

        Doubtful labels or decisions cause a `GemelWarning`; see `gemel.fit`.

        Raises:
            ValueError: invalid pairs, labels or settings.
            MissingExtraError: training needs torch.
        """
        start = None if self.model is None else _open(self.model)
        config = self._settings(start)
        table, labels = validate_data(self, X, y, **AS_TEXTS)
        self.classes_, is_same, self._same = same_or_not(labels)
        pairs = Pairs.of(*two_sides(table), is_same)
        if self.train:
            self._keep(_learn(pairs, config, start, verbose=self.verbose))
        elif start is not None:
            engine = Engine(start)
            fitted = refit(
                pairs, engine.similarity, start.decision, config.decision, encode=engine.encode
            )
            warn_of_findings(fitted.findings)
            config = dataclasses.replace(start.config, decision=config.decision)
            self._keep(dataclasses.replace(start, decision=fitted.decision, config=config))
        return self

    def decision_function(self, X: Any) -> Float32[np.ndarray, "pairs"]:  # noqa: N803
        """Return the similarity minus the threshold, negated if duplicates are `classes_[0]`."""
        # In the precision that the decision compares in, so that the sign agrees with `predict`.
        threshold = np.float32(self._answering().model.decision.threshold)
        above: Float32[np.ndarray, "pairs"] = self._similarity(X) - threshold
        return above if self._same else -above

    def predict_proba(self, X: Any) -> Float[np.ndarray, "pairs 2"]:  # noqa: N803
        """Return the calibrated probability of each label; `predict` may differ from "above 0.5".

        The order is that of `classes_`.
        """
        same = self._answering().model.decision.probability(self._similarity(X))
        return np.stack([1 - same, same] if self._same else [same, 1 - same], axis=1)

    def predict(self, X: Any) -> Shaped[np.ndarray, "pairs"]:  # noqa: N803
        """Return the label of each pair, by the threshold of the model."""
        is_same = self._answering().model.decision.is_duplicate(self._similarity(X))
        labels: Shaped[np.ndarray, "pairs"] = self.classes_[
            np.where(is_same, self._same, 1 - self._same)
        ]
        return labels

    def _similarity(self, X: Any) -> Float32[np.ndarray, "pairs"]:  # noqa: N803
        engine = self._answering()
        with warnings.catch_warnings():
            if not hasattr(self, "feature_names_in_"):  # a model knows no names of columns
                warnings.filterwarnings("ignore", "X has feature names", UserWarning)
            table = validate_data(self, X, reset=False, **AS_TEXTS)
        return engine.similarity(*two_sides(table))

    def _settings(self, start: Model | None) -> Config:
        named = named_settings(self)
        if not self.train:
            if start is None:
                raise ConfigError("train=False needs a model, whose network stays as it is")
            useless = [name for name in named if name != "objective"]
            if useless:
                raise ConfigError(
                    f"train=False keeps the network as it is, so {', '.join(useless)} would "
                    "change nothing; leave it out, or set train=True"
                )
        return changed_settings(self.config, start, named, seed_of(self.random_state))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True  # of numbers, on which scikit-learn would judge it
        return tags


def _learn(pairs: Pairs, config: Config, start: Model | None, *, verbose: bool) -> Model:
    try:
        from gemel.training import learn
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        raise MissingExtraError("training", "train") from error
    return learn(pairs, config, start=start, reporter=_TrainingReporter(verbose))


class _TrainingWarning(GemelWarning, ConvergenceWarning):  # type: ignore[misc]
    """Found by filters of gemel's warnings and of scikit-learn's."""


class _TrainingReporter:
    """Warns as scikit-learn does, and prints epochs on stderr if verbose."""

    def __init__(self, verbose: bool):
        self.verbose = verbose

    def begin(self, step: int, epoch: int) -> None: ...

    def step(self, summary: "StepSummary") -> None: ...

    def note(self, text: str) -> None:
        if self.verbose:
            sys.stderr.write(f"{text}\n")

    def warn(self, text: str) -> None:
        warnings.warn(text, _TrainingWarning, stacklevel=2)

    def epoch(self, summary: "EpochSummary") -> None:
        self.note(
            f"epoch {summary.epoch}/{summary.epochs}  loss {summary.loss:.4f}  validation: average "
            f"precision {summary.validation_average_precision:.4f}, accuracy "
            f"{summary.validation_accuracy:.4f}"
        )
