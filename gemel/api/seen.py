"""Pairs that a model has seen, which would flatter it."""

from collections.abc import Mapping

from gemel.data import Pairs
from gemel.errors import DataError
from gemel.folder import Model


def trained_on(model: Model) -> dict[str, str]:
    """Give the digests of pairs that the network learned from, and what to say of them."""
    digests = [model.training["data"], *model.training.get("earlier_data", [])]
    return dict.fromkeys(digests, "the model was trained on")


def refuse_seen(
    pairs: Pairs, seen: Mapping[str, str], *, remedy: str = "take others, or add --seen"
) -> None:
    """Refuse pairs that are among those seen.

    Args:
        pairs: what shall be measured or fitted on.
        seen: digests of pairs, and what to say of them, as `trained_on` gives it.
        remedy: what to do instead.

    Raises:
        DataError: they are.
    """
    if pairs.digest in seen:
        raise DataError(
            f"these are the very pairs that {seen[pairs.digest]}, which would flatter it; {remedy}",
            path=pairs.path,
        )
