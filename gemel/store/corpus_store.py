"""All that is kept of a corpus: its questions, what was decided about them, who may ask."""

from typing import Protocol, runtime_checkable

from gemel.store.base import ReviewStore, Store
from gemel.store.service_keys import KeyStore


@runtime_checkable
class Corpus(Store, ReviewStore, KeyStore, Protocol):
    """A store with decisions and keys, in one place, which is backed up as one."""
