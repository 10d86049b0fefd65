"""What all pictures share: places to draw, looks, texts that are drawn as they are written."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle
from textwrap import wrap
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COLOURS",
    "DIVERGING",
    "MARKERS",
    "MOST_LABELS",
    "MOST_NUMBERS",
    "SIZES",
    "WIDTH",
    "Look",
    "apart",
    "axes",
    "grid",
    "left_out",
    "legend",
    "literal",
    "looks",
    "needs_matplotlib",
    "one_line",
    "readable_log",
    "tiles",
    "whole_numbers",
    "wrapped",
]

# Okabe and Ito's colours, which survive colour-blindness; grey for their black, which a dark page
# would swallow. Line style and marker are the second cue.
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
STYLES: Final[tuple[Any, ...]] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS: Final = ("o", "^", "s", "D", "v", "P", "X", "<", "*", ">", "p")

SIZES: Final = "viridis"  # colours for a size
DIVERGING: Final = "RdBu_r"  # colours for a sign, white at 0

MOST_NUMBERS: Final = 32  # units of a map of which each can be told from the next

WIDTH: Final = 8.0  # inches: a notebook's column
MOST_LABELS: Final = 12  # curves or rows that a reader can still tell apart


class Look(NamedTuple):
    """How one of several curves differs from the others."""

    color: str
    linestyle: Any
    marker: str


def looks() -> Iterator[Look]:
    """Give looks without end; the three cycles together repeat after 385 curves."""
    return map(Look, cycle(COLOURS), cycle(STYLES), cycle(MARKERS))


def needs_matplotlib(module: str) -> Any:
    """Import a module of matplotlib; say what to install where it is missing."""
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'initlens[plot]'") from error


def axes(ax: Any, height: float = 4.5, width: float = WIDTH) -> Any:
    """Return the caller's axes, or those of a new figure, `height` inches high."""
    if ax is not None:
        return ax
    size = (width, height)
    return needs_matplotlib("pyplot").subplots(figsize=size, layout="constrained")[1]


def grid(ax: Any, rows: int, columns: int, height: float) -> NDArray[Any]:
    """Return rows x columns axes: the caller's, the place of the caller's one divided, or new ones.

    Raises
    ------
    ValueError
        If the caller gave an array of another number of axes.
    """
    if ax is None:
        pyplot = needs_matplotlib("pyplot")
        size = (WIDTH, height)
        figure = pyplot.figure(figsize=size, layout="constrained")
        return np.asarray(figure.subplots(rows, columns, squeeze=False))
    given = np.asarray(ax, dtype=object)
    if given.ndim:
        if given.size != rows * columns:
            raise ValueError(
                f"ax holds {given.size} axes and the picture has {rows * columns} panels "
                f"({rows} x {columns}); give as many, a single one to divide, or none"
            )
        return given.reshape(rows, columns)
    place = ax.get_subplotspec()
    if place is None:  # axes put at a position by hand
        box = ax.get_position()
        place = needs_matplotlib("gridspec").GridSpec(
            1, 1, ax.figure, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1
        )[0]
    ax.set_axis_off()
    return np.asarray(place.subgridspec(rows, columns).subplots(squeeze=False))


def tiles(ax: Any, count: int, most: int, height: float) -> tuple[list[Any], int]:
    """Return `count` axes, at most so many in a row, `height` inches each, and how many in a row.

    A caller's array of axes is one row: it has no empty places.
    """
    is_array = ax is not None and np.ndim(np.asarray(ax, dtype=object)) > 0
    columns = count if is_array else min(count, most)
    rows = -(-count // columns)
    places = grid(ax, rows, columns, rows * height)
    for place in places.flat[count:]:
        place.set_axis_off()
    return list(places.flat[:count]), columns


def one_line(label: str, most: int = 60) -> str:
    """Return a label without line breaks and what cannot be shown, its middle left out if long."""
    text = "".join(c if c.isprintable() else " " for c in label)
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1]}…{text[-tail:]}"


def wrapped(label: str, width: int, lines: int) -> str:
    """Return a label in so many lines at most."""
    return "\n".join(wrap(one_line(label, width * lines - width // 4 * (lines - 1)), width)[:lines])


def literal(texts: Iterable[Any]) -> None:
    """Let labels of the user's be drawn as they are: a dollar sign begins no formula."""
    for text in texts:
        text.set_parse_math(False)
        text.set_usetex(False)


def legend(ax: Any, handles: Sequence[Any], labels: Sequence[str], words: Sequence[str]) -> Any:
    """Put a legend, below some words, beside the axes: many curves leave no corner free."""
    lines = max(1, 16 // max(1, len(labels)))
    numbers = map(str, range(len(labels)))  # matplotlib would skip labels that begin with "_"
    box = ax.legend(
        *(handles, numbers),
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        title="\n".join(words) or None,
        fontsize="small" if len(labels) > 8 else None,
        title_fontsize="small",
    )
    for text, label in zip(box.get_texts(), labels, strict=True):
        text.set_text(wrapped(label, 30, min(lines, 3)))
    literal(box.get_texts())
    return box


def readable_log(axis: Any) -> None:
    """Label a logarithmic axis that may span less than a decade with plain numbers."""
    ticker = needs_matplotlib("ticker")
    low, high = sorted(axis.get_view_interval())
    if high < 1.02 * low:  # too narrow for a tick
        low, high = low / 1.02, high * 1.02
        axis.set_view_interval(low, high, ignore=True)
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 3, 5) if high < 30 * low else (1,)))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def whole_numbers(axis: Any) -> None:
    """Put ticks at whole numbers only: steps, layers, units."""
    ticker = needs_matplotlib("ticker")
    axis.set_major_locator(ticker.MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def apart(line: Callable[..., Any], count: int) -> None:
    """Draw a line between each two of the rows or columns of a map, numbered from 1."""
    for place in range(1, count):
        line(place + 0.5, color="white", linewidth=0.8)


def left_out(*parts: tuple[int, int, str]) -> list[str]:
    """Say of what a picture shows only some, given as (drawn, all, word)."""
    return [f"{drawn} of {count:,} {word} drawn" for drawn, count, word in parts if drawn < count]
