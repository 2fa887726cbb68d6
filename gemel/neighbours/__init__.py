"""Nearest neighbours among vectors, exact and approximate."""

from gemel.neighbours.approximate import ApproximateNeighbours
from gemel.neighbours.base import Neighbours
from gemel.neighbours.exact import ExactNeighbours
from gemel.neighbours.follower import choose_neighbours

__all__ = ["ApproximateNeighbours", "ExactNeighbours", "Neighbours", "choose_neighbours"]
