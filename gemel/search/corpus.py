"""All that is kept of a corpus: its questions, what was decided about them, who may ask."""

from typing import Protocol, runtime_checkable

from gemel.search.keys import KeyStore
from gemel.search.reviews import ReviewStore
from gemel.search.store import Store

__all__ = ["Corpus"]


@runtime_checkable
class Corpus(Store, ReviewStore, KeyStore, Protocol):
    """A store with decisions and keys, in one place, which is backed up as one."""
