"""From labelled pairs to a model that can answer."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from gemel.config import Config, DecisionConfig, NetworkConfig, TrainOptions
from gemel.data import PairGraph, Pairs, deal_crossing, hold_out, measure_overlap
from gemel.data.word_vectors import VectorFile
from gemel.errors import ConfigError, DataError
from gemel.evaluation import (
    Ranking,
    check_fit,
    count_confusion,
    fit_cuts,
    fit_decision,
    fit_share,
)
from gemel.folder import Model
from gemel.inference import NumpyTwin
from gemel.text import TfIdf, Tokenizer
from gemel.training.checkpoint import TrainingIdentity, broadcast_state, run_with_checkpoints
from gemel.training.initial_network import (
    FoldedWeights,
    learn_vocabulary,
    look_up,
    make_batches,
    make_network,
    require_same_network,
)
from gemel.training.objectives import mean_similarity
from gemel.training.ranks import Ranks
from gemel.training.reporters import Reporter, Silent
from gemel.training.trainer import Trainer, Validation
from gemel.version import __version__


def training_and_validation(
    pairs: Pairs,
    validation: Pairs | None,
    fraction: float,
    seed: int,
    reporter: Reporter,
) -> tuple[Pairs, Pairs]:
    """Keep pairs out for validation, unless others are given for it.

    Args:
        pairs: labelled pairs.
        validation: pairs to validate on; if None, some of `pairs`, by connected component.
        fraction: share to hold out.
        seed: another seed, another choice.
        reporter: receives done.

    Raises:
        DataError: a part lacks a label that it needs.
    """
    if not pairs.labels.any():
        pairs.require_both_labels("training pairs")
    if validation is not None:
        validation.require_both_labels("validation pairs")
        _report_overlap(pairs, validation, reporter)
        return pairs, validation
    pairs.require_both_labels(
        "training pairs", ", or validation pairs that have both (--validation)"
    )
    graph = PairGraph.of(pairs)
    split = hold_out(graph, fraction, seed)
    parts = deal_crossing(split, graph, seed)
    hint = "; raise training.validation_fraction or give validation pairs"
    kept_out = pairs.select(parts == 0)
    kept_out.require_both_labels("pairs held out for validation", hint)
    training = pairs.select(parts == 1)
    training.require_both_labels("pairs left for training", hint)
    reporter.note(
        f"{len(training):,} pairs to train on, {len(kept_out):,} held out for validation "
        f"({kept_out.prevalence:.1%} duplicates)"
    )
    if split.crossing_pairs:
        reporter.note(
            f"{split.crossing_pairs:,} pairs have a question on each side: the component that they "
            "link is too large to keep whole"
        )
    return training, kept_out


def _report_overlap(pairs: Pairs, validation: Pairs, reporter: Reporter) -> None:
    if pairs.digest == validation.digest:
        raise DataError("the validation pairs are the training pairs", path=validation.path)
    overlap = measure_overlap(PairGraph.of(pairs), PairGraph.of(validation))
    reporter.note(
        f"{overlap.shared_questions:,} of {overlap.questions:,} different validation questions "
        "are in training pairs"
    )


def learn_spelling(
    training: Pairs, tokenizer: Tokenizer, config: Config, start: Model | None
) -> dict[str, np.ndarray]:
    """Compute n-gram weights, or copy them from the model to continue from.

    Returns:
        `spelling.idf`, rounded as in the folder; empty if not used.
    """
    if not config.text.spelling_buckets:
        return {}
    buckets = config.text.spelling_buckets
    if start is not None and start.config.text.spelling_buckets == buckets:
        return {"spelling.idf": start.weights["spelling.idf"]}
    idf = TfIdf.learn(training.texts, buckets, tokenizer.clean).idf
    return {"spelling.idf": _rounded(idf, config)}


def fit_spelling(
    network: Mapping[str, np.ndarray],
    spelling: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    validation: Pairs,
    config: Config,
) -> dict[str, np.ndarray]:
    """Fit the share of spelling similarity on validation pairs.

    Args:
        network: weights of the network.
        spelling: from `learn_spelling`.
        tokenizer: tokenizer of the model.
        validation: pairs not trained on.
        config: settings.

    Returns:
        All weights of the model folder.
    """
    if not spelling:
        return dict(network)
    sides = validation.left_texts, validation.right_texts
    alike = TfIdf(spelling["spelling.idf"], tokenizer.clean)(*sides)
    similarity = NumpyTwin(network, tokenizer, config.network).similarity(*sides)
    share = fit_share(similarity.astype(np.float64), alike, validation.labels)
    return {**network, **spelling, "spelling.share": _rounded(np.array([share]), config)}


def _rounded(array: np.ndarray, config: Config) -> Float32[np.ndarray, "_"]:
    return array.astype(config.network.weights).astype(np.float32)


def data_record(
    pairs: Pairs, training: Pairs, validation: Pairs, start: Model | None
) -> dict[str, Any]:
    """Report which pairs a model trained on, and those that it went on from.

    Args:
        pairs: all that were given.
        training: those it trained on.
        validation: those its decision was fitted on.
        start: the model that it went on from, if there is one.
    """
    before = start.training if start else {}
    return {
        "data": pairs.digest,
        "earlier_data": [*before.get("earlier_data", []), before["data"]] if start else [],
        "pairs": len(pairs),
        "training_pairs": len(training),
        "training_duplicates": int(training.labels.sum()),
        "validation_pairs": len(validation),
    }


def history_record(trainer: Trainer) -> dict[str, Any]:
    """Report how a training went."""
    state = trainer.state
    kept = trainer.kept_epoch
    return {
        "seed": trainer.settings.seed,
        "precision": "bfloat16" if trainer.bfloat16 else "float32",
        "kept_epoch": kept.epoch,
        "validation_average_precision": kept.validation_average_precision,
        "mean_similarity": kept.mean_similarity,
        "epochs": [dataclasses.asdict(summary) for summary in state.history],
        "loss_every": state.curve.stride,
        "losses": state.curve.losses,
    }


def learn(
    pairs: Pairs,
    config: Config | None = None,
    options: TrainOptions | None = None,
    *,
    reporter: Reporter | None = None,
    checkpoint: Path | None = None,
    ranks: Ranks | None = None,
    **changes: Any,
) -> Model:
    """Train a network and fit its decision.

    Of several processes, each is given the same and returns the same model.

    Args:
        pairs: labelled pairs.
        config: settings; those of the model to continue from, or the defaults, if None.
        options: how to train, with model, pairs and word vectors loaded; `logs` and `overwrite`
            are not used here.
        reporter: receives events.
        checkpoint: checkpoint file; none if None.
        ranks: the processes that train together; this one alone if None. Of several, rank 0 writes
            the checkpoint and validates.
        **changes: options by name.

    Raises:
        DataError: a label is missing, or there are duplicates of fewer than two groups.
        ConfigError: settings that do not fit `start`, or, resuming, others than before.
        TrainingStopped: a user asked to stop; `checkpoint` can be resumed.
        TrainingError: training cannot continue.
    """
    options = TrainOptions.of(options, **changes)
    validation: Pairs | None = options.validation
    start: Model | None = options.start
    vectors: VectorFile | None = options.vectors
    config = config or (start.config if start else Config())
    reporter = reporter or Silent()
    started = time.perf_counter()
    if start is not None:
        require_same_network(start, config)
    if vectors is not None:
        _require_fit(vectors, config, start)
    training, kept_out = training_and_validation(
        pairs, validation, config.training.validation_fraction, config.training.seed, reporter
    )
    tokenizer = learn_vocabulary(training, config, start)
    spelling = learn_spelling(training, tokenizer, config, start)
    batches = make_batches(training, tokenizer, config)
    data = data_record(pairs, training, kept_out, start)
    del training  # of ten million pairs, another 170 MB
    begun = None if vectors is None else look_up(vectors, tokenizer, reporter)
    model, folded = make_network(tokenizer, batches, config, start, reporter, begun)
    validate = _validator(folded, tokenizer, kept_out, config.network)
    set_up = time.perf_counter() - started
    ranks = ranks or Ranks()
    trainer = Trainer(model, batches, config.training, validate, reporter, ranks)
    if checkpoint is None and ranks.is_alone:
        trainer.run()
    else:
        identity = TrainingIdentity.of(pairs, config, validation, start, begun)
        if checkpoint is None:
            broadcast_state(trainer, identity)
            trainer.run()
        else:
            run_with_checkpoints(trainer, checkpoint, identity, options)
    trained = time.perf_counter()
    weights = {
        name: array.astype(config.network.weights).astype(np.float32)
        for name, array in folded.weights().items()
    }
    weights = fit_spelling(weights, spelling, tokenizer, kept_out, config)
    if spelling:
        reporter.note(f"shared letters count for {weights['spelling.share'][0]:.0%} of similarity")
    twin = NumpyTwin(weights, tokenizer, config.network)
    similarity = twin.similarity(kept_out.left_texts, kept_out.right_texts)
    decision = fit_decision(similarity, kept_out, config.decision)
    findings = check_fit(similarity, kept_out, decision, twin.encode, twin.similarity)
    for finding in findings:
        reporter.warn(finding.text)
    return Model(
        config=config,
        tokenizer=tokenizer,
        weights=weights,
        decision=decision,
        training={
            "gemel_version": __version__,
            "torch_version": torch.__version__,
            **data,
            "vocabulary": len(tokenizer.vocabulary),
            **({} if begun is None else {"word_vectors": begun.record}),
            **history_record(trainer),
            "seconds": round(set_up + trainer.state.elapsed + time.perf_counter() - trained, 1),
        },
    )


def _require_fit(vectors: VectorFile, config: Config, start: Model | None) -> None:
    """Refuse word vectors that words cannot begin with, before long work."""
    if start is not None:
        raise ConfigError(
            f"{vectors.path}: words begin with a file's vectors (--vectors), or with a model's "
            "(--from), not with both; leave one of the two out"
        )
    vectors.require_dim(config.network.d_model)


def _validator(
    folded: FoldedWeights, tokenizer: Tokenizer, validation: Pairs, network: NetworkConfig
) -> Callable[[], Validation]:
    questions = validation.left_texts + validation.right_texts

    def validate() -> Validation:
        twin = NumpyTwin(folded.weights(), tokenizer, network)
        vectors = twin.encode(questions)
        scores = twin.score(*np.split(vectors, 2))
        threshold = fit_cuts(scores, validation.labels, DecisionConfig()).threshold
        return Validation(
            average_precision=Ranking(scores, validation.labels).average_precision(),
            accuracy=count_confusion(scores >= threshold, validation.labels).accuracy,
            mean_similarity=mean_similarity(vectors),
        )

    return validate
