"""Which weights a network has."""

from gemel.config import Config


def weight_shapes(config: Config, words: int, ngram_buckets: int) -> dict[str, tuple[int, ...]]:
    """Give name and shape of every array in a model folder.

    `embedding.weight` gives known words their vectors, `ngrams.weight` composes others;
    `lstm_backwards` reads from right to left; the gates of an LSTM stand in the order input,
    forget, new, output; `head` judges two vectors; `spelling.idf` says what each letter group
    weighs that two questions share, `spelling.share` what all that counts beside the network.

    Args:
        config: the settings.
        words: size of the vocabulary.
        ngram_buckets: rows of the table of n-grams; 0 if there is none.
    """
    network, spelling = config.network, config.text.spelling_buckets
    depth, units, dim = network.d_model, network.units, network.dim
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (words, depth)}
    if ngram_buckets:
        shapes["ngrams.weight"] = (ngram_buckets, depth)
    for lstm in ["lstm", "lstm_backwards"][: 1 + network.bidirectional]:
        shapes[f"{lstm}.weight_ih"] = (4 * units, depth)
        shapes[f"{lstm}.weight_hh"] = (4 * units, units)
        shapes[f"{lstm}.bias"] = (4 * units,)
    if network.head:
        shapes["head.hidden.weight"] = (network.head, 2 * dim + 1)
        shapes["head.hidden.bias"] = (network.head,)
        shapes["head.last.weight"] = (1, network.head)
        shapes["head.last.bias"] = (1,)
    if spelling:
        shapes["spelling.idf"] = (spelling,)
        shapes["spelling.share"] = (1,)
    return shapes
