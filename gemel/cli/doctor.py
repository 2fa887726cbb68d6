"""`gemel doctor`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gemel.cli.exit_codes import ExitCode
from gemel.cli.options import Json
from gemel.cli.printable import printable

if TYPE_CHECKING:
    from gemel.cli.health import Finding

_MARKS = {"ok": "ok", "absent": "-", "bad": "BAD"}


def doctor(
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Import torch too, and train a very small network."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what this installation can do, and see whether it does.

    Looks at versions, backends, cores, extras, the model that ships, a corpus that is written and
    read, and the terminal. The exit code is 1 if something that should work does not; an extra
    that is not installed is no fault.

    Example: gemel doctor --deep
    """
    from gemel.cli.health import examine

    findings = list(examine())
    if deep:
        from gemel.cli.learning_health import examine_learning

        findings += examine_learning()
    states = Counter(each.state for each in findings)
    bad = states["bad"]
    if as_json:
        entry = {"well": not bad, "findings": findings}
        typer.echo(msgspec.json.encode(entry).decode())
    else:
        typer.echo("\n".join(_text(findings, states)))
    if bad:
        raise typer.Exit(ExitCode.NO)


def _text(findings: "list[Finding]", states: Mapping[str, int]) -> Iterator[str]:
    width = max(len(each.name) for each in findings)
    for each in findings:
        yield f"{_MARKS[each.state]:3}  {each.name:{width}}  {printable(each.found)}"
        if each.advice:
            yield f"{'':{width + 5}}  {each.advice}"
    yield ""
    bad = states["bad"]
    if bad:
        yield f"{bad} thing{' does' if bad == 1 else 's do'} not work: see BAD above"
    elif states["absent"]:
        yield "all is well; what has a - is not here, and can be had"
    else:
        yield "all is well"
