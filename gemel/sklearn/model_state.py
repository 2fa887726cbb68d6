"""What an estimator holds once it is fitted: a model, in its pickle too, and what answers by it."""

from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from gemel.folder import Model, load_model
from gemel.inference import Engine


def open_model(model: str | Path | Model) -> Model:
    """Read a model that is not read yet.

    Raises:
        FolderError: see `gemel.folder.load_model`.
    """
    return load_model(model) if isinstance(model, str | Path) else model


class KeepsModel:
    """An estimator with a `model_`: pickled with its content, needing no folder afterwards."""

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
