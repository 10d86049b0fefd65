"""Pictures inside a page, each with its description and its numbers."""

import base64
import io
from collections.abc import Callable, Iterable
from html import escape
from importlib import import_module
from typing import Any, Final, TypeAlias

from ._page import section, table_html

__all__ = ["Picture", "pictures"]

# A heading, and a function that returns a Display, or raises ValueError saying why it cannot.
Picture: TypeAlias = tuple[str, Callable[[], Any]]

CSS_DPI: Final = 96
PNG_DPI: Final = 2 * CSS_DPI  # sharp on paper and on dense screens


def pictures(drawn: Iterable[Picture]) -> str:
    """Return the section of pictures; for one that cannot be drawn, it says why.

    Parameters
    ----------
    drawn : iterable of Picture
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
            return section("Pictures", f"<p>There are none: {escape(str(error))}</p>")
        except ValueError as error:
            part = f"<p>Not drawn: {escape(str(error))}</p>"
        else:
            part = _figure(heading, display)
        parts.append(section(heading, part, level=3))
    return section("Pictures", *parts)


def _figure(heading: str, display: Any) -> str:
    figure = display.figure_
    width, height = (round(CSS_DPI * inches) for inches in figure.get_size_inches())
    url = _data_url(figure)
    import_module("matplotlib.pyplot").close(figure)
    return (
        f'<figure><img src="{url}" width="{width}" height="{height}" '
        f'alt="{escape(display.alt_text)}"></figure>\n'
        f"<details><summary>Numbers of the picture: {escape(heading)}</summary>\n"
        f"{table_html(display.table())}\n</details>"
    )


def _data_url(figure: Any) -> str:
    """Return a figure as a PNG of at most 256 colours: a third of the bytes, and no banding.

    Vectors are smaller for a few curves, and four times as large for maps with 12 x 400 samples.
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=PNG_DPI)
    image = import_module("PIL.Image")  # comes with matplotlib
    colours = image.open(drawn).convert("RGB").quantize(256, dither=image.Dither.NONE)
    colours.save(small, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(small.getvalue()).decode()}"
