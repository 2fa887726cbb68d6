"""Settings by section: frozen, keyword-only, checked when made."""

import dataclasses

from gemel.config.require import require, require_kinds, require_whole


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextConfig:
    """How a question becomes words."""

    lowercase: bool = True
    """Whether `Paris` and `paris` are one word."""
    min_count: int = 2
    """Words seen fewer times than this in training are unknown words."""
    ngram_buckets: int = 16384
    """Vectors of letter groups that unknown words are composed from; with 0 they all look the
    same."""
    nearest: bool = False
    """Whether an unknown word of four letters or more that is one letter off a known one is read as
    that one, of several as the most frequent: a slip in typing."""
    final_mark: bool = False
    """Whether a question that ends in a letter or digit is read as if it ended in a question mark:
    where nearly all questions learned from end in one, those without are not known for what they
    are."""
    spelling_buckets: int = 0
    """Weights of letter groups by which two questions are alike that share them, beside what the
    network says; 0 for the network alone."""
    normalization: int = 2
    """Version of the rules by which texts that look alike become the same. 2 folds all quotation
    marks, dashes, spaces and invisible characters, and keeps superscripts, subscripts and
    fractions distinct from digits; 1 is that of models made before there was a 2."""
    repair: bool = False
    """Whether ftfy first puts right what a wrong decoding garbled; needs the extra [repair]."""

    def __post_init__(self) -> None:
        require_kinds("text", self)
        require(
            self.normalization in (1, 2), f"text.normalization is 1 or 2, not {self.normalization}"
        )
        require_whole("text.min_count", self.min_count, 1, 2**31 - 1)
        require(
            0 <= self.ngram_buckets <= 2**24,
            f"text.ngram_buckets must be from 0 to {2**24}, not {self.ngram_buckets}",
        )
        require(
            0 <= self.spelling_buckets <= 2**24,
            f"text.spelling_buckets must be from 0 to {2**24}, not {self.spelling_buckets}",
        )


POOLINGS = ("mean", "max")
"""How a question's vector comes from those of its words."""
WEIGHTS = ("float32", "float16")
"""How a folder holds weights."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The twin's shape."""

    d_model: int = 128
    """Numbers in a word's vector."""
    n_units: int = 0
    """Numbers in the LSTM's state, and so in a question's vector; 0: as many as `d_model`."""
    bidirectional: bool = False
    """Whether a second LSTM reads from right to left; a question's vector is then twice as long."""
    pooling: str = "mean"
    """What becomes of the LSTM's outputs: their "mean", or of each number the "max"."""
    compose_all: bool = False
    """Whether known words are read by their spelling too, beside a vector of their own."""
    head: int = 0
    """Numbers in the hidden layer of the head that judges two vectors; 0: their cosine does."""
    weights: str = "float32"
    """Of the numbers in the folder; "float16" takes half of the room."""
    masked: bool = True
    """Whether padding is left out of the mean; `false` is what the notebook did."""

    def __post_init__(self) -> None:
        require_kinds("network", self)
        require(
            1 <= self.d_model <= 8192,
            f"network.d_model must be from 1 to 8192, not {self.d_model}",
        )
        for name in ("n_units", "head"):
            units = getattr(self, name)
            require(0 <= units <= 8192, f"network.{name} must be from 0 to 8192, not {units}")
        require(
            self.pooling in POOLINGS,
            f"network.pooling must be one of {', '.join(POOLINGS)}, not {self.pooling!r}",
        )
        require(
            self.weights in WEIGHTS,
            f"network.weights must be one of {', '.join(WEIGHTS)}, not {self.weights!r}",
        )
        require(
            self.masked or not (self.bidirectional or self.compose_all or self.pooling == "max"),
            "network.masked = false is for the notebook's network only: one LSTM, one way, "
            'pooling = "mean", compose_all = false',
        )

    @property
    def is_exact(self) -> bool:
        """Whether the numbers are promised to be Trax's, to 1e-5.

        They are of every model without masking, imported from Trax or trained here. Reduced
        precision is then used only if it is asked for by name.
        """
        return not self.masked

    @property
    def units(self) -> int:
        """Numbers in the LSTM's state."""
        return self.n_units or self.d_model

    @property
    def dim(self) -> int:
        """Numbers in a question's vector."""
        return self.units * (1 + self.bidirectional)


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


REFINING = (
    "training.epochs=10",
    "training.learning_rate=0.001",
    "training.batch_size=32",
    "training.keep=last",
    "training.contrasts=0",
    "decision.prevalence=0",
)
"""Assignments to the model's own settings, so that a few pairs teach it and cost it little; see
docs/review.md."""


OBJECTIVES = ("accuracy", "f1", "precision", "costs")
"""What a decision can be fitted for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionConfig:
    """How similarity becomes an answer; "precision" and "costs" leave doubt to a person."""

    objective: str = "accuracy"
    """What the threshold shall be best for on validation pairs: "accuracy"; "f1"; "precision",
    which finds as many duplicates as a wanted precision allows; "costs", the least of them."""
    precision: float = 0.9
    """For "precision": the share that is to be right of what is called the same, and of what is
    called not the same; a person is asked about the rest."""
    false_positive_cost: float = 1.0
    """For "costs": of calling two questions the same that are not."""
    false_negative_cost: float = 1.0
    """For "costs": of calling two questions not the same that are."""
    review_cost: float = 0.25
    """For "costs": of asking a person."""
    prevalence: float = 0.0
    """Share of pairs that ask the same where the model will answer; 0: as in the validation
    pairs."""

    def __post_init__(self) -> None:
        require_kinds("decision", self)
        require(
            self.objective in OBJECTIVES,
            f"decision.objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}",
        )
        require(
            0 < self.precision <= 1,
            f"decision.precision must be above 0 and at most 1, not {self.precision}",
        )
        for name in ("false_positive_cost", "false_negative_cost", "review_cost"):
            cost = getattr(self, name)
            require(0 < cost <= 1e9, f"decision.{name} must be above 0 and at most 1e9, not {cost}")
        require(
            0 <= self.prevalence < 1,
            f"decision.prevalence must be at least 0 and below 1, not {self.prevalence}",
        )

    @property
    def aim(self) -> str:
        """The objective in words, to follow "best for"."""
        if self.objective == "precision":
            return f"recall at a precision of at least {self.precision:g}"
        if self.objective == "costs":
            return (
                f"costs of {self.false_positive_cost:g} a false positive, "
                f"{self.false_negative_cost:g} a false negative, {self.review_cost:g} a review"
            )
        return self.objective
