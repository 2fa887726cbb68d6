"""From labelled pairs to a model that can answer."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from gemel.config import Config
from gemel.data import Batches, PairGraph, Pairs, hold_out, measure_overlap
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation import Ranking, count_confusion, fit_decision, fit_threshold
from gemel.folder import Model
from gemel.inference import NumpyEncoder, one_compute_thread
from gemel.models import SiameseModel, get_weights
from gemel.text import Tokenizer, encode_in_batches, pair_cosines
from gemel.training.collapse import mean_similarity
from gemel.training.reporters import Reporter, Silent
from gemel.training.trainer import Trainer, Validation
from gemel.version import __version__

__all__ = ["learn"]


def learn(
    pairs: Pairs,
    config: Config | None = None,
    *,
    validation: Pairs | None = None,
    reporter: Reporter | None = None,
) -> Model:
    """Train a twin and fit its decision.

    Args:
        pairs: labelled pairs; the network learns from both kinds.
        config: settings; the defaults if None.
        validation: pairs to choose epoch, threshold and calibration on; if None, a share of
            `pairs` is kept out of training for it, by connected component.
        reporter: is told what happens.

    Raises:
        DataError: one label only, or duplicates of fewer than two groups.
    """
    config = config or Config()
    reporter = reporter or Silent()
    started = time.perf_counter()
    training, validation = _parts(pairs, validation, config, reporter)
    tokenizer = Tokenizer.learn(
        training.left_texts + training.right_texts,
        lowercase=config.text.lowercase,
        min_count=config.text.min_count,
        unknown_buckets=config.text.unknown_buckets,
    )
    batches = _batches(training, tokenizer, config)
    model = _new_model(len(tokenizer), config)
    reporter.say(
        f"{len(tokenizer.vocabulary):,} words in the vocabulary, "
        f"{len(batches.pairs):,} pairs to learn from"
    )
    trainer = Trainer(
        model, batches, config.training, _validator(model, tokenizer, validation), reporter
    )
    history = trainer.run()
    best = max(history, key=lambda summary: summary.validation_average_precision)
    record: dict[str, Any] = {
        "gemel_version": __version__,
        "torch_version": torch.__version__,
        "data": pairs.digest,
        "pairs": len(pairs),
        "training_pairs": len(training),
        "training_duplicates": int(training.labels.sum()),
        "validation_pairs": len(validation),
        "vocabulary": len(tokenizer.vocabulary),
        "seed": config.training.seed,
        "precision": "bfloat16" if trainer.bfloat16 else "float32",
        "best_epoch": best.epoch,
        "validation_average_precision": best.validation_average_precision,
        "mean_similarity": best.mean_similarity,
        "seconds": round(time.perf_counter() - started, 1),
        "epochs": [dataclasses.asdict(summary) for summary in history],
    }
    weights = get_weights(model.processor)
    decision = _decide(weights, tokenizer, validation, config)
    if decision.slope <= 0:
        reporter.warn(
            "on the validation pairs, more similar questions were not more often the same: "
            "this model knows nothing yet; give it more pairs"
        )
    return Model(
        config=config,
        tokenizer=tokenizer,
        weights=weights,
        decision=decision,
        training=record,
    )


def _parts(
    pairs: Pairs, validation: Pairs | None, config: Config, reporter: Reporter
) -> tuple[Pairs, Pairs]:
    pairs.require_both_labels("training pairs")
    if validation is not None:
        validation.require_both_labels("validation pairs")
        _report_overlap(pairs, validation, reporter)
        return pairs, validation
    fraction = config.training.validation_fraction
    split = hold_out(PairGraph.of(pairs), fraction, config.training.seed)
    hint = "; raise training.validation_fraction or give validation pairs"
    kept_out = pairs.select(split.parts == 0)
    kept_out.require_both_labels("pairs kept out for validation", hint)
    training = pairs.select(split.parts == 1)
    training.require_both_labels("pairs left for training", hint)
    reporter.say(
        f"{len(training):,} pairs to train on, {len(kept_out):,} kept out for validation "
        f"({kept_out.prevalence:.1%} duplicates)"
    )
    if split.crossing_pairs:
        reporter.say(
            f"{split.cut_components} of the connected parts too large to keep whole: "
            f"{split.crossing_pairs:,} pairs have a question on each side"
        )
    return training, kept_out


def _report_overlap(pairs: Pairs, validation: Pairs, reporter: Reporter) -> None:
    if pairs.digest == validation.digest:
        raise DataError("the validation pairs are the training pairs", path=validation.path)
    overlap = measure_overlap(PairGraph.of(pairs), PairGraph.of(validation))
    reporter.say(
        f"{overlap.shared_questions:,} of {overlap.questions:,} different validation questions "
        "are in training pairs"
    )


def _batches(training: Pairs, tokenizer: Tokenizer, config: Config) -> Batches:
    graph = PairGraph.of(training, lowercase=config.text.lowercase)
    try:
        return Batches(
            tokenizer.encode_all(graph.questions),
            graph,
            training.labels,
            batch_size=config.training.batch_size,
            labelled_negatives=config.training.labelled_negatives,
            word_dropout=config.training.word_dropout,
            unknown_ids=tokenizer.unknown_ids,
            seed=config.training.seed,
        )
    except ValueError as error:
        raise DataError(str(error), path=training.path) from error


def _new_model(vocabulary_size: int, config: Config) -> SiameseModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = SiameseModel(
            vocabulary_size, config.network.d_model, "train", masked=config.network.masked
        )
        model.model  # noqa: B018 - its layers are made on first use: here, under this seed
    return model


def _validator(model: SiameseModel, tokenizer: Tokenizer, validation: Pairs) -> Any:
    questions = validation.left_texts + validation.right_texts

    def encode_ids(ids: Any) -> Any:
        return model.processor(torch.from_numpy(ids)).numpy()

    def validate() -> Validation:
        model.processor.eval()
        with torch.inference_mode():
            vectors = encode_in_batches(questions, tokenizer, encode_ids, model.model_depth)
        scores = pair_cosines(vectors)
        threshold = fit_threshold(scores, validation.labels)
        return Validation(
            average_precision=Ranking(scores, validation.labels).average_precision(),
            accuracy=count_confusion(scores >= threshold, validation.labels).accuracy,
            mean_similarity=mean_similarity(vectors),
        )

    return validate


def _decide(
    weights: Mapping[str, np.ndarray], tokenizer: Tokenizer, validation: Pairs, config: Config
) -> Decision:
    """Fit the decision on similarities as the engine will compute them."""
    encoder = NumpyEncoder(weights, masked=config.network.masked)
    questions = validation.left_texts + validation.right_texts
    with one_compute_thread():
        vectors = encode_in_batches(questions, tokenizer, encoder, encoder.dim)
    return fit_decision(pair_cosines(vectors), validation, config.decision.objective)
