"""Single parameters of an estimator into the settings of a model."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from gemel.config import Config
from gemel.folder import Model

_SECTIONS = {
    "epochs": "training",
    "learning_rate": "training",
    "batch_size": "training",
    "d_model": "network",
    "loss": "training",
    "margin": "training",
    "min_count": "text",
    "objective": "decision",
    "validation_fraction": "training",
}


def named_settings(estimator: Any) -> dict[str, Any]:
    """Give the settings that an estimator's parameters name, as Python's numbers."""
    given = {name: getattr(estimator, name) for name in _SECTIONS}
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in given.items()
        if value is not None
    }


def changed_settings(
    config: Config | None, start: Model | None, named: Mapping[str, Any], seed: int | None
) -> Config:
    """Give the settings to learn with.

    Args:
        config: all of them; those of `start`, for as many duplicates as there will be, or the
            defaults, if None.
        start: the model to begin with.
        named: single ones that shall be others.
        seed: theirs if None.

    Raises:
        ConfigError: a value without meaning.
    """
    if config is None and start is not None:
        decision = dataclasses.replace(start.config.decision, prevalence=0.0)
        config = dataclasses.replace(start.config, decision=decision)
    values = (config or Config()).to_mapping()
    for name, value in named.items():
        values[_SECTIONS[name]][name] = value
    if seed is not None:
        values["training"]["seed"] = seed
    return Config.from_mapping(values, source="parameters")


def seed_of(random_state: Any) -> int | None:
    """Give the seed that scikit-learn's `random_state` stands for; None stays None.

    Raises:
        ValueError: it is no seed.
    """
    if random_state is None:
        return None
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
