"""Initial batches and network: random, from a model, or from word vectors."""

import time

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from gemel.config import Config
from gemel.data import Batches, Contrasts, PairGraph, Pairs, Slips
from gemel.data.word_vectors import VectorFile, WordVectors
from gemel.errors import ConfigError, DataError
from gemel.folder import Model
from gemel.layers import ComposedEmbedding, SubwordEmbedding
from gemel.models import SiameseModel, get_weights, set_weights
from gemel.text import Rules, Tokenizer
from gemel.training.cooccurrence import word_vectors
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
    """Check that settings have the network and tokenizer of a model.

    Raises:
        ConfigError: names the setting.
    """
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
    """Make batches of pairs.

    Raises:
        DataError: duplicates of fewer than two groups.
    """
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
