"""A model on disk."""

from gemel.folder.model_folder import (
    CARD,
    FORMAT_VERSION,
    TERMS,
    Model,
    check_place,
    load_model,
    read_optional,
    replace_decision,
    save_model,
)

__all__ = [
    "CARD",
    "FORMAT_VERSION",
    "Model",
    "TERMS",
    "check_place",
    "load_model",
    "read_optional",
    "replace_decision",
    "save_model",
]
