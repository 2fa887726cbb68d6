"""The command line: each verb opens the library, calls one function, prints."""

import sys

from gemel.cli.exit_codes import ExitCode

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly while it still imports, too."""
    try:
        from gemel.cli.app import main as run
    except KeyboardInterrupt:
        sys.stderr.write("gemel: stopped; what was there is as it was\n")
        sys.exit(ExitCode.STOPPED)
    run()
