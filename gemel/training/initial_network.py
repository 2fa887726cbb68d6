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


class Folding:
    """Gives the weights of a model folder while, and after, a network is trained.

    Where known words are read by their spelling too, the folder's table holds the sum of both.

    Args:
        model: the network, in mode "train".
        tokenizer: its tokenizer.
    """

    def __init__(self, model: SiameseModel, tokenizer: Tokenizer):
        self.model = model
        embedding = model.processor.sublayers[0]
        self._embedding = embedding if isinstance(embedding, ComposedEmbedding) else None
        if self._embedding is not None:
            spelled = tokenizer.spell(tokenizer.vocabulary)
            self._ids, self._starts = map(torch.from_numpy, (spelled.ids, spelled.starts))

    def weights(self) -> dict[str, np.ndarray]:
        """Copy the weights, folded."""
        weights = get_weights(self.model.processor, self.model.head)
        if self._embedding is not None:
            with torch.no_grad():
                folded = self._embedding.fold(*self._spelled())
            weights["embedding.weight"] = folded.cpu().numpy()
        return weights

    def unfold(self, table: np.ndarray) -> np.ndarray:
        """Return the rows that, with the spellings the network has now, make a folder's table."""
        if self._embedding is None:
            return table
        with torch.no_grad():
            spelled = self._embedding.spelled.compose(*self._spelled())
        rows: np.ndarray = table - spelled.cpu().numpy()
        return rows

    def _spelled(self) -> tuple[Tensor, Tensor]:
        """Return how all words are spelled, where the network is."""
        device = next(self.model.processor.parameters()).device
        return self._ids.long().to(device), self._starts.to(device)


_EVERY = 15.0
"""Seconds between two lines of news."""


def look_up(vectors: VectorFile, tokenizer: Tokenizer, reporter: Reporter) -> WordVectors:
    """Look up all words that a tokenizer knows.

    Args:
        vectors: where.
        tokenizer: its words; where it drops case, so does the looking up.
        reporter: receives continues, and how many words were found.

    Returns:
        A row for every word, from id 2 on.

    Raises:
        DataError: see `VectorFile.look_up`.
    """
    spoken = time.monotonic()

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal spoken
        now = time.monotonic()
        if now - spoken > _EVERY:
            spoken = now
            reporter.say(f"{stage}: {done / (total or done or 1):.0%} read")

    found = vectors.look_up(
        tokenizer.vocabulary.words, lowercase=tokenizer.rules.lowercase, progress=tell
    )
    reporter.say(str(found))
    return found


_FIRST = 2
"""Id of a vocabulary's first word; before it are the unknown word and padding."""


def require_same_network(start: Model, config: Config) -> None:
    """Refuse settings for another network, or another reading of words, than the model's.

    Raises:
        ConfigError: names the setting.
    """
    was, now = start.config.to_mapping(), config.to_mapping()
    for section, name in _FIXED:
        if was[section][name] != now[section][name]:
            raise ConfigError(
                f"{section}.{name} is {was[section][name]!r} in the model to continue from and "
                f"cannot become {now[section][name]!r}; leave it as it is, or train anew"
            )


_FIXED = (
    ("text", "lowercase"),
    ("text", "repair"),
    ("text", "normalization"),
    ("text", "nearest"),
    ("text", "final_mark"),
    ("text", "ngram_buckets"),
    ("network", "d_model"),
    ("network", "masked"),
    ("network", "n_units"),
    ("network", "bidirectional"),
    ("network", "pooling"),
    ("network", "compose_all"),
    ("network", "head"),
)


def learn_words(training: Pairs, config: Config, start: Model | None) -> Tokenizer:
    """Learn the words of training questions, on top of those that a model knows."""
    text = config.text
    tokenizer = start.tokenizer if start else Tokenizer(rules=Rules.of(text))
    return tokenizer.learn(training.texts, training.counts, min_count=text.min_count)


def begin_with(start: Model, tokenizer: Tokenizer, model: SiameseModel, folded: Folding) -> None:
    """Copy a model's weights into a network of at least its words.

    A new word begins as what its spelling gave so far, where words are spelled; else at random.

    Args:
        start: the model.
        tokenizer: its tokenizer, grown.
        model: the network to change.
        folded: reads and writes its table of words.
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


def begin_with_vectors(vectors: Float32[np.ndarray, "words dim"], model: SiameseModel) -> None:
    """Have words begin with these vectors, made as long as the random ones they replace.

    Args:
        vectors: unit vectors; a word whose vector is zero keeps its random one.
        model: the network to change.
    """
    weights = get_weights(model.processor, model.head)
    table = weights["embedding.weight"]
    learned = np.flatnonzero(vectors.any(axis=1))
    if len(learned):
        length = np.sqrt(np.square(table[learned]).sum(axis=1).mean())
        table[learned] = vectors[learned] * length
    set_weights(model.processor, weights, model.head)


def begin_with_file(vectors: WordVectors, model: SiameseModel, folded: Folding) -> None:
    """Have the words that a file has begin with its vectors, all made smaller by one factor.

    The factor makes them as long, by their mean square, as the random ones that they replace: at
    the length that files have them the LSTM, and steps made for random ones, learn worse.

    Other words stay as they are, and so do the n-grams that unknown words are composed from: what
    a spelling means is learned as ever. Where known words are read by their spelling too
    (`network.compose_all`), a word's own row begins as what its spelling lacks to the vector.

    Args:
        vectors: a row for every word, from id 2 on.
        model: the network to change.
        folded: reads and writes its table of words.
    """
    rows = _FIRST + np.flatnonzero(vectors.found)
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
        DataError: there are duplicates of fewer than two groups.
    """
    graph = PairGraph.of(training, tokenizer.clean)
    table = tokenizer.encode_all(graph.questions)
    spellings, slips = table.spellings, None
    if spellings is not None:
        spellings = tokenizer.spell(tokenizer.vocabulary).joined(spellings)
        if config.training.typos:
            slips = Slips.of(
                tokenizer,
                len(spellings),
                share=config.training.typos,
                seed=config.training.seed,
            )
            spellings = spellings.joined(slips.spellings)
    contrasts = None
    if config.training.contrasts:
        contrasts = Contrasts.learn(table, graph, training.labels)
    try:
        return Batches(
            table,
            graph,
            training.labels,
            batch_size=config.training.batch_size,
            labelled_negatives=config.training.labelled_negatives,
            word_dropout=config.training.word_dropout,
            transitive=config.training.transitive,
            spellings=spellings,
            slips=slips,
            contrasts=contrasts,
            contrast_share=config.training.contrasts,
            compose_all=config.network.compose_all,
            bounded=not config.training.chunk_size,
            seed=config.training.seed,
        )
    except ValueError as error:
        raise DataError(str(error), path=training.path) from error


def begin_network(
    tokenizer: Tokenizer,
    batches: Batches,
    config: Config,
    start: Model | None,
    reporter: Reporter,
    vectors: WordVectors | None = None,
) -> tuple[SiameseModel, Folding]:
    """Make the network to train, and what reads its weights.

    Args:
        tokenizer: knows the words.
        batches: what it should train on.
        config: the settings.
        start: a model to continue from, if there is one.
        reporter: receives begins with.
        vectors: of others, that words begin with, if there are such.
    """
    model = _new_model(len(tokenizer.vocabulary), config)
    folded = Folding(model, tokenizer)
    if start is not None:
        begin_with(start, tokenizer, model, folded)
    elif config.training.word_vectors == "cooccurrence":
        reporter.say("learning word vectors from the questions alone")
        shape = len(tokenizer.vocabulary), config.network.d_model
        begin_with_vectors(word_vectors(batches.table, *shape, seed=config.training.seed), model)
    if vectors is not None:
        begin_with_file(vectors, model, folded)
    reporter.say(
        f"{len(tokenizer.vocabulary):,} words in the vocabulary, "
        f"{len(batches.pairs):,} pairs to train on"
    )
    return model, folded


def _new_model(vocabulary_size: int, config: Config) -> SiameseModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        model = SiameseModel(
            vocabulary_size,
            config.network.d_model,
            "train",
            masked=config.network.masked,
            ngram_buckets=config.text.ngram_buckets,
            n_units=config.network.n_units,
            bidirectional=config.network.bidirectional,
            pooling=config.network.pooling,
            compose_all=config.network.compose_all,
            head=config.network.head,
            dropout=config.training.dropout,
        )
        model.model, model.head  # noqa: B018 - made on first use: here, under this seed
    return model
