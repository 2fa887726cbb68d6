"""Options that a command has in addition to its own parameters, and checks of text arguments."""

import functools
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import fields
from enum import Enum, StrEnum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

from gemel.cli import completion
from gemel.config.base import OptionInfo, Options


def argument(metavar: str, help: str, **settings: Any) -> Any:  # noqa: A002 - as typer has it
    """Return an argument without its default in the help."""
    return typer.Argument(metavar=metavar, show_default=False, help=help, **settings)


def option(metavar: str, help: str, *names: str, **settings: Any) -> Any:  # noqa: A002
    """Return an option without its default in the help."""
    return typer.Option(*names, metavar=metavar, show_default=False, help=help, **settings)


def switch(help: str, *names: str) -> Any:  # noqa: A002
    """Return an option without a value."""
    return typer.Option(*names, help=help)


def overwrites(existing: str) -> Any:
    """Return the option to overwrite something, such as "an existing file"."""
    return switch(f"Overwrite {existing}.", "--overwrite")


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
    """Check that an argument, decoded with lone surrogates for bad bytes, is UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape")
        raise typer.BadParameter(
            f"is not UTF-8: {raw!r:.80}; convert it (iconv -t UTF-8), or put it into a file",
            param_hint=name,
        ) from None


def with_options(
    command: Callable[..., Any], read: Callable[..., Any], name: str | None = None
) -> Callable[..., Any]:
    """Return a command with the parameters of `read` too, which is called first.

    Its result becomes the command's parameter `name`, unless None.
    """
    options = inspect.signature(read).parameters
    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.name != name]

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        found = read(**{each: values.pop(each) for each in options})
        return command(**values) if name is None else command(**values, **{name: found})

    parameters = [each.replace(kind=each.KEYWORD_ONLY) for each in (*own, *options.values())]
    run.__dict__.pop("__wrapped__", None)  # typer would look at it
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def takes(
    kind: type[Options], name: str = "options"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a command whose parameter `name` receives options of this kind.

    Every field made by `gemel.config.base.option` becomes an option of the command line.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        hints = get_type_hints(kind)
        offered = [each for each in fields(kind) if "option" in each.metadata]

        def read(**values: Any) -> Options:
            plain = {
                name: value.value if isinstance(value, Enum) else value
                for name, value in values.items()
            }
            return kind(**plain)

        read.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                _parameter(each.name, hints[each.name], each.default, each.metadata["option"])
                for each in offered
            ]
        )
        return with_options(command, read, name)

    return decorate


def _parameter(name: str, kind: Any, default: Any, info: OptionInfo) -> inspect.Parameter:
    kind = info.kind or kind
    optional = get_origin(kind) in (Union, types.UnionType)
    base = next(each for each in get_args(kind) if each is not type(None)) if optional else kind
    limits: dict[str, Any] = {}
    if info.choices:
        choice = StrEnum(name, [(each, each) for each in info.choices])  # type: ignore[misc]
        kind = choice | None if optional else choice
        default = default if default is None else choice(default)
    elif base in (int, float):
        limits["min"], limits["max"] = info.least, info.most
    found = typer.Option(
        info.flag or f"--{name.replace('_', '-')}",
        help=info.help,
        metavar=info.metavar,
        show_default=info.show_default,
        autocompletion=getattr(completion, f"complete_{info.complete}") if info.complete else None,
        **limits,
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, found]
    )
