"""Options classes as options of a command."""

from dataclasses import dataclass

import pytest
import typer
from typer.testing import CliRunner

from gemel.cli.signatures import takes
from gemel.config.base import Options, option


@dataclass(frozen=True, kw_only=True)
class Baking(Options):
    minutes: int = option(40, "Minutes in the oven.", least=1, metavar="N")
    heat: str = option("low", "Heat of the oven.", choices=("low", "high"))
    salt: float | None = option(None, "Grams of salt.", flag="--grams-of-salt")
    quiet: bool = option(False, "No bell.", flag="--quiet")


app = typer.Typer()


@app.command()
@takes(Baking)
def bake(bread: str, options: Baking) -> None:
    typer.echo(f"{bread} {options.minutes} {options.heat} {options.salt} {options.quiet}")


def run(*arguments):
    return CliRunner().invoke(app, [*arguments])


def test_fields_are_options():
    assert run("rye").output == "rye 40 low None False\n"
    given = ["--minutes", "3", "--heat", "high", "--grams-of-salt", "2.5", "--quiet"]
    assert run("rye", *given).output == "rye 3 high 2.5 True\n"


@pytest.mark.parametrize("given", [["--minutes", "0"], ["--heat", "none"], ["--sugar", "1"]])
def test_values_out_of_range_are_refused(given):
    assert run("rye", *given).exit_code == 2


def test_help_shows_choices_and_defaults():
    shown = run("--help").output
    assert "low|high" in shown
    assert "40" in shown


def test_options_change_by_name():
    assert Baking.of(Baking(minutes=3), heat="high") == Baking(minutes=3, heat="high")
    assert Baking.of(minutes=2).minutes == 2
    with pytest.raises(TypeError, match="has no option 'minuets'; did you mean 'minutes'"):
        Baking.of(minuets=2)
    with pytest.raises(TypeError, match="options: minutes, heat"):
        Baking.of(zzz=2)
