"""What a model loses as an ONNX file: the words that it would spell, and whole numbers for weights.

    python benchmarks/onnx_export.py --dev dev_natural.csv wang2017_dev.tsv --work onnx-work

Every row is the cosine of two vectors, measured by halves as `quality.py` does it, beside gemel's
on the same resamples. The files hold the words of these questions too, or those that the model
knows only. With `--speed`, texts to vectors are timed too, beside gemel in turns; the machine must
be idle for that.
"""

import argparse
import dataclasses
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown, signed, spread
from machine import require_idle
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from paired import by_halves, resample
from record import write_result, write_table
from tokenizers import Tokenizer

import gemel
from gemel.evaluation import fit_decision
from gemel.exchange.frozen_model import Frozen, freeze, unknown_words
from gemel.exchange.onnx_file import INT8_FILE, ONNX_FILE, OnnxAnswers, write_onnx
from gemel.exchange.token_file import write_token_file
from gemel.inference import available_cores
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.text import pair_cosines

FIGURES = ("accuracy", "average_precision")
ROUNDS = 5
RUNTIME_INT8 = "model_runtime_int8.onnx"
"""What onnxruntime's own quantisation makes, with an LSTM of its own that no other tool has."""
LOT = 64
"""Questions that ONNX Runtime is given at a time, of like length."""

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


class Exported:
    """A folder with ONNX files and tokenizer, used as its user would, without gemel.

    Args:
        folder: what was exported.
        file: which of its ONNX files.
        threads: how many compute.
    """

    def __init__(self, folder: Path, file: str, *, threads: int = 1):
        self.path = folder / file
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.answers = OnnxAnswers(self.path.read_bytes(), threads=threads)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Turn questions into vectors, the short ones first."""
        ids = [found.ids for found in self.tokenizer.encode_batch_fast(list(texts))]
        order = np.argsort([len(each) for each in ids], kind="stable")
        lots = np.split(order, range(LOT, len(order), LOT))
        vectors = np.concatenate([self.answers([ids[row] for row in lot]) for lot in lots])
        in_order = np.empty_like(vectors)
        in_order[order] = vectors
        return in_order


def export(frozen: Frozen, folder: Path) -> Path:
    """Write what a user gets, and beside it what onnxruntime's own quantisation makes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_token_file(frozen, folder)
    write_onnx(frozen, folder, int8=True)
    quantize_dynamic(folder / ONNX_FILE, folder / RUNTIME_INT8, weight_type=QuantType.QInt8)
    return folder


def cosines(encode: Encode, pairs: gemel.Pairs) -> NDArray[np.float32]:
    """Give the cosine of each pair."""
    left, right = np.split(encode([*pairs.left_texts, *pairs.right_texts]), 2)
    found: NDArray[np.float32] = pair_cosines(left, right)
    return found


def measure(
    ways: dict[str, tuple[Encode, Path]], pairs: gemel.Pairs, rounds: int
) -> list[dict[str, Any]]:
    """Measure every way to encode; the first is what the others are compared with."""
    rows: list[dict[str, Any]] = []
    first: dict[str, Any] = {}
    for name, (encode, path) in ways.items():
        scores = cosines(encode, pairs)
        if not first:
            threshold = fit_decision(scores, pairs).threshold
            first = {"scores": scores, "is_same": scores >= threshold}
        measured = resample(*by_halves(pairs, scores), rounds=rounds)
        first.setdefault("measured", measured)
        losses = {each: (measured[each] - first["measured"][each]).figure for each in FIGURES}
        rows.append(
            {
                "way": name,
                "bytes": path.stat().st_size,
                "figures": {each: dataclasses.asdict(measured[each].figure) for each in FIGURES},
                "gains": {each: dataclasses.asdict(loss) for each, loss in losses.items()},
                "other_verdicts": float(np.mean((scores >= threshold) != first["is_same"])),
                "mean_difference": float(np.abs(scores - first["scores"]).mean()),
            }
        )
        told = [*(spread(measured[each].figure) for each in FIGURES)]
        told += [signed(losses[each]) for each in FIGURES] if len(rows) > 1 else ["", ""]
        rows[-1]["cells"] = told
        print(f"{name}: {', '.join(filter(None, told))}", flush=True)
    return rows


def table(data: str, rows: Sequence[dict[str, Any]]) -> str:
    """Give what was measured on a file in Markdown."""
    names = [each.replace("_", " ") for each in FIGURES]
    head = (data, "MB", *names, *(f"{name}, beside gemel" for name in names), "other verdicts")
    lines: list[list[str]] = []
    for row in rows:
        others = f"{row['other_verdicts']:.2%}" if lines else ""
        lines.append([row["way"], f"{row['bytes'] / 1e6:.1f}", *row["cells"], others])
    return markdown(head, lines)


def speed(engine: gemel.Engine, folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Time texts to vectors on all cores, in turns: questions a second, and gemel's multiple."""
    cores = available_cores()
    ways: dict[str, Encode] = {"gemel": lambda texts: engine.encode(texts, threads=cores)}
    for file in (ONNX_FILE, INT8_FILE, RUNTIME_INT8):
        ways[file] = Exported(folder, file, threads=cores)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, encode in ways.items():
            started = time.perf_counter()
            encode(texts)
            rates[name].append(len(texts) / (time.perf_counter() - started))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    return {
        "questions": len(texts),
        "backend": engine.backend.name,
        "per_second": {name: round(rate) for name, rate in medians.items()},
        "gemel_is_quicker_by": {
            name: round(medians["gemel"] / rate, 2) for name, rate in medians.items()
        },
    }


def main() -> None:
    """Run it and write `results/onnx_export.json` and `onnx_export.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", required=True, nargs="+", help="pairs to measure on, by halves")
    parser.add_argument("--work", required=True, type=Path, help="a folder for the exports")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model folder")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--speed", action="store_true", help="time it too, on an idle machine")
    parser.add_argument("--busy", action="store_true", help="time it on a busy machine too")
    options = parser.parse_args()
    if options.speed and not options.busy:
        require_idle()
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime warns of what it leaves as it is
    engine = gemel.load(options.model)
    exact = gemel.load(options.model, backend="numpy")
    weights = (came_with_gemel(options.model) or Path(options.model)) / "model.safetensors"
    plain = export(freeze(engine.model), options.work / "plain")
    result: dict[str, Any] = {"model": Path(options.model).name, "rounds": options.rounds}
    if options.speed:
        pairs = gemel.read_pairs(options.dev[0])
        texts = list(dict.fromkeys([*pairs.left_texts, *pairs.right_texts]))
        result["speed"] = speed(engine, plain, texts)
        print(result["speed"], flush=True)
    result["dev"], tables = [], []
    for number, path in enumerate(options.dev):
        pairs = gemel.read_pairs(path)
        texts = [*pairs.left_texts, *pairs.right_texts]
        added = unknown_words(engine.model.tokenizer, texts)
        whole = export(freeze(engine.model, added), options.work / f"whole-{number}")
        ways = {
            "gemel": (exact.encode, weights),
            "float32": _way(whole, ONNX_FILE),
            "int8": _way(whole, INT8_FILE),
            "int8 by onnxruntime": _way(whole, RUNTIME_INT8),
            "float32, known words only": _way(plain, ONNX_FILE),
            "int8, known words only": _way(plain, INT8_FILE),
        }
        print(f"{Path(path).name}: {len(added):,} unknown words", flush=True)
        rows = measure(ways, pairs, options.rounds)
        result["dev"].append(
            {"data": Path(path).name, "pairs": len(pairs), "unknown": len(added), "ways": rows}
        )
        tables.append(table(Path(path).name, rows))
    what = "a model's ONNX files beside gemel: the cosine, by halves"
    write_result("onnx_export", what, result, "onnx", "onnxruntime", "tokenizers")
    write_table("onnx_export", "\n".join(tables))


def _way(folder: Path, file: str) -> tuple[Encode, Path]:
    return Exported(folder, file), folder / file


if __name__ == "__main__":
    main()
