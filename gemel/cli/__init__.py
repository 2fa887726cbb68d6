"""The command line: each verb opens the library, calls one function, prints."""

from gemel.cli.app import app, main

__all__ = ["app", "main"]
