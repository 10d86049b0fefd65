"""The text form of settings, such as "normal(std=0.01)", and text around it."""

import ast
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np

__all__ = [
    "build",
    "call",
    "counted",
    "join",
    "jsonable",
    "shown",
    "split_list",
    "unknown",
    "with_article",
]

T = TypeVar("T")

LONGEST: Final = 100  # characters of a value in a message


def unknown(what: str, name: str, valid: Iterable[str], aliases: Iterable[str] = ()) -> str:
    """Say that `name` is not known, which name is nearest, and list all but the aliases."""
    names = sorted(valid)
    near = _nearest(name, names) or _nearest(name, list(aliases))
    hint = f" Did you mean {near!r}?" if near else ""
    return f"unknown {what} {name!r}.{hint} Valid: {', '.join(names)}"


def _nearest(name: str, names: Sequence[str]) -> str | None:
    """Return the name that was meant, whole or by its first word ("glrot", "he")."""
    import difflib

    if near := difflib.get_close_matches(name, names, n=1):
        return near[0]
    stems = [one.partition("_")[0] for one in names]
    if near := difflib.get_close_matches(name, stems, n=1):
        return names[stems.index(near[0])]
    return None


def parse_call(what: str, text: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """Split "name" or "name(1, key=2)" into name, positional and keyword arguments.

    Arguments are Python literals; nothing is evaluated.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
        match node:
            case ast.Name(name):
                return name.lower(), (), {}
            case ast.Call(ast.Name(name), positional, keywords):
                values = tuple(_value(part) for part in positional)
                pairs = [(keyword.arg, _value(keyword.value)) for keyword in keywords]
                if any(key is None for key, _ in pairs):
                    raise ValueError("no ** here")
            case _:
                raise ValueError("not a call")
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(
            f"cannot read the {what} {text!r}: write a name, or a name with numbers and words "
            "as arguments, such as name(0.5) or name(key=0.5)"
        ) from None
    named: dict[str, Any] = {}
    for key, value in pairs:
        if key in named:
            raise ValueError(f"{what} {text!r} gives {key} twice; leave one out")
        named[str(key)] = value
    return name.lower(), values, named


def _value(node: ast.expr) -> Any:
    """Return a literal, among which inf counts."""
    match node:
        case ast.Name("inf"):
            return math.inf
        case ast.UnaryOp(ast.USub(), ast.Name("inf")):
            return -math.inf
        case _:
            return ast.literal_eval(node)


def build(
    what: str,
    text: str,
    factories: Mapping[str, Callable[..., T]],
    aliases: Mapping[str, Callable[..., T]] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> T:
    """Build the object that `text` describes.

    `aliases` are more factories, under names that no message lists; `defaults` are keyword
    arguments used where `text` does not give them.

    Raises
    ------
    ValueError
        If the text cannot be read, the name is not known or the arguments do not fit.
    """
    known = {**factories, **(aliases or {})}
    start = text.partition("(")[0].strip().lower()
    if start not in known:
        raise ValueError(unknown(what, start or text.strip(), factories, aliases or ()))
    name, positional, keywords = parse_call(what, text)
    factory = known[name]
    signature = inspect.signature(factory)
    try:
        given = signature.bind_partial(*positional, **keywords).arguments
        keywords |= {key: value for key, value in (defaults or {}).items() if key not in given}
        signature.bind(*positional, **keywords)
    except TypeError as error:
        inside = ", ".join(
            parameter.name
            if parameter.default is parameter.empty
            else f"{parameter.name}={parameter.default!r}"
            for parameter in signature.parameters.values()
        )
        raise ValueError(f"{what} {text!r}: {error}; it is {name}({inside})") from None
    return factory(*positional, **keywords)


def call(name: str, *positional: float | str, **keywords: float | str) -> str:
    """Return the text form `name(value, key=value)`, numbers as short as they read back."""
    parts = [_literal(value) for value in positional]
    parts += [f"{key}={_literal(value)}" for key, value in keywords.items()]
    return f"{name}({', '.join(parts)})"


def _literal(value: float | str) -> str:
    return repr(value).removesuffix(".0") if isinstance(value, float) else repr(value)


def split_list(text: str) -> list[str]:
    """Split at the commas that are outside parentheses; empty parts are dropped."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def shown(value: Any) -> str:
    """Return the repr of `value` for a message; of what is long, as arrays are, kind and shape."""
    text = repr(value)
    if len(text) <= LONGEST and "\n" not in text:
        return text
    shape = getattr(value, "shape", None)
    return with_article(type(value).__name__) + ("" if shape is None else f" of shape {(*shape,)}")


def counted(number: int, noun: str) -> str:
    """Write "1 seed", "2 seeds"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def with_article(noun: str) -> str:
    """Write "a net", "an array", and "an npz file", "an ndarray": letters that are spelled out."""
    spelled = noun.startswith(("npz", "nd"))
    return f"{'an' if spelled or noun[0].lower() in 'aeio' else 'a'} {noun}"


def join(words: Iterable[str], most: int | None = None) -> str:
    """Join as a sentence does: a, b and c; of more than `most`: a, b and 7 more."""
    every = list(words)
    if most is not None and len(every) > most:
        every[most:] = [f"{len(every) - most:,} more"]
    *head, last = every
    return f"{', '.join(head)} and {last}" if head else last


def printable(text: str) -> str:
    """Return `text` without what a terminal or a reader would obey and not show.

    Names come from files and from strangers: control characters, and those that turn the direction
    of what follows, become question marks.
    """
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def html_text(text: str) -> str:
    """Return `text` for a page: printable, and markup shown as it is written."""
    from html import escape

    return escape(printable(text))


def jsonable(value: Any) -> Any:
    """Return `value` in plain lists, dicts and numbers that strict JSON can hold.

    NaN and infinity become None; NumPy scalars and arrays become Python numbers and lists.
    """
    match value:
        case np.ndarray():
            return jsonable(value.tolist())
        case np.generic():
            return jsonable(value.item())
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): jsonable(item) for key, item in value.items()}
        case list() | tuple() | range():
            return [jsonable(item) for item in value]
        case _:
            return value
