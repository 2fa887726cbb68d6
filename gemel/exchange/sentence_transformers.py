"""A model as a folder of sentence-transformers, made of its built-in modules.

modules.json                      word vectors, LSTM, pooling, normalisation: in this order
config_sentence_transformers.json similarity
wordembedding_config.json, model.safetensors, tokenizer.json, tokenizer_config.json
1_LSTM/                           settings and weights
2_Pooling/, 3_Normalize/          settings
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from jaxtyping import Float32

from gemel.exchange.frozen_model import Frozen
from gemel.exchange.token_file import write_token_file
from gemel.files import write_bytes, write_text

OLDEST = (6, 2)
"""First version that reads all words of a text with a Hugging Face tokenizer."""

_LIBRARY = "sentence_transformers"
_MODULES = f"{_LIBRARY}.sentence_transformer.modules"
_LONGEST = 1_000_000_000
"""Limit of words per text: none, as in gemel."""


def write_sentence_transformers(frozen: Frozen, folder: Path) -> None:
    """Write what `SentenceTransformer(folder)` loads offline and without custom code."""
    write_token_file(frozen, folder)
    _write_weights(folder, {"emb_layer.weight": frozen.table})
    _write_settings(folder / "modules.json", _modules())
    _write_settings(
        folder / "config_sentence_transformers.json",
        {
            "__version__": {_LIBRARY: ".".join(map(str, (*OLDEST, 0)))},
            "model_type": "SentenceTransformer",
            "prompts": {"query": "", "document": ""},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    )
    _write_settings(
        folder / "wordembedding_config.json",
        {
            "tokenizer_class": f"{_MODULES}.tokenizer.word.TransformersTokenizerWrapper",
            "update_embeddings": False,
            "max_seq_length": _LONGEST,
        },
    )
    lstm, pooling, normalize = (folder / name for name in ("1_LSTM", "2_Pooling", "3_Normalize"))
    for each in (lstm, pooling, normalize):
        each.mkdir()
    _write_weights(lstm, _lstm(frozen))
    _write_settings(
        lstm / "lstm_config.json",
        {
            "embedding_dimension": frozen.table.shape[1],
            "hidden_dim": frozen.forwards.weight_hh.shape[1],
            "num_layers": 1,
            "dropout": 0,
            "bidirectional": frozen.backwards is not None,
        },
    )
    _write_settings(
        pooling / "config.json",
        {"embedding_dimension": frozen.dim, "pooling_mode": frozen.pooling, "include_prompt": True},
    )
    vector = "sentence_embedding"
    _write_settings(
        normalize / "config.json", {"module_input_name": vector, "module_output_name": vector}
    )


def _modules() -> list[dict[str, Any]]:
    kinds = {
        "": f"{_MODULES}.word_embeddings.WordEmbeddings",
        "1_LSTM": f"{_MODULES}.lstm.LSTM",
        "2_Pooling": f"{_MODULES}.pooling.Pooling",
        "3_Normalize": f"{_LIBRARY}.base.modules.normalize.Normalize",
    }
    return [
        {"idx": place, "name": str(place), "path": path, "type": kind}
        for place, (path, kind) in enumerate(kinds.items())
    ]


def _lstm(frozen: Frozen) -> dict[str, np.ndarray]:
    """Name the weights as in torch's LSTM, which has a second bias."""
    named: dict[str, np.ndarray] = {}
    for end, way in zip(("l0", "l0_reverse"), frozen.directions.values(), strict=False):
        named |= {
            f"encoder.weight_ih_{end}": way.weight_ih,
            f"encoder.weight_hh_{end}": way.weight_hh,
            f"encoder.bias_ih_{end}": way.bias,
            f"encoder.bias_hh_{end}": np.zeros_like(way.bias),
        }
    return named


def _write_weights(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content = safetensors.numpy.save(whole, metadata={"format": "pt"})
    write_bytes(folder / "model.safetensors", content)


def _write_settings(path: Path, settings: Any) -> None:
    write_text(path, json.dumps(settings, indent=2) + "\n")


def is_new_enough(version: str) -> bool:
    """Return whether a version of sentence-transformers gives the model's vectors."""
    return tuple(map(int, re.findall(r"\d+", version)[:2])) >= OLDEST


class SentenceVectors:
    """A folder opened in sentence-transformers, on the CPU and offline."""

    def __init__(self, folder: Path):
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def __call__(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts dim"]:
        """Return the vectors of texts."""
        vectors: Float32[np.ndarray, "texts dim"]
        vectors = self._model.encode(list(texts), show_progress_bar=False)
        return vectors
