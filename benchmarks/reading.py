"""The options that say which columns of a file are meant: those of the command line."""

import argparse

from gemel.data import Columns

__all__ = ["add_column_options", "columns_of"]


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Add --left, --right, --label and --same."""
    parser.add_argument("--left", help="column of the first question: its name or place")
    parser.add_argument("--right", help="column of the second question")
    parser.add_argument("--label", help="column of the label")
    parser.add_argument("--same", type=int, default=1, help="the label of pairs that ask the same")


def columns_of(options: argparse.Namespace) -> Columns:
    """Give what was said."""
    return Columns(left=options.left, right=options.right, label=options.label, same=options.same)
