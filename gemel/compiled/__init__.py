"""What the install compiled: reading text, spelling words, and an LSTM that reads questions."""

from gemel.compiled.library import Library, find_library, open_library

__all__ = ["Library", "find_library", "open_library"]
