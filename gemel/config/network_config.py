"""Settings: the twin"s shape."""

import dataclasses

from gemel.config.require import require, require_kinds

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
