"""Base of the options of a command: one frozen dataclass from command line to implementation."""

from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
O = TypeVar("O", bound="Options")


class OptionInfo(NamedTuple):
    """How the command line offers a field of `Options`."""

    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    flag: str | None = None
    show_default: bool | str = True
    complete: str | None = None
    """What `gemel.cli.completion` completes, such as "model"."""
    kind: Any = None
    """Type on the command line, if not the field's."""


def option(default: T, help: str, **info: Any) -> T:  # noqa: A002
    """Return a dataclass field that the command line offers too.

    Args:
        default: its default.
        help: one sentence, as `--help` shows it.
        **info: other fields of `OptionInfo`; `flag` such as `"--from"` replaces the name.
    """
    made: T = field(default=default, metadata={"option": OptionInfo(help, **info)})
    return made


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of options. Subclasses check their values in `__post_init__`."""

    @classmethod
    def of(cls: type[O], options: O | None = None, /, **changes: Any) -> O:
        """Return options, or the defaults if None, with some values changed.

        Raises:
            TypeError: there is no option of that name.
        """
        names = [each.name for each in fields(cls)]
        for name in changes:
            if name not in names:
                close = get_close_matches(name, names, 1)
                hint = (
                    f"; did you mean {close[0]!r}?" if close else f"; options: {', '.join(names)}"
                )
                raise TypeError(f"{cls.__name__} has no option {name!r}{hint}")
        return replace(options, **changes) if options is not None else cls(**changes)
