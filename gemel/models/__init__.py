"""Networks for questions, made of layers."""

from gemel.models.siamese import Mode, SiameseModel
from gemel.models.weights import get_weights, set_weights

__all__ = ["Mode", "SiameseModel", "get_weights", "set_weights"]
