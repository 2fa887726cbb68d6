"""What a training is a training of: only the same one may continue from a checkpoint."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gemel.config import Config
from gemel.data import Pairs
from gemel.data.word_vectors import WordVectors
from gemel.folder import Model
from gemel.version import __version__


@dataclass(frozen=True, kw_only=True)
class TrainingIdentity:
    """Settings, data and versions of a training."""

    gemel_version: str
    settings: dict[str, dict[str, Any]]
    pairs: str
    """Digest of the pairs, whatever their order."""
    order: str
    """Digest of the pairs unchanged."""
    validation: str | None
    """Digest of the validation pairs that were given."""
    start: str | None
    """Digest of the model that was started from."""
    vectors: str | None = None
    """Digest of the word vectors that words began with."""

    @classmethod
    def of(
        cls,
        pairs: Pairs,
        config: Config,
        validation: Pairs | None,
        start: Model | None,
        vectors: WordVectors | None = None,
    ) -> "TrainingIdentity":
        """Identify a training by what it is given."""
        return cls(
            gemel_version=__version__,
            settings=config.to_mapping(),
            pairs=pairs.digest,
            order=_in_order(pairs),
            validation=None if validation is None else validation.digest,
            start=None if start is None else start.fingerprint,
            vectors=None if vectors is None else vectors.digest,
        )

    def changed_setting(self, earlier: "TrainingIdentity") -> str | None:
        """Name a setting, or the version, that is no longer what it was."""
        if self.gemel_version != earlier.gemel_version:
            return f"was written by gemel {earlier.gemel_version}, this is {self.gemel_version}"
        was, now = _flat(earlier.settings), _flat(self.settings)
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name):
                return f"{name} was {was.get(name)!r} and is now {now.get(name)!r}"
        return None

    def changed_data(self, earlier: "TrainingIdentity") -> str | None:
        """Report which data are no longer what they were."""
        if self.pairs != earlier.pairs:
            return "the training pairs are not those that it began with"
        if self.order != earlier.order:
            return "the training pairs are in another order than when it began"
        if self.validation != earlier.validation:
            return "the validation pairs are not those that it began with"
        if self.start != earlier.start:
            return "the model given with --from is not the one that it began with"
        if self.vectors != earlier.vectors:
            return "the word vectors (--vectors) are not those that it began with"
        return None


def _flat(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        f"{section}.{name}": value
        for section, values in settings.items()
        for name, value in values.items()
    }


def _in_order(pairs: Pairs) -> str:
    digest = hashlib.sha256()
    _add(digest, pairs.texts)
    for column in (pairs.left, pairs.right, pairs.labels):
        digest.update(column.tobytes())
    return digest.hexdigest()


def _add(digest: Any, texts: Iterable[str]) -> None:
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
