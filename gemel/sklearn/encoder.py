"""Questions to vectors, as a step of a pipeline."""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float32
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from gemel.folder import Model
from gemel.pretrained import DEFAULT_MODEL
from gemel.sklearn.estimator_inputs import texts_of
from gemel.sklearn.model_state import KeepsModel, open_model

# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="QuestionEncoder")


class QuestionEncoder(
    KeepsModel,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Turns each question into the unit vector that a model gives it.

    `fit` reads the model and learns nothing. Once fitted, a pickle holds the model itself, so that
    its folder may go.

    Args:
        model: the name of a model that ships with gemel, a model folder, or a `gemel.Model`.
        threads: number of threads; see `gemel.Engine.encode`.
    """

    def __init__(self, model: str | Path | Model = DEFAULT_MODEL, *, threads: int = 1):
        self.model = model
        self.threads = threads

    def fit(self: _Itself, X: Any = None, y: Any = None) -> _Itself:  # noqa: N803
        """Read the model; neither X nor y is looked at.

        Raises:
            FolderError: it cannot be read.
        """
        self._keep(open_model(self.model))
        return self

    def transform(self, X: Any) -> Float32[np.ndarray, "questions dim"]:  # noqa: N803
        """Return the vectors of questions, in their order.

        Args:
            X: n questions: a list, an array, a column of a frame, or a frame of one column.

        Raises:
            NotFittedError: `fit` comes first.
            ValueError: there are none, or something is no text.
        """
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
