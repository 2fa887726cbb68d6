"""Compute the vectors of a store with another model, while the old ones are served."""

import numpy as np

from gemel.errors import DataError
from gemel.inference import Engine
from gemel.store.base import Store
from gemel.text import Progress

_LOT = 8192
"""Questions encoded at a time."""


def reindex(
    store: Store, engine: Engine, *, threads: int = 1, progress: Progress | None = None
) -> int:
    """Encode all questions of a store; old vectors are served until all are done.

    An interrupted call resumes. Questions added meanwhile are encoded too. Questions of an older
    gemel are indexed as copies, even if the model is the same.

    Args:
        store: the store.
        engine: the new model.
        threads: number of threads.
        progress: callback `progress(done, total)` in questions.

    Returns:
        Number of questions with new vectors; 0 if they had them before.

    Raises:
        StoreError: writing failed; earlier vectors stay.
    """
    model = engine.model.fingerprint
    if store.state().model == model:
        for lot in store.scan():
            store.index_copies([question.key for question in lot])
        return 0
    store.begin_reindex(model, engine.model.config.network.dim)
    while True:
        while lot := store.without_vector(most=_LOT):
            vectors = engine.encode([question.text for question in lot], threads=threads)
            store.put_vectors(np.array([question.key for question in lot]), vectors)
            if progress is not None:
                state = store.state()
                progress("encoding questions", state.reindexed, state.questions)
        try:
            store.finish_reindex()
        except DataError:
            if not store.without_vector(most=1):
                raise
            continue  # a user has added a question meanwhile
        return store.state().questions
