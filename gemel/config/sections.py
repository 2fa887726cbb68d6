"""Settings by section: frozen, keyword-only, checked when made; choices of values."""

import dataclasses

from gemel.config.require import (
    SHARE,
    require,
    require_choices,
    require_kinds,
    require_ranges,
    require_whole,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Tokenizer settings."""

    lowercase: bool = True
    """Whether `Paris` and `paris` are one word."""
    min_count: int = 2
    """Words seen less often than this in training are unknown."""
    ngram_buckets: int = 16384
    """Rows of the table of character n-grams that unknown words are composed from; with 0 all
    unknown words are the same."""
    nearest: bool = False
    """Whether an unknown word of four or more letters that is one letter off a known word is read
    as that word (the most frequent of several)."""
    final_mark: bool = False
    """Whether a question that ends in a letter or digit is read as if it ended in a question mark,
    as nearly all training questions do."""
    spelling_buckets: int = 0
    """Rows of the table of n-gram weights for spelling similarity, which is mixed with the
    network's; 0: the network alone."""
    normalization: int = 2
    """Version of the normalisation rules. 2 folds all quotation marks, dashes, spaces and invisible
    characters, and keeps superscripts, subscripts and fractions distinct from digits; 1 is that of
    earlier models."""
    repair: bool = False
    """Whether ftfy first repairs garbled text; needs the extra [repair]."""

    def __post_init__(self) -> None:
        require_kinds("text", self)
        require(
            self.normalization in (1, 2), f"text.normalization is 1 or 2, not {self.normalization}"
        )
        require_whole("text.min_count", self.min_count, 1, 2**31 - 1)
        buckets = (f"from 0 to {2**24}", lambda count: 0 <= count <= 2**24)
        require_ranges("text.", self, ngram_buckets=buckets, spelling_buckets=buckets)


POOLINGS = ("mean", "max")
"""Poolings of word vectors to a question's vector."""
WEIGHTS = ("float32", "float16")
"""Types of stored weights."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of the network."""

    d_model: int = 128
    """Dimension of word vectors."""
    n_units: int = 0
    """Dimension of the LSTM's state and of a question's vector; 0: `d_model`."""
    bidirectional: bool = False
    """Whether a second LSTM reads from right to left; vectors are then twice as long."""
    pooling: str = "mean"
    """Pooling of the LSTM's outputs over the words: "mean" or "max"."""
    compose_all: bool = False
    """Whether known words have composed n-gram vectors too, added to their own."""
    head: int = 0
    """Units of the pair head's hidden layer; 0: no head, the cosine alone."""
    weights: str = "float32"
    """Type of stored weights; "float16" takes half the space."""
    masked: bool = True
    """Whether padding is masked in the mean; `false` reproduces the notebook."""

    def __post_init__(self) -> None:
        require_kinds("network", self)
        units = ("from 0 to 8192", lambda count: 0 <= count <= 8192)
        require_ranges(
            "network.",
            self,
            d_model=("from 1 to 8192", lambda count: 1 <= count <= 8192),
            n_units=units,
            head=units,
        )
        require_choices("network.", self, pooling=POOLINGS, weights=WEIGHTS)
        require(
            self.masked or not (self.bidirectional or self.compose_all or self.pooling == "max"),
            "network.masked = false is for the notebook's network only: one LSTM, one way, "
            'pooling = "mean", compose_all = false',
        )

    @property
    def is_exact(self) -> bool:
        """Whether vectors must equal Trax's to 1e-5: true without masking.

        Reduced precision is then used only if it is asked for by name.
        """
        return not self.masked

    @property
    def units(self) -> int:
        """Dimension of the LSTM's state."""
        return self.n_units or self.d_model

    @property
    def dim(self) -> int:
        """Dimension of a question's vector."""
        return self.units * (1 + self.bidirectional)


WORD_VECTORS = ("random", "cooccurrence")
"""Initial word vectors."""
KEPT = ("best", "last")
"""Epochs whose network can be selected."""
LOSSES = ("triplet", "joint")
"""Training losses."""
DEVICES = ("auto", "cpu", "cuda")
"""Training devices."""
PRECISIONS = ("auto", "float32", "bfloat16")
"""Precisions of training."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Training settings."""

    loss: str = "triplet"
    """"triplet", the notebook's loss, or "joint": in-batch ranking, and classification of labelled
    pairs by the cosine and by the head."""
    word_vectors: str = "random"
    """Initial word vectors: "random", or from the words around each word in the training questions
    ("cooccurrence")."""
    margin: float = 0.25
    """For "triplet": how much closer a duplicate must be than a negative, in cosine similarity."""
    batch_size: int = 128
    """Pairs per step; all other pairs of a batch are negatives. Several processes share a batch."""
    chunk_size: int = 0
    """Questions encoded at a time. Any number gives the same gradient; fewer take less memory and
    more time; 0: a whole batch."""
    epochs: int = 2
    """Passes over all pairs."""
    keep: str = "best"
    """Network to select: the "best" epoch on validation pairs, or the "last"."""
    patience: int = 3
    """With "best": epochs without improvement after which training stops."""
    learning_rate: float = 0.005
    """Adam's maximum learning rate: it rises over the first twentieth of the steps, then falls."""
    ema_decay: float = 0.0
    """Decay of the exponential moving average of weights that is validated and stored, such as
    0.998; 0: no averaging."""
    clip_norm: float = 1.0
    """Maximum norm of the gradient."""
    labelled_negatives: bool = True
    """Whether pairs labelled 0 are negatives; `false` trains on duplicates alone."""
    word_dropout: float = 0.1
    """Share of words read as unknown, sampled anew each time; 0: none."""
    label_noise: float = 0.0
    """For "joint": share of labels assumed to be wrong, below 0.5 (label smoothing)."""
    typos: float = 0.0
    """Share of words with a typo of one letter, sampled anew each time; 0: none."""
    contrasts: float = 0.0
    """Share of questions that get a negative made from them by one changed or missing word, or by
    two exchanged words, as labelled pairs teach."""
    transitive: float = 0.0
    """Share of questions replaced by another of their duplicate group, sampled anew each time; 0:
    none."""
    dropout: float = 0.0
    """Dropout of word vectors and of the head, 0 to below 1."""
    precision: str = "auto"
    """Precision of training: "float32", "bfloat16", or "auto", the fastest on this device."""
    device: str = "auto"
    """Device: "cpu", "cuda", or "auto", a GPU if it computes what the CPU does."""
    validation_fraction: float = 0.05
    """Share of rows held out for validation, 0 to 1, exclusive."""
    seed: int = 0
    """Seed of all random numbers: same seed and machine, same model."""

    def __post_init__(self) -> None:
        require_kinds("training", self)
        # The other pairs of a batch are the negatives: a matrix of batch_size by batch_size.
        require_whole("training.batch_size", self.batch_size, 2, 2**16)
        require_whole("training.chunk_size", self.chunk_size, 0, 2**16)
        require_whole("training.epochs", self.epochs, 1, 100_000)
        require_whole("training.patience", self.patience, 1, 100_000)
        require_whole("training.seed", self.seed, 0, 2**64 - 1)
        whole = ("from 0 to 1", lambda share: 0 <= share <= 1)
        require_ranges(
            "training.",
            self,
            margin=("above 0 and at most 2", lambda margin: 0 < margin <= 2),
            clip_norm=("above 0 and at most 1e6", lambda norm: 0 < norm <= 1e6),
            ema_decay=SHARE,
            learning_rate=("above 0 and below 10", lambda rate: 0 < rate < 10),
            word_dropout=SHARE,
            label_noise=("at least 0 and below 0.5", lambda share: 0 <= share < 0.5),
            typos=SHARE,
            contrasts=whole,
            transitive=whole,
            dropout=SHARE,
            validation_fraction=("between 0 and 1", lambda share: 0 < share < 1),
        )
        require_choices(
            "training.",
            self,
            keep=KEPT,
            word_vectors=WORD_VECTORS,
            loss=LOSSES,
            precision=PRECISIONS,
            device=DEVICES,
        )


REFINING = (
    "training.epochs=10",
    "training.learning_rate=0.001",
    "training.batch_size=32",
    "training.keep=last",
    "training.contrasts=0",
    "decision.prevalence=0",
)
"""Changes to a model's own settings for training on a few pairs; see docs/review.md."""


OBJECTIVES = ("accuracy", "f1", "precision", "costs")
"""Objectives of a decision."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionConfig:
    """Decision settings; with "precision" and "costs" doubtful pairs are left to a person."""

    objective: str = "accuracy"
    """Objective on validation pairs: "accuracy"; "f1"; "precision", the highest recall at a given
    precision; "costs", the lowest cost."""
    precision: float = 0.9
    """For "precision": required share of right answers, of "the same" and of "not the same"
    alike."""
    false_positive_cost: float = 1.0
    """For "costs": cost of a wrong "the same"."""
    false_negative_cost: float = 1.0
    """For "costs": cost of a wrong "not the same"."""
    review_cost: float = 0.25
    """For "costs": cost of asking a person."""
    prevalence: float = 0.0
    """Share of duplicates where the model will be used; 0: as in the validation pairs."""

    def __post_init__(self) -> None:
        require_kinds("decision", self)
        require_choices("decision.", self, objective=OBJECTIVES)
        cost = ("above 0 and at most 1e9", lambda cost: 0 < cost <= 1e9)
        require_ranges(
            "decision.",
            self,
            precision=("above 0 and at most 1", lambda share: 0 < share <= 1),
            false_positive_cost=cost,
            false_negative_cost=cost,
            review_cost=cost,
            prevalence=SHARE,
        )

    @property
    def aim(self) -> str:
        """Objective in words, to follow "best for"."""
        if self.objective == "precision":
            return f"recall at a precision of at least {self.precision:g}"
        if self.objective == "costs":
            return (
                f"costs of {self.false_positive_cost:g} a false positive, "
                f"{self.false_negative_cost:g} a false negative, {self.review_cost:g} a review"
            )
        return self.objective


BACKENDS = {
    "auto": "`tiles` where the processor has them and the model has `network.masked = true`, "
    "else `float32`",
    "float32": "`compiled` where it is installed, else `numpy`",
    "tiles": "products in bfloat16, sums in float32, on processors with AMX: the cosine of a "
    "vector to its float32 vector is at least 0.9999",
    "compiled": "float32, compiled at install, for AVX-512, AVX2 or any processor: vectors differ "
    "from those of `numpy` by at most 1e-5",
    "numpy": "float32, NumPy alone, at a fraction of the speed",
}
"""Backends that compute vectors, with their precision, as in docs/speed.md."""
VECTOR_PRECISIONS = ("float32", "float16", "int8")
"""Types of vectors, widest first; see `gemel.inference.in_precision`."""
