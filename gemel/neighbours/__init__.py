"""Nearest neighbours among vectors, exact and approximate."""

from gemel.neighbours.approximate import ApproximateNeighbours, Graph
from gemel.neighbours.base import Hits, Neighbours
from gemel.neighbours.exact import ExactNeighbours
from gemel.neighbours.follower import EXACT_UP_TO, NEIGHBOURS, Choice, Follower, choose_neighbours

__all__ = [
    "ApproximateNeighbours",
    "Choice",
    "EXACT_UP_TO",
    "ExactNeighbours",
    "Follower",
    "Hits",
    "Graph",
    "NEIGHBOURS",
    "Neighbours",
    "choose_neighbours",
]
