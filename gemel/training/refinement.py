"""Train on a few pairs on top of a model."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from gemel.config import REFINING, Config
from gemel.data import PairGraph, Pairs, merge_pairs, split_by_component
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation import FEW, Refit, check_fit, fit_decision, judge_scored
from gemel.folder import Model, save_model
from gemel.inference import NumpyTwin
from gemel.notebook import shown
from gemel.training.initial_network import (
    learn_vocabulary,
    make_batches,
    make_network,
    require_same_network,
)
from gemel.training.reporters import Reporter, Silent
from gemel.training.train_model import (
    data_record,
    draw_picture,
    history_record,
    measure,
    training_and_validation,
)
from gemel.training.trainer import Trainer, Validation
from gemel.version import __version__


def choose_replay(known: Pairs, added: Pairs, seed: int) -> Pairs:
    """Sample known pairs, as many as new ones (five each drowned them), without the new ones."""
    new = {frozenset(pair) for pair in zip(added.left_texts, added.right_texts, strict=True)}
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(known), bool)
    unlike = (
        row
        for row in random.permutation(len(known)).tolist()
        if frozenset((known.texts[known.left[row]], known.texts[known.right[row]])) not in new
    )
    chosen[list(itertools.islice(unlike, len(added)))] = True
    return known.select(chosen)


_STEP = 0.75
"""Interpolation between the weights before and after. Source: Wortsman et al. (2022), Robust
fine-tuning of zero-shot models."""
_FOLDS = 4
_LEAST = 10
"""Minimum pairs of either label."""


@shown(lambda it: {"model": it.model, "pairs": len(it.added.after.pairs)})
@dataclass(frozen=True, kw_only=True)
class Refined:
    """A refined model, compared with the one before."""

    model: Model
    added: Refit
    """Both on the added pairs, each scored by a network not trained on it."""
    known: Refit | None
    """Both on held-out known pairs, if given."""


def refine(
    start: Model,
    added: Pairs,
    *,
    known: Pairs | None = None,
    config: Config | None = None,
    reporter: Reporter | None = None,
) -> Refined:
    """Train on a few pairs, and fit the decision by networks that have not seen them.

    The pairs are split into four folds by connected component. Four networks train on three folds
    each and score the fourth; the decision is fitted on these scores. The final network trains on
    all.

    Args:
        start: model to continue from.
        added: labelled pairs.
        known: known pairs: some are replayed, some held out to measure forgetting.
        config: those of `start` changed by `REFINING`, if None.
        reporter: receives events.

    Raises:
        DataError: fewer than ten pairs of a label, or too few groups in three folds.
        ConfigError: settings that do not fit `start`.
    """
    config = config or start.config.replace(REFINING)
    reporter = reporter or Silent()
    begun = time.perf_counter()
    require_same_network(start, config)
    same = int(added.labels.sum())
    if min(same, len(added) - same) < _LEAST:
        raise DataError(
            f"to train on pairs takes at least {_LEAST} that ask the same and {_LEAST} that do "
            f"not; there are {same} and {len(added) - same}: decide more (gemel review), or fit "
            "the threshold alone (gemel fit), for which one of either is enough",
            path=added.path,
        )
    replay, held_out = _known_parts(known, added, start, config, reporter)
    scores = _score_unseen(start, added, replay, config, reporter)
    reporter.note("learning from all of them")
    network = _Network(start, [added, *replay], config, reporter)
    epochs = iter(scores)
    history = network.learn(
        lambda: measure(next(epochs), added.labels, network.twin().encode(added.texts))
    )
    data = data_record(added, added, added, start)
    if known is not None and known.digest not in data["earlier_data"]:
        data["earlier_data"].append(known.digest)
    model = Model(
        config=config,
        tokenizer=network.tokenizer,
        weights=network.weights(),
        decision=fit_decision(scores[-1], added, config.decision, steady=len(added) < FEW),
        training={
            "gemel_version": __version__,
            "torch_version": torch.__version__,
            **data,
            "replayed_pairs": sum(map(len, replay)),
            "vocabulary": len(network.tokenizer.vocabulary),
            **history,
            "seconds": round(time.perf_counter() - begun, 1),
        },
    )
    twin = network.twin()
    refined = Refined(
        model=model,
        added=replace(
            _compare(start, model.decision, added, scores[-1]),
            findings=check_fit(scores[-1], added, model.decision, twin.encode, twin.similarity),
        ),
        known=None
        if held_out is None
        else _compare(start, model.decision, held_out, _similarity(twin, held_out)),
    )
    for finding in refined.added.findings:
        reporter.warn(finding.text)
    return refined


class _Network:
    """A network trained from a model, with interpolated weights."""

    def __init__(self, start: Model, parts: Sequence[Pairs], config: Config, reporter: Reporter):
        self.start, self.config, self.reporter = start, config, reporter
        pairs = merge_pairs(parts)
        self.tokenizer = learn_vocabulary(pairs, config, start)
        self.batches = make_batches(pairs, self.tokenizer, config)
        self.model, self.folded = make_network(
            self.tokenizer, self.batches, config, start, reporter
        )

    def learn(self, validate: Callable[[], Validation]) -> dict[str, Any]:
        """Train, and return the record."""
        settings = self.config.training
        trainer = Trainer(self.model, self.batches, settings, validate, self.reporter)
        trainer.run()
        return history_record(trainer)

    def weights(self) -> dict[str, np.ndarray]:
        """Return the folder's weights; spelling is unchanged."""
        weights = dict(self.start.weights)
        for name, learned in self.folded.weights().items():
            before = weights[name]
            mixed = learned.copy()  # new words have no row before
            mixed[: len(before)] = _STEP * learned[: len(before)] + (1 - _STEP) * before
            weights[name] = mixed.astype(self.config.network.weights).astype(np.float32)
        return weights

    def twin(self) -> NumpyTwin:
        """Return the network for prediction."""
        return NumpyTwin(self.weights(), self.tokenizer, self.config.network)


def _known_parts(
    known: Pairs | None, added: Pairs, start: Model, config: Config, reporter: Reporter
) -> tuple[list[Pairs], Pairs | None]:
    """Sample the pairs to replay, and hold out known pairs."""
    if known is None:
        return [], None
    own = start.config.training  # for the same pairs, the same ones are held out
    rest, held_out = training_and_validation(
        known, None, own.validation_fraction, own.seed, Silent()
    )
    replay = choose_replay(rest, added, config.training.seed)
    reporter.note(
        f"{len(replay):,} known pairs are learned once more along with them; {len(held_out):,} "
        "others, held out, will tell what was forgotten"
    )
    return [replay], held_out


def _score_unseen(
    start: Model, added: Pairs, replay: Sequence[Pairs], config: Config, reporter: Reporter
) -> Float[np.ndarray, "epochs pairs"]:
    """Return similarities of pairs by networks not trained on them."""
    graph = PairGraph.of(added, start.tokenizer.clean)
    split = split_by_component(graph, [1 / _FOLDS] * _FOLDS, config.training.seed)
    scores = np.zeros((config.training.epochs, len(added)))
    for part in range(_FOLDS):
        unseen = split.ends[0] == part  # all pairs are judged once, also those between two parts
        learned = split.outside(part)
        reporter.note(
            f"learning from {int(learned.sum()):,} of the pairs, to judge the other "
            f"{int(unseen.sum()):,}: part {part + 1} of {_FOLDS}"
        )
        if unseen.any():
            network = _Network(start, [added.select(learned), *replay], config, Silent())
            network.learn(_recorder(network, added, unseen, scores))
    return scores


def _recorder(
    network: _Network,
    added: Pairs,
    unseen: Bool[np.ndarray, "pairs"],
    scores: Float[np.ndarray, "epochs pairs"],
) -> Callable[[], Validation]:
    """Return a validation that records the similarities of unseen pairs after each epoch."""
    pairs, epochs = added.select(unseen), iter(scores)

    def record() -> Validation:
        next(epochs)[unseen] = _similarity(network.twin(), pairs)
        return Validation(average_precision=0.0, accuracy=0.0, mean_similarity=0.0)  # not reported

    return record


def _compare(
    start: Model, decision: Decision, pairs: Pairs, similarity: Float[np.ndarray, "pairs"]
) -> Refit:
    """Judge pairs by both decisions."""
    before = _similarity(NumpyTwin(start.weights, start.tokenizer, start.config.network), pairs)
    prevalence = decision.settings.prevalence
    return Refit(
        before=judge_scored(pairs, before, start.decision, prevalence=prevalence),
        after=judge_scored(pairs, similarity, decision, prevalence=prevalence),
    )


def _similarity(twin: NumpyTwin, pairs: Pairs) -> Float[np.ndarray, "pairs"]:
    similarity: Float[np.ndarray, "pairs"] = twin.similarity(pairs.left_texts, pairs.right_texts)
    return similarity


def refine_to_folder(
    start: Model,
    added: Pairs,
    out: Path,
    *,
    known: Pairs | None,
    config: Config | None,
    reporter: Reporter,
    overwrite: bool,
) -> Refined:
    """Train on a few pairs on top of a model, and write the folder; see `refine`."""
    refined = refine(start, added, known=known, config=config, reporter=reporter)
    picture = draw_picture(refined.model, reporter)
    save_model(refined.model, out, picture=picture, overwrite=overwrite)
    return refined
