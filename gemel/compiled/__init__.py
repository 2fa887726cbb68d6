"""The compiled library: reading text, n-grams of words, LSTM and its training."""

from gemel.compiled.library import Library, find_library, open_library

__all__ = ["Library", "find_library", "open_library"]
