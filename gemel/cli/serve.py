"""`gemel serve`."""

import logging
import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import note
from gemel.cli.options import Database, ModelFolder, chosen_model, read_values, shown
from gemel.cli.signatures import option, switch
from gemel.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from gemel.service.served_corpus import ServedCorpus

_SERVING = {"fastapi", "httptools", "prometheus_client", "pydantic", "starlette", "uvicorn"}


def serve(
    db: Database,
    model: ModelFolder = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own requires keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8000,
    require_keys: Annotated[
        bool, switch("Require keys on this machine too.", "--require-keys")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        option(
            "NAME",
            "Host name under which browsers reach the service, for example behind a "
            "proxy. Repeatable.",
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        option(
            "ORIGIN",
            "Site whose pages may send requests, such as https://forum.example. Repeatable.",
        ),
    ] = None,
    limits: Annotated[
        list[str] | None,
        option(
            "NAME=NUMBER",
            "Change a limit: body=1000000 (bytes), text=10000 (characters), batch=256 "
            "(questions), queue=1024 (texts), requests=512 (at a time), connections=800, rate=100 "
            "(a second and key), patience=10 (seconds), drain=30 (seconds), matches=100, "
            "metadata=50 (names), answer=4000000 (bytes).",
            "--limit",
        ),
    ] = None,
) -> None:
    """Serve a corpus over HTTP, with a page to ask, to look through duplicates, and to review.

    Example: gemel serve --db site.db
    """
    try:
        from gemel.service import Address, Limits, Terms
        from gemel.service import serve as serve_corpus
    except ModuleNotFoundError as error:
        if error.name not in _SERVING:
            raise
        raise MissingExtraError("the service", "serve") from error

    logging.basicConfig(format="gemel: %(message)s", level=logging.WARNING)
    serve_corpus(
        db,
        chosen_model(model),
        Address(host=host, port=port),
        Terms(
            keys=require_keys,
            hosts=tuple(allow_host or ()),
            origins=tuple(allow_origin or ()),
            limits=Limits.of(_numbers(limits)),
        ),
        lambda url, site: _say(db, url, site),
    )


def _say(db: str, url: str, site: "ServedCorpus") -> None:
    count = site.store.state().questions
    typer.echo(f"{shown(db)}: {count:,} questions, on {url} (Ctrl-C stops)")
    if not count:
        note(
            f"it is empty; the page adds questions, and so does gemel index QUESTIONS --db "
            f"{shlex.quote(shown(db))}"
        )


def _numbers(limits: list[str] | None) -> dict[str, int]:
    """Read limits; `Limits.of` tells which there are."""
    numbers = {}
    for name, text in (read_values(limits, "--limit") or {}).items():
        try:
            numbers[name] = int(text)
        except ValueError as error:
            raise ConfigError(f"--limit {name}: expected a whole number, not {text!r}") from error
    return numbers
