"""The protocol of a whole corpus."""

from typing import Protocol, runtime_checkable

from gemel.store.base import ReviewStore, Store
from gemel.store.service_keys import KeyStore


@runtime_checkable
class Corpus(Store, ReviewStore, KeyStore, Protocol):
    """A store with decisions and keys, backed up as one."""
