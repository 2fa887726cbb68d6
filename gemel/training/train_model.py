"""From labelled pairs to a model, and to its folder with checkpoint, logs and picture."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32

from gemel.config import Config, DecisionConfig, NetworkConfig, TrainOptions
from gemel.data import PairGraph, Pairs, deal_crossing, hold_out, measure_overlap
from gemel.data.word_vectors import VectorFile
from gemel.errors import ConfigError, DataError, FolderError, MissingExtraError
from gemel.evaluation import Ranking, check_fit, count_confusion, fit_cuts, fit_decision, fit_share
from gemel.folder import Model, save_model
from gemel.inference import NumpyTwin
from gemel.plots import draw_training, render
from gemel.text import TfIdf, Tokenizer
from gemel.training.checkpoint import TrainingIdentity, broadcast_state, run_with_checkpoints
from gemel.training.gradients import mean_similarity
from gemel.training.initial_network import (
    FoldedWeights,
    learn_vocabulary,
    look_up,
    make_batches,
    make_network,
    require_same_network,
)
from gemel.training.ranks import Ranks
from gemel.training.reporters import LOG, Reporter, Several, Silent, open_logs
from gemel.training.trainer import Trainer, Validation
from gemel.version import __version__


def training_and_validation(
    pairs: Pairs, validation: Pairs | None, fraction: float, seed: int, reporter: Reporter
) -> tuple[Pairs, Pairs]:
    """Hold out pairs for validation, by connected component, unless validation pairs are given.

    Raises:
        DataError: a part lacks a label that it needs.
    """
    if not pairs.labels.any():
        pairs.require_both_labels("training pairs")
    if validation is not None:
        validation.require_both_labels("validation pairs")
        if pairs.digest == validation.digest:
            raise DataError("the validation pairs are the training pairs", path=validation.path)
        overlap = measure_overlap(PairGraph.of(pairs), PairGraph.of(validation))
        reporter.note(
            f"{overlap.shared_questions:,} of {overlap.questions:,} different validation questions "
            "are in training pairs"
        )
        return pairs, validation
    pairs.require_both_labels(
        "training pairs", ", or validation pairs that have both (--validation)"
    )
    graph = PairGraph.of(pairs)
    split = hold_out(graph, fraction, seed)
    parts = deal_crossing(split, graph, seed)
    hint = "; raise training.validation_fraction or give validation pairs"
    held_out = pairs.select(parts == 0)
    held_out.require_both_labels("pairs held out for validation", hint)
    training = pairs.select(parts == 1)
    training.require_both_labels("pairs left for training", hint)
    reporter.note(
        f"{len(training):,} pairs to train on, {len(held_out):,} held out for validation "
        f"({held_out.prevalence:.1%} duplicates)"
    )
    if split.crossing_pairs:
        reporter.note(
            f"{split.crossing_pairs:,} pairs have a question on each side: the component that they "
            "link is too large to keep whole"
        )
    return training, held_out


def _spelling_idf(
    training: Pairs, tokenizer: Tokenizer, config: Config, start: Model | None
) -> Float32[np.ndarray, "buckets"] | None:
    """Return n-gram weights: those of the model to continue from, if it has them."""
    buckets = config.text.spelling_buckets
    if not buckets:
        return None
    if start is not None and start.config.text.spelling_buckets == buckets:
        return start.weights["spelling.idf"]
    return _rounded(TfIdf.learn(training.texts, buckets, tokenizer.clean).idf, config)


def _spelling_share(
    idf: Float32[np.ndarray, "buckets"], network: NumpyTwin, validation: Pairs, config: Config
) -> Float32[np.ndarray, "1"]:
    sides = validation.left_texts, validation.right_texts
    alike = TfIdf(idf, network.tokenizer.clean)(*sides)
    similarity = network.similarity(*sides).astype(np.float64)
    return _rounded(np.array([fit_share(similarity, alike, validation.labels)]), config)


def _rounded(array: np.ndarray, config: Config) -> Float32[np.ndarray, "..."]:
    return array.astype(config.network.weights).astype(np.float32)


def data_record(
    pairs: Pairs, training: Pairs, validation: Pairs, start: Model | None
) -> dict[str, Any]:
    """Return the record of the pairs that a model and its predecessors were trained on."""
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
    """Return the record of a training's progress."""
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

    Of several processes, each is given the same and returns the same model; rank 0 writes the
    checkpoint and validates.

    Args:
        pairs: labelled pairs.
        config: those of the model to continue from, or the defaults, if None.
        options: with model, pairs and word vectors loaded; `logs` and `overwrite` are not used.
        reporter: receives events.
        checkpoint: checkpoint file; none if None.
        ranks: the processes that train together; this one alone if None.
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
        if start is not None:
            raise ConfigError(
                f"{vectors.path}: words begin with a file's vectors (--vectors), or with a model's "
                "(--from), not with both; leave one of the two out"
            )
        vectors.require_dim(config.network.d_model)
    settings = config.training
    training, held_out = training_and_validation(
        pairs, validation, settings.validation_fraction, settings.seed, reporter
    )
    tokenizer = learn_vocabulary(training, config, start)
    idf = _spelling_idf(training, tokenizer, config, start)
    batches = make_batches(training, tokenizer, config)
    data = data_record(pairs, training, held_out, start)
    del training  # of ten million pairs, another 170 MB
    begun = None if vectors is None else look_up(vectors, tokenizer, reporter)
    model, folded = make_network(tokenizer, batches, config, start, reporter, begun)
    validate = _validator(folded, tokenizer, held_out, config.network)
    set_up = time.perf_counter() - started
    ranks = ranks or Ranks()
    trainer = Trainer(model, batches, settings, validate, reporter, ranks)
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
    weights = {name: _rounded(array, config) for name, array in folded.weights().items()}
    twin = NumpyTwin(weights, tokenizer, config.network)
    if idf is not None:
        share = _spelling_share(idf, twin, held_out, config)
        reporter.note(f"shared letters count for {share[0]:.0%} of similarity")
        weights |= {"spelling.idf": idf, "spelling.share": share}
        twin = NumpyTwin(weights, tokenizer, config.network)
    similarity = twin.similarity(held_out.left_texts, held_out.right_texts)
    decision = fit_decision(similarity, held_out, config.decision)
    for finding in check_fit(similarity, held_out, decision, twin.encode, twin.similarity):
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


def measure(
    similarity: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
    vectors: Float[np.ndarray, "questions dim"],
) -> Validation:
    """Return the figures of validation pairs and their questions' vectors."""
    threshold = fit_cuts(similarity, labels, DecisionConfig()).threshold
    return Validation(
        average_precision=Ranking(similarity, labels).average_precision(),
        accuracy=count_confusion(similarity >= threshold, labels).accuracy,
        mean_similarity=mean_similarity(vectors),
    )


def _validator(
    folded: FoldedWeights, tokenizer: Tokenizer, validation: Pairs, network: NetworkConfig
) -> Callable[[], Validation]:
    questions = validation.left_texts + validation.right_texts

    def validate() -> Validation:
        twin = NumpyTwin(folded.weights(), tokenizer, network)
        vectors = twin.encode(questions)
        return measure(twin.score_vectors(*np.split(vectors, 2)), validation.labels, vectors)

    return validate


def checkpoint_of(out: Path) -> Path:
    """Name the file next to a model folder that holds its training while it lasts."""
    out = out if out.name not in ("", "..") else out.resolve()
    return out.with_name(f"{out.name}.checkpoint")


def train_to_folder(
    pairs: Pairs,
    out: Path,
    options: TrainOptions,
    *,
    config: Config | None,
    reporter: Reporter,
    ranks: Ranks | None = None,
) -> Model:
    """Train with a checkpoint next to the folder `out`, removed when the folder is written.

    Of several processes only rank 0 writes and reports. Further arguments and errors: see `learn`.

    Raises:
        FolderError: there is a checkpoint or a log, and neither `resume` nor `overwrite`.
        ConfigError: the logs would be in the model folder.
    """
    checkpoint = checkpoint_of(out)
    train = functools.partial(learn, pairs, config, options, checkpoint=checkpoint, ranks=ranks)
    if ranks is not None and not ranks.is_first:
        return train(reporter=Silent())
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    may_exist = options.resume or options.overwrite
    if checkpoint.exists() and not may_exist:
        raise FolderError(
            f"{checkpoint}: holds a training that was not finished; "
            "add --resume to resume it, or --overwrite to begin again"
        )
    with contextlib.ExitStack() as stack:
        if options.logs is not None:
            logs = Path(options.logs)
            if logs.resolve().is_relative_to(out.resolve()):
                raise ConfigError(f"{logs}: the logs cannot be in the model folder; choose another")
            if (logs / LOG).exists() and not may_exist:
                raise FolderError(
                    f"{logs / LOG}: the log of another training; name another folder, or add "
                    "--overwrite"
                )
            reporter = Several([reporter, *stack.enter_context(open_logs(logs, reporter))])
        model = train(reporter=reporter)
    save_model(model, out, picture=draw_picture(model, reporter), overwrite=options.overwrite)
    checkpoint.unlink(missing_ok=True)
    return model


def draw_picture(model: Model, reporter: Reporter) -> bytes | None:
    """Draw the loss; None, with a note, if that fails."""
    try:
        return render(draw_training(model.training))
    except MissingExtraError as error:
        reporter.note(f"no picture of the loss: {error}")
    except Exception as error:  # whatever goes wrong with a picture, the model is worth more
        reporter.warn(f"no picture of the loss: {error}")
    return None
