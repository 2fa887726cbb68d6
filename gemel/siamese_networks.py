"""The Trax notebook's names over this library: a notebook changes its import lines only.

import gemel.layers as tl
from gemel.siamese_networks import DataLoader, TOKENS, SiameseModel
"""

import functools
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from gemel.data import Pairs, read_pairs
from gemel.layers import Fn, Parallel
from gemel.layers import normalize as normalize_tensor
from gemel.losses import in_batch_triplet_loss
from gemel.models import SiameseModel
from gemel.samples import HELPDESK
from gemel.text import TOKENS, Rules, Tokenizer, Tokens, TokenTable, next_power_of_two

__all__ = [
    "AXIS",
    "CONSTANTS",
    "TOKENS",
    "Axis",
    "Constants",
    "Data",
    "DataGenerator",
    "DataLoader",
    "Question",
    "Siamese",
    "SiameseModel",
    "Tokens",
    "normalize",
    "triplet_loss",
    "triplet_loss_layer",
]

QUORA_ROWS, TRAINING_ROWS = 404_290, 300_000
"""Rows of the notebook's file, and how many of them it trained on."""


class Axis(NamedTuple):
    """Axes of a matrix."""

    columns: int
    last: int


class Constants(NamedTuple):
    """The notebook's constants."""

    model_depth: int
    axis: Axis


AXIS = Axis(columns=1, last=-1)
CONSTANTS = Constants(model_depth=128, axis=AXIS)


def normalize(x: Any) -> Float[Tensor, "... dim"]:
    """Scale vectors along the last axis to length 1: of a tensor or a NumPy array, as a tensor."""
    tensor = torch.as_tensor(x)
    return normalize_tensor(tensor if tensor.is_floating_point() else tensor.float())


def triplet_loss(v1: Any, v2: Any, margin: float = 0.25) -> Float[Tensor, ""]:
    """Compute the notebook's loss of two batches of unit vectors, tensors or NumPy arrays.

    Row i of each are duplicates; see `gemel.losses.in_batch_triplet_loss`.
    """
    return in_batch_triplet_loss(torch.as_tensor(v1), torch.as_tensor(v2), margin)


def triplet_loss_layer(margin: float = 0.25) -> Fn:
    """Return the loss as a layer of two inputs, to follow the network in `Serial`."""
    return Fn("TripletLoss", lambda v1, v2: triplet_loss(v1, v2, margin))


def Siamese(  # noqa: N802 - the notebook's name
    vocab_size: int | None = None, d_model: int = CONSTANTS.model_depth, mode: str = "train"
) -> Parallel:
    """Make the network; see `SiameseModel`.

    The size is that of the default loader's vocabulary if `vocab_size` is None.
    """
    if vocab_size is None:
        vocab_size = len(_default_loader().vocabulary)
    return SiameseModel(vocab_size, d_model, mode).model


class Question(NamedTuple):
    """The two sides of some pairs, as token ids."""

    question_one: list[list[int]]
    question_two: list[list[int]]


class Data(NamedTuple):
    """The notebook's three parts; `train` and `validate` hold duplicates only."""

    train: Question
    validate: Question
    test: Question
    y_test: Bool[np.ndarray, "pairs"]
    """Whether each pair of `test` asks the same."""


class _Vocabulary(dict[str, int]):
    """A dictionary with the unknown id for other words, which it does not add."""

    def __missing__(self, word: str) -> int:
        return TOKENS.unknown


class DataLoader:
    """Reads Quora's file and splits it as the notebook did.

    The duplicates among the first 300,000 rows (of a smaller file: the same share of its rows)
    are split 80/20 into `train` and `validate`; the rows after them, of either label, are `test`.

    Args:
        path: a file of pairs; None: the environment's QUORA_TRAIN, or else the sample of
            gemel; it is printed.
        training_rows: number of rows to train on; None is the notebook's share.
        train_fraction: share of the duplicates for `train`.

    Raises:
        DataError: the file cannot be read as pairs.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        training_rows: int | None = None,
        train_fraction: float = 0.8,
    ):
        default = os.environ.get("QUORA_TRAIN") or HELPDESK
        self.path = Path(default if path is None else path)
        self.training_rows = training_rows
        self.train_fraction = train_fraction
        if path is None:
            print(f"DataLoader reads {self.path}", file=sys.stderr)  # noqa: T201 - as promised

    @functools.cached_property
    def _pairs(self) -> Pairs:
        return read_pairs(self.path)

    @functools.cached_property
    def _known(self) -> Bool[np.ndarray, "pairs"]:
        """True for the rows to train on."""
        rows = self.training_rows
        if rows is None:
            rows = min(TRAINING_ROWS, round(len(self._pairs) * TRAINING_ROWS / QUORA_ROWS))
        return np.arange(len(self._pairs)) < rows

    @functools.cached_property
    def _tokenizer(self) -> Tokenizer:
        same = self._pairs.select(self._known & self._pairs.labels)
        return Tokenizer(rules=Rules(lowercase=False)).learn(same.texts, same.counts)

    @functools.cached_property
    def vocabulary(self) -> dict[str, int]:
        """Token to id, of the words in training questions; other words have the unknown id."""
        return _Vocabulary(self._tokenizer.vocabulary)

    @functools.cached_property
    def data(self) -> Data:
        """The parts, as token ids."""
        same = self._question(self._pairs.select(self._known & self._pairs.labels))
        cut = int(len(same.question_one) * self.train_fraction)
        test = self._pairs.select(~self._known)
        return Data(
            train=Question(same.question_one[:cut], same.question_two[:cut]),
            validate=Question(same.question_one[cut:], same.question_two[cut:]),
            test=self._question(test),
            y_test=test.labels,
        )

    def _question(self, pairs: Pairs) -> Question:
        encode = self._tokenizer.encode
        return Question(
            *(list(map(encode, side)) for side in (pairs.left_texts, pairs.right_texts))
        )


class DataGenerator:
    """Endless batches of two arrays of ids, both padded to one power of two.

    When the rows run out, it starts again, shuffled anew, with no row twice in a batch if there are
    enough.

    Args:
        question_one, question_two: sequences of token ids; row i of each make one pair.

    Raises:
        ValueError: no rows, sides of different lengths, or no batch size.
    """

    def __init__(
        self,
        question_one: Any,
        question_two: Any,
        batch_size: int,
        padding: int = TOKENS.padding,
        shuffle: bool = True,
        seed: int | None = None,
    ):
        if len(question_one) != len(question_two) or not len(question_one) or batch_size < 1:
            raise ValueError(
                f"needs as many first as second questions and a batch size, got "
                f"{len(question_one)}, {len(question_two)} and {batch_size}"
            )
        self.tables = (TokenTable.from_rows(question_one), TokenTable.from_rows(question_two))
        self.batch_size = batch_size
        self.padding = padding
        self.shuffle = shuffle
        self._random = np.random.default_rng(seed)
        self._waiting = self._order()

    def __iter__(self) -> "DataGenerator":
        return self

    def __next__(self) -> tuple[Int64[np.ndarray, "batch time"], Int64[np.ndarray, "batch time"]]:
        rows, self._waiting = self._take(self.batch_size)
        longest = max(int(table.lengths_of(rows).max()) for table in self.tables)
        width = next_power_of_two(max(1, longest))
        one, two = (table.pad(rows, width, padding=self.padding) for table in self.tables)
        return one, two

    def _take(self, size: int) -> tuple[Int64[np.ndarray, "taken"], Int64[np.ndarray, "left"]]:
        """Take rows from those waiting; a new round puts the rows just taken last."""
        rows = self._waiting
        while len(rows) < size:
            order = self._order()
            again = np.isin(order, rows)
            rows = np.concatenate([rows, order[~again], order[again]])
        return rows[:size], rows[size:]

    def _order(self) -> Int64[np.ndarray, "rows"]:
        count = len(self.tables[0])
        return self._random.permutation(count) if self.shuffle else np.arange(count)


@functools.cache
def _default_loader() -> DataLoader:
    return DataLoader()
