"""What a training works on: batches of pairs, and a network that has not learned from them yet."""

import torch

from gemel.config import Config
from gemel.data import Batches, Contrasts, PairGraph, Pairs, Slips
from gemel.data.word_vectors import WordVectors
from gemel.errors import DataError
from gemel.folder import Model
from gemel.models import SiameseModel
from gemel.text import Tokenizer
from gemel.training.cooccurrence import word_vectors
from gemel.training.folding import Folding
from gemel.training.initial_network import begin_with, begin_with_file, begin_with_vectors
from gemel.training.reporters import Reporter


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
        batches: what it shall learn from.
        config: the settings.
        start: a model to go on from, if there is one.
        reporter: is told what it begins with.
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
        f"{len(batches.pairs):,} pairs to learn from"
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
