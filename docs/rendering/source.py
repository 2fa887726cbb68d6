"""What only the source says: texts below attributes, signatures as they were written."""

import ast
import inspect
import textwrap
from typing import Any

__all__ = ["attribute_texts", "signature_of", "summary_of"]


def attribute_texts(kind: type) -> dict[str, str]:
    """Give the text below each attribute of a class, in one line."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - the source of a class
    texts = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(said))),
            ):
                texts[name] = " ".join(said.split())
    return texts


def signature_of(name: str, function: Any) -> str:
    """Write how a function is called, an argument a line where one line is too short."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    definition = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    ends = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    arguments = ast.unparse(definition.args)
    if len(line := f"{name}({arguments}){ends}") <= 96:
        return line
    # Each alone, so that a comma inside an annotation cuts nothing.
    given = definition.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    parts = [_argument(each, default) for each, default in zip(positional, defaults, strict=True)]
    if given.vararg:
        parts.append("*" + ast.unparse(given.vararg))
    elif given.kwonlyargs:
        parts.append("*")
    keywords = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    parts += [_argument(each, default) for each, default in keywords]
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){ends}"])


def summary_of(thing: Any) -> str:
    """Give the first sentence of a docstring's first paragraph line."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    return text if default is None else f"{text} = {ast.unparse(default)}"
