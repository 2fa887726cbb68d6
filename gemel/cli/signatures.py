"""Options that a command takes besides its own parameters."""

import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import fields
from enum import Enum, StrEnum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

from gemel.cli import completion
from gemel.config.base import OptionInfo, Options


def with_options(
    command: Callable[..., Any], read: Callable[..., Any], name: str | None = None
) -> Callable[..., Any]:
    """Return a command the parameters of a function too, which is called first.

    Args:
        command: called by typer.
        read: has the parameters that are added.
        name: parameter of the command that takes what `read` returns; None if none does.
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
