"""The page: a template, a style and a script, for reports and for the pytest plugin.

It is complete without the script. All text is escaped, and a Content-Security-Policy lets nothing
run or load but what is in the file.
"""

import functools
from collections.abc import Iterable
from dataclasses import replace

from .._tools.text import html_text
from ..tables import Table

__all__ = ["page", "section", "table_html"]


def page(title: str, sections: Iterable[str]) -> str:
    """Return a page.

    Parameters
    ----------
    title : str
        Plain text, after "initlens".
    sections : iterable of str
        HTML, as `section` returns it.

    Returns
    -------
    str
        HTML.
    """
    from string import Template

    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    return Template(_asset("page.html")).substitute(
        policy=policy,
        title=html_text(f"initlens: {title}"),
        style=style,
        script=script,
        body="\n".join(sections),
    )


def section(heading: str, *parts: str, level: int = 2) -> str:
    """Return a section.

    Parameters
    ----------
    heading : str
        Plain text.
    *parts : str
        HTML.
    level : int, default 2
        Of the heading; the title of the page is 1.

    Returns
    -------
    str
        HTML.
    """
    body = "\n".join(parts)
    return f"<section>\n<h{level}>{html_text(heading)}</h{level}>\n{body}\n</section>"


def table_html(table: Table, *, sortable: bool = True) -> str:
    """Return a table in a box that scrolls where it is too wide, and its notes below the box.

    Parameters
    ----------
    table : Table
        What to show.
    sortable : bool, default True
        Whether its headings sort it.

    Returns
    -------
    str
        HTML.
    """
    kind = "scroll sortable" if sortable else "scroll"
    # Only what has the focus can be scrolled with the keyboard.
    box = f'<div class="{kind}" role="group" tabindex="0" aria-label="{html_text(table.title)}">'
    notes = "".join(f"\n<p>{html_text(note)}</p>" for note in table.notes)
    return f"{box}\n{replace(table, notes=())._repr_html_()}\n</div>{notes}"


@functools.cache
def _asset(name: str) -> str:
    from importlib import resources

    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """Return what lets a Content-Security-Policy accept this text and no other."""
    import base64
    import hashlib

    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
