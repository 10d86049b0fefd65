"""Pictures inside a page, each with its description and its numbers."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from .._tools.text import html_text
from .markup import section, table_html

__all__ = ["Drawing", "pictures"]

# A heading, and a function that returns a Display, or raises ValueError saying why it cannot.
Drawing: TypeAlias = tuple[str, Callable[[], Any]]


def pictures(drawn: Iterable[Drawing]) -> str:
    """Return the section of pictures; for one that cannot be drawn, it says why.

    Parameters
    ----------
    drawn : iterable of Drawing
        Heading and function of each.

    Returns
    -------
    str
        HTML.
    """
    parts = []
    for heading, draw in drawn:
        try:
            display = draw()
        except ImportError as error:
            return section("Pictures", f"<p>There are none: {html_text(str(error))}</p>")
        except ValueError as error:
            part = f"<p>Not drawn: {html_text(str(error))}</p>"
        else:
            part = _figure(heading, display)
        parts.append(section(heading, part, level=3))
    return section("Pictures", *parts)


def _figure(heading: str, display: Any) -> str:
    return (
        f"<figure>{display.picture()._repr_html_()}</figure>\n"
        f"<details><summary>Numbers of the picture: {html_text(heading)}</summary>\n"
        f"{table_html(display.table())}\n</details>"
    )
