"""Checks of text arguments, which the system passes as bytes."""

import inspect
import typing
from collections.abc import Callable
from typing import Any

import typer
from typer.models import ArgumentInfo


def refuses_undecodable(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command to refuse text arguments that are not UTF-8.

    File names may be any bytes: those are declared as `Path`, or name a corpus or a file of pairs.
    """
    texts = {
        each.name: _shown_as(each.name, typing.get_args(each.annotation)[1])
        for each in inspect.signature(command).parameters.values()
        if typing.get_args(each.annotation)[0] in (str, str | None, list[str], list[str] | None)
        and each.name not in _MAY_BE_FILES
    }

    def run(**values: Any) -> Any:
        for name, shown in texts.items():
            given = values[name]
            for text in [given] if isinstance(given, str) else given or ():
                require_decodable(text, shown)
        return command(**values)

    run.__dict__.update(command.__dict__)  # the signature that typer reads
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


_MAY_BE_FILES = ("db", "first", "origin")


def _shown_as(name: str, info: Any) -> str:
    """Return a parameter's name on the command line."""
    if isinstance(info, ArgumentInfo):
        return info.metavar or name.upper()
    declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    return next((each for each in declared if each.startswith("-")), f"--{name.replace('_', '-')}")


def require_decodable(text: str, name: str) -> None:
    """Check that an argument, decoded with lone surrogates for bad bytes, is UTF-8.

    Raises:
        BadParameter: it is not.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape")
        raise typer.BadParameter(
            f"is not UTF-8: {raw!r:.80}; convert it (iconv -t UTF-8), or put it into a file",
            param_hint=name,
        ) from None
