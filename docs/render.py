"""Make the manual: `render.py pages` writes what comes from the code, `render.py site DIR` builds.

Needs nothing from elsewhere: no font, no script, no picture is fetched.
"""

from pathlib import Path
from typing import Annotated

import typer
from rendering import build_site, write_pages

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def pages() -> None:
    """Write anew the pages that come from code and measurements."""
    for path in write_pages():
        typer.echo(f"{path}: written")


@app.command()
def site(out: Annotated[Path, typer.Argument(help="The folder to make.")]) -> None:
    """Build the site, strictly."""
    try:
        build_site(out)
    except (OSError, RuntimeError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out / 'index.html'}: written; open it in a browser")
    typer.echo(f"its search needs a server: python3 -m http.server --directory {out}")


if __name__ == "__main__":
    app()
