"""Networks for questions, made of layers."""

from gemel.models.packed_encoder import draw_kept, read, rows_read, take_rows
from gemel.models.pair_head import PairHead
from gemel.models.siamese import Mode, SiameseModel
from gemel.models.weights import get_weights, set_weights

__all__ = [
    "Mode",
    "PairHead",
    "SiameseModel",
    "draw_kept",
    "get_weights",
    "read",
    "rows_read",
    "set_weights",
    "take_rows",
]
