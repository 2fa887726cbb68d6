"""Networks for questions, made of layers."""

from gemel.models.packed_encoder import draw_kept, read, rows_read, take_rows
from gemel.models.siamese import Mode, PairHead, SiameseModel, get_weights, set_weights

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
