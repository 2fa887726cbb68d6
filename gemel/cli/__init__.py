"""The command line: each command opens the library, calls one function, prints."""

import sys

from gemel.cli.failures import ExitCode, give_up_output, report_crash

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C or a crash during imports is handled too."""
    sys.exit(_run())


def _run() -> int:
    try:
        try:
            from gemel.cli.application import main as run

            return run()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # some extensions' panics are no Exception
            give_up_output()
            return report_crash(error)
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("gemel: stopped; what was there is as it was\n")
        return ExitCode.STOPPED
