"""Giving all questions of a store the vectors of another model, while the old ones answer."""

import numpy as np

from gemel.errors import DataError
from gemel.inference import Engine
from gemel.store.base import Store
from gemel.text import Progress

_LOT = 8192
"""Questions that are encoded, and whose vectors are stored, at one time."""


def reindex(
    store: Store, engine: Engine, *, threads: int = 1, progress: Progress | None = None
) -> int:
    """Encode all questions anew; until that is done the old vectors answer.

    What was stopped resumes. Questions that others add meanwhile are encoded too.
    Those that an older gemel stored become known as copies, also where the model is the same.

    Args:
        store: whose questions.
        engine: the model that should answer.
        threads: number of threads.
        progress: callback `progress(done, total)` in questions, and of how many.

    Returns:
        How many questions have its vectors now; 0 if they had them before.

    Raises:
        StoreError: vectors cannot be stored; those that were stay.
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
