"""A model on disk."""

from gemel.folder.folder import (
    FORMAT_VERSION,
    Model,
    check_place,
    load_model,
    replace_decision,
    save_model,
)

__all__ = ["FORMAT_VERSION", "Model", "check_place", "load_model", "replace_decision", "save_model"]
