"""Options that several verbs share, added to their own."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["with_options"]


def with_options(
    command: Callable[..., Any], read: Callable[..., Any], name: str | None = None
) -> Callable[..., Any]:
    """Give a command the parameters of a function too, which is called first.

    Args:
        command: what typer is to call.
        read: has the parameters that are added.
        name: the parameter of the command that takes what `read` returns; None if none does.
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
