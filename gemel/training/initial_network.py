"""Initial batches and network: random, from a model, or from word vectors."""

import time

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from gemel.config import Config
from gemel.data import Batches, Contrasts, PairGraph, Pairs, Slips
from gemel.data.word_vectors import VectorFile, WordVectors
from gemel.errors import ConfigError, DataError
from gemel.folder import Model
from gemel.layers import ComposedEmbedding, SubwordEmbedding
from gemel.models import SiameseModel, get_weights, set_weights
from gemel.text import TOKENS, Rules, Tokenizer, TokenTable
from gemel.training.reporters import Reporter


class FoldedWeights:
    """Converts between a network's parameters and the weights of a model folder.

    Where known words are composed too, the folder's table holds the sum.
    """

    def __init__(self, model: SiameseModel, tokenizer: Tokenizer):
        self.model = model
        embedding = model.processor.sublayers[0]
        self._embedding = embedding if isinstance(embedding, ComposedEmbedding) else None
        if self._embedding is not None:
            spelled = tokenizer.spell(tokenizer.vocabulary)
            self._ids, self._starts = map(torch.from_numpy, (spelled.ids, spelled.starts))

    def weights(self) -> dict[str, np.ndarray]:
        """Return a copy of the folder's weights."""
        weights = get_weights(self.model.processor, self.model.head)
        if self._embedding is not None:
            with torch.no_grad():
                folded = self._embedding.fold(*self._spelled())
            weights["embedding.weight"] = folded.cpu().numpy()
        return weights

    def unfold(self, table: np.ndarray) -> np.ndarray:
        """Return the embedding rows that give a folder's table with the current n-grams."""
        if self._embedding is None:
            return table
        with torch.no_grad():
            spelled = self._embedding.spelled.compose(*self._spelled())
        rows: np.ndarray = table - spelled.cpu().numpy()
        return rows

    def _spelled(self) -> tuple[Tensor, Tensor]:
        device = next(self.model.processor.parameters()).device
        return self._ids.long().to(device), self._starts.to(device)


_SECONDS_BETWEEN_NOTES = 15.0
_FIRST_WORD = 2


def look_up(vectors: VectorFile, tokenizer: Tokenizer, reporter: Reporter) -> WordVectors:
    """Look up a tokenizer's words, from id 2, in pretrained vectors; see `VectorFile.look_up`."""
    noted = time.monotonic()

    def note(stage: str, done: int, total: int | None) -> None:
        nonlocal noted
        now = time.monotonic()
        if now - noted > _SECONDS_BETWEEN_NOTES:
            noted = now
            reporter.note(f"{stage}: {done / (total or done or 1):.0%} read")

    found = vectors.look_up(
        tokenizer.vocabulary.words, lowercase=tokenizer.rules.lowercase, progress=note
    )
    reporter.note(str(found))
    return found


def require_same_network(start: Model, config: Config) -> None:
    """Check that settings have the network and tokenizer of a model (`ConfigError`)."""
    was, now = start.config.to_mapping(), config.to_mapping()
    for section, names in _FIXED.items():
        for name in names:
            if was[section][name] != now[section][name]:
                raise ConfigError(
                    f"{section}.{name} is {was[section][name]!r} in the model to continue from and "
                    f"cannot become {now[section][name]!r}; leave it as it is, or train anew"
                )


_FIXED = {
    "text": ("lowercase", "repair", "normalization", "nearest", "final_mark", "ngram_buckets"),
    "network": ("d_model", "masked", "n_units", "bidirectional", "pooling", "compose_all", "head"),
}


def learn_vocabulary(training: Pairs, config: Config, start: Model | None) -> Tokenizer:
    """Return a tokenizer with the words of training questions added."""
    text = config.text
    tokenizer = start.tokenizer if start else Tokenizer(rules=Rules.of(text))
    return tokenizer.learn(training.texts, training.counts, min_count=text.min_count)


def copy_weights(
    start: Model, tokenizer: Tokenizer, model: SiameseModel, folded: FoldedWeights
) -> None:
    """Copy a model's weights to a network with at least its words.

    A new word starts as its composed vector, or at random.
    """
    weights = get_weights(model.processor, model.head)
    known = len(start.tokenizer.vocabulary)
    table = weights["embedding.weight"]
    table[:known] = start.weights["embedding.weight"]
    set_weights(model.processor, {**start.weights, "embedding.weight": table}, model.head)
    embedding = model.processor.sublayers[0]
    if len(table) > known and isinstance(embedding, SubwordEmbedding):
        spelled = tokenizer.spell(list(tokenizer.vocabulary)[known:])
        with torch.no_grad():
            embedding.words.weight[known:] = embedding.compose(
                torch.from_numpy(spelled.ids).long(), torch.from_numpy(spelled.starts)
            )
    elif isinstance(embedding, ComposedEmbedding):
        rows = torch.from_numpy(folded.unfold(table))
        rows[known:] = 0
        with torch.no_grad():
            embedding.spelled.words.weight.copy_(rows)


def set_word_vectors(vectors: Float32[np.ndarray, "words dim"], model: SiameseModel) -> None:
    """Set word vectors, scaled to the length of the random ones; zero vectors are skipped."""
    weights = get_weights(model.processor, model.head)
    table = weights["embedding.weight"]
    learned = np.flatnonzero(vectors.any(axis=1))
    if len(learned):
        length = np.sqrt(np.square(table[learned]).sum(axis=1).mean())
        table[learned] = vectors[learned] * length
    set_weights(model.processor, weights, model.head)


def set_file_vectors(vectors: WordVectors, model: SiameseModel, folded: FoldedWeights) -> None:
    """Set pretrained word vectors, a row for every word from id 2, scaled by one factor.

    The factor matches the mean square of the random vectors, for which the learning rate is made.
    With `network.compose_all` a word's own row is the difference to its composed vector.
    """
    rows = _FIRST_WORD + np.flatnonzero(vectors.found)
    given = vectors.table[vectors.found]
    table = folded.weights()["embedding.weight"]
    was, now = (np.sqrt(np.square(each).sum(axis=1).mean()) for each in (table[rows], given))
    table[rows] = given * (was / now if now else 1)
    weights = get_weights(model.processor, model.head)
    weights["embedding.weight"][rows] = folded.unfold(table)[rows]
    set_weights(model.processor, weights, model.head)


def make_batches(training: Pairs, tokenizer: Tokenizer, config: Config) -> Batches:
    """Make batches of pairs; `DataError` if duplicates are of fewer than two groups."""
    settings = config.training
    graph = PairGraph.of(training, tokenizer.clean)
    table = tokenizer.encode_all(graph.questions)
    spellings, slips = table.spellings, None
    if spellings is not None:
        spellings = tokenizer.spell(tokenizer.vocabulary).joined(spellings)
        if settings.typos:
            slips = Slips.of(tokenizer, len(spellings), share=settings.typos, seed=settings.seed)
            spellings = spellings.joined(slips.spellings)
    contrasts = Contrasts.learn(table, graph, training.labels) if settings.contrasts else None
    try:
        return Batches(
            table,
            graph,
            training.labels,
            batch_size=settings.batch_size,
            labelled_negatives=settings.labelled_negatives,
            word_dropout=settings.word_dropout,
            transitive=settings.transitive,
            spellings=spellings,
            slips=slips,
            contrasts=contrasts,
            contrast_share=settings.contrasts,
            compose_all=config.network.compose_all,
            bounded=not settings.chunk_size,
            seed=settings.seed,
        )
    except ValueError as error:
        raise DataError(str(error), path=training.path) from error


def make_network(
    tokenizer: Tokenizer,
    batches: Batches,
    config: Config,
    start: Model | None,
    reporter: Reporter,
    vectors: WordVectors | None = None,
) -> tuple[SiameseModel, FoldedWeights]:
    """Make the network to train, and the converter of its weights."""
    model = _new_model(len(tokenizer.vocabulary), config)
    folded = FoldedWeights(model, tokenizer)
    if start is not None:
        copy_weights(start, tokenizer, model, folded)
    elif config.training.word_vectors == "cooccurrence":
        reporter.note("learning word vectors from the questions alone")
        shape = len(tokenizer.vocabulary), config.network.d_model
        set_word_vectors(word_vectors(batches.table, *shape, seed=config.training.seed), model)
    if vectors is not None:
        set_file_vectors(vectors, model, folded)
    reporter.note(
        f"{len(tokenizer.vocabulary):,} words in the vocabulary, "
        f"{len(batches.pairs):,} training pairs"
    )
    return model, folded


def _new_model(vocabulary_size: int, config: Config) -> SiameseModel:
    network = config.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = SiameseModel(
            vocabulary_size,
            network.d_model,
            masked=network.masked,
            ngram_buckets=config.text.ngram_buckets,
            n_units=network.n_units,
            bidirectional=network.bidirectional,
            pooling=network.pooling,
            compose_all=network.compose_all,
            head=network.head,
            dropout=config.training.dropout,
        )
        model.model, model.head  # noqa: B018 - made on first use: here, under this seed
    return model


_WINDOW = 5
"""Context words on either side, weighted by distance."""
_SMOOTHING = 0.75
"""Exponent of context frequencies; below 1 rare contexts weigh less."""
_EXTRA_DIRECTIONS, _ROUNDS = 16, 5
_NOISE = 1e-5
"""Directions below this share of the strongest are rounding noise."""
_TOKENS_AT_ONCE = 1 << 20


def word_vectors(
    table: TokenTable, words: int, dim: int, *, seed: int = 0
) -> Float32[np.ndarray, "words dim"]:
    """Compute word vectors from contexts, without labels; zeros for words without context.

    The matrix of positive pointwise mutual information is factorised to its strongest `dim`
    directions. Ids from `words` on are no contexts.

    Source: Levy and Goldberg, "Neural word embedding as implicit matrix factorization" (2014),
    smoothed as in Levy, Goldberg and Dagan (2015); the directions by subspace iteration after
    Halko, Martinsson and Tropp (2011).
    """
    keys, counts = _count(table, words)
    word, context = np.divmod(keys, words)
    weights = _information(word, context, counts, words)
    positive = np.flatnonzero(weights > 0)
    vectors = np.zeros((words, dim), np.float32)
    if len(positive):
        starts = np.searchsorted(word[positive], np.arange(words + 1))
        matrix = torch.from_numpy(context[positive]), torch.from_numpy(starts)
        rank = min(dim + _EXTRA_DIRECTIONS, words)
        found = _strongest(
            *matrix, torch.from_numpy(weights[positive].astype(np.float32)), rank, seed
        )
        width = min(dim, rank)
        vectors[:, :width] = found[:, :width]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Float32[np.ndarray, "words dim"] = np.divide(
        vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6
    )
    return unit


def _count(
    table: TokenTable, words: int
) -> tuple[Int64[np.ndarray, "cells"], Float64[np.ndarray, "cells"]]:
    """Count pairs of word and context: keys word * words + context, ascending, and weights."""
    keys, counts = np.zeros(0, np.int64), np.zeros(0)
    ends = np.searchsorted(
        table.starts,
        np.arange(_TOKENS_AT_ONCE, table.starts[-1] + _TOKENS_AT_ONCE, _TOKENS_AT_ONCE),
    )
    first = 0
    for last in np.unique(np.minimum(np.append(ends, len(table)), len(table))).tolist():
        ids = table.ids[table.starts[first] : table.starts[last]].astype(np.int64)
        rows = np.repeat(np.arange(first, last), table.lengths_of(np.arange(first, last)))
        first = last
        usable = (ids < words) & (ids != TOKENS.padding) & (ids != TOKENS.unknown)
        found, weights = [keys], [counts]
        for distance in range(1, _WINDOW + 1):
            is_pair = (rows[distance:] == rows[:-distance]) & usable[distance:] & usable[:-distance]
            left, right = ids[:-distance][is_pair], ids[distance:][is_pair]
            found += [left * words + right, right * words + left]
            weights.append(np.full(2 * len(left), (_WINDOW + 1 - distance) / _WINDOW))
        keys, place = np.unique(np.concatenate(found), return_inverse=True)
        counts = np.bincount(place, np.concatenate(weights), len(keys)).astype(np.float64)
    return keys, counts


def _information(
    word: Int64[np.ndarray, "cells"],
    context: Int64[np.ndarray, "cells"],
    counts: Float64[np.ndarray, "cells"],
    words: int,
) -> Float64[np.ndarray, "cells"]:
    """Return the pointwise mutual information of each pair."""
    seen: Float64[np.ndarray, "words"] = np.bincount(word, counts, words)
    smooth = np.power(seen, _SMOOTHING)
    expected = seen[word] * smooth[context] / smooth.sum()
    information: Float64[np.ndarray, "cells"] = np.log(counts / expected)
    return information


def _strongest(
    context: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor, rank: int, seed: int
) -> Float32[np.ndarray, "words rank"]:
    """Return each word's coordinates in the strongest directions, strongest first."""

    def times(right: torch.Tensor) -> torch.Tensor:
        return F.embedding_bag(
            context, right, starts, mode="sum", per_sample_weights=weights, include_last_offset=True
        )

    chance = torch.Generator().manual_seed(seed)
    basis = torch.randn(len(starts) - 1, rank, generator=chance)
    for _ in range(_ROUNDS):
        basis, _ = torch.linalg.qr(times(basis))
    directions, strength, _ = torch.linalg.svd(times(basis), full_matrices=False)
    strength[strength < _NOISE * strength[0]] = 0
    # Each direction is weighed by the root of its strength, as Levy et al. do.
    found: Float32[np.ndarray, "words rank"] = (directions * strength.sqrt()).numpy()
    found[starts[1:] == starts[:-1]] = 0
    return found
