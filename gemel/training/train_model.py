"""From labelled pairs to a model that can answer."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gemel.config import Config, DecisionConfig, NetworkConfig, TrainOptions
from gemel.data import Pairs
from gemel.data.word_vectors import VectorFile
from gemel.errors import ConfigError
from gemel.evaluation import (
    Ranking,
    check_fit,
    count_confusion,
    fit_cuts,
    fit_decision,
)
from gemel.folder import Model
from gemel.inference import NumpyTwin
from gemel.text import Tokenizer
from gemel.training.checkpoint_schedule import CheckpointSchedule
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
from gemel.training.spelling_weight import fit_spelling, learn_spelling
from gemel.training.state_broadcast import broadcast_state
from gemel.training.trainer import Trainer, Validation
from gemel.training.training_identity import TrainingIdentity
from gemel.training.training_record import data_record, history_record
from gemel.training.validation_split import training_and_validation
from gemel.version import __version__


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
    elif checkpoint is None:
        broadcast_state(trainer, TrainingIdentity.of(pairs, config, validation, start, begun))
        trainer.run()
    else:
        identity = TrainingIdentity.of(pairs, config, validation, start, begun)
        CheckpointSchedule(checkpoint, identity, options).run(trainer)
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
