"""What the install compiled: reading text, spelling words, an LSTM that reads, and its learning."""

from gemel.compiled.library import Library, find_library, open_library

__all__ = ["Library", "find_library", "open_library"]
