"""Settings: how the twin learns."""

import dataclasses

from gemel.config.require import require, require_kinds, require_whole

WORD_VECTORS = ("random", "cooccurrence")
"""What words' vectors can begin as."""
KEPT = ("best", "last")
"""Which epoch's network stays."""
LOSSES = ("triplet", "joint")
"""What the network can learn by."""
DEVICES = ("auto", "cpu", "cuda")
"""Where the network can learn."""
PRECISIONS = ("auto", "float32", "bfloat16")
"""What the network can compute in while it learns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the twin learns."""

    loss: str = "triplet"
    """"triplet", the notebook's, or "joint": to rank duplicates before the rest of the batch, and
    to tell labelled pairs apart, by the cosine and by the head."""
    word_vectors: str = "random"
    """What words' vectors begin as: "random", or learned without labels from what stands near each
    word in the training questions ("cooccurrence")."""
    margin: float = 0.25
    """For "triplet": by how much a duplicate must be nearer than a negative, in cosine
    similarity."""
    batch_size: int = 128
    """Pairs a step; every other pair of a batch serves as negatives. Of several processes that
    learn together, each reads its share of them."""
    chunk_size: int = 0
    """Questions that are read at one time: the gradient is the same with any number, and fewer take
    less memory and more time; 0 reads a whole batch."""
    epochs: int = 2
    """Times that every pair is seen."""
    keep: str = "best"
    """Which epoch's network stays: the "best" on validation pairs, or the "last", which knows the
    training's own questions best. Kept-out pairs share none with it, so they cannot tell how much
    that is worth where questions come back."""
    patience: int = 3
    """With "best": epochs without a better average precision on validation pairs after which it is
    enough."""
    learning_rate: float = 0.005
    """Adam's highest step size: it rises over the first twentieth of the steps, then falls."""
    ema_decay: float = 0.0
    """Keeps, and validates, the average of the weights over the steps instead of the last step's:
    the share of that average which a step leaves, such as 0.998; 0 averages nothing."""
    clip_norm: float = 1.0
    """Longer gradients are shortened to this length."""
    labelled_negatives: bool = True
    """Whether pairs labelled 0 join the negatives; `false` learns from duplicates alone."""
    word_dropout: float = 0.1
    """Share of the words that are read as unknown ones, each time others; 0 is none."""
    label_noise: float = 0.0
    """For "joint": share of the labels that are taken to be wrong, below 0.5; to be surer of one
    than that is no gain."""
    typos: float = 0.0
    """Share of the words that are read with a slip of one letter, each time others; 0 is none."""
    contrasts: float = 0.0
    """Share of the questions that get a negative made of them, in which one word is another or
    missing, or two have changed places. Which words may, the labelled pairs tell."""
    transitive: float = 0.0
    """Share of the questions of pairs that another of their duplicate group stands in for, each
    time another one; 0 is none."""
    dropout: float = 0.0
    """Share of the numbers of a word's vector, and of the head's, that are zero, each time others;
    0 is none."""
    precision: str = "auto"
    """Of the network's arithmetic: "float32", "bfloat16", or "auto" for what is fastest here."""
    device: str = "auto"
    """Where it learns: "cpu", "cuda", or "auto": a graphics card where there is one that computes
    what the processor does."""
    validation_fraction: float = 0.05
    """Share of the rows kept out of training to choose the threshold, 0 to 1, exclusive."""
    seed: int = 0
    """Starts every random number: same seed, same machine, same model."""

    def __post_init__(self) -> None:
        require_kinds("training", self)
        require(
            0 < self.margin <= 2,
            f"training.margin must be above 0 and at most 2, not {self.margin}",
        )
        # The other pairs of a batch are the negatives: a matrix of batch_size by batch_size.
        require_whole("training.batch_size", self.batch_size, 2, 2**16)
        require_whole("training.chunk_size", self.chunk_size, 0, 2**16)
        require_whole("training.epochs", self.epochs, 1, 100_000)
        require_whole("training.patience", self.patience, 1, 100_000)
        require(
            0 < self.clip_norm <= 1e6,
            f"training.clip_norm must be above 0 and at most 1e6, not {self.clip_norm}",
        )
        require(
            0 <= self.ema_decay < 1,
            f"training.ema_decay must be at least 0 and below 1, not {self.ema_decay}",
        )
        require(
            0 < self.learning_rate < 10,
            f"training.learning_rate must be above 0 and below 10, not {self.learning_rate}",
        )
        require(
            0 <= self.word_dropout < 1,
            f"training.word_dropout must be at least 0 and below 1, not {self.word_dropout}",
        )
        require(
            0 <= self.label_noise < 0.5,
            f"training.label_noise must be at least 0 and below 0.5, not {self.label_noise}",
        )
        require(
            0 <= self.typos < 1,
            f"training.typos must be at least 0 and below 1, not {self.typos}",
        )
        require(
            self.keep in KEPT,
            f"training.keep must be one of {', '.join(KEPT)}, not {self.keep!r}",
        )
        require(
            0 <= self.contrasts <= 1,
            f"training.contrasts must be from 0 to 1, not {self.contrasts}",
        )
        require(
            0 <= self.transitive <= 1,
            f"training.transitive must be from 0 to 1, not {self.transitive}",
        )
        require(
            0 <= self.dropout < 1,
            f"training.dropout must be at least 0 and below 1, not {self.dropout}",
        )
        require(
            self.word_vectors in WORD_VECTORS,
            f"training.word_vectors must be one of {', '.join(WORD_VECTORS)}, "
            f"not {self.word_vectors!r}",
        )
        require(
            self.loss in LOSSES,
            f"training.loss must be one of {', '.join(LOSSES)}, not {self.loss!r}",
        )
        require(
            self.precision in PRECISIONS,
            f"training.precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}",
        )
        require(
            self.device in DEVICES,
            f"training.device must be one of {', '.join(DEVICES)}, not {self.device!r}",
        )
        require(
            0 < self.validation_fraction < 1,
            f"training.validation_fraction must be between 0 and 1, not {self.validation_fraction}",
        )
        require_whole("training.seed", self.seed, 0, 2**64 - 1)
