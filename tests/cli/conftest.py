import sys

import pytest

from gemel.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Call the command as a person would: give its exit code and what it printed."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gemel", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return call
