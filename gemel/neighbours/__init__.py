"""Nearest neighbours among vectors, exact and approximate."""

from gemel.neighbours.approximate import ApproximateNeighbours, Graph
from gemel.neighbours.base import Hits, Neighbours
from gemel.neighbours.choice import EXACT_UP_TO, NEIGHBOURS, Choice, choose_neighbours
from gemel.neighbours.exact import ExactNeighbours
from gemel.neighbours.follower import Follower

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
