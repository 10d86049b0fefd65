"""What all pictures share: places to draw, looks, texts that are drawn as they are written."""

import importlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from textwrap import wrap
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._tools.selection import evenly
from .._tools.text import counted, shown, with_article

__all__ = [
    "COLOURS",
    "DIVERGING",
    "FARTHEST",
    "FARTHEST_LOG",
    "MARKERS",
    "MOST_LABELS",
    "MOST_NUMBERS",
    "SHARES",
    "SIZES",
    "WIDTH",
    "Look",
    "apart",
    "axes",
    "check_axes",
    "check_kind",
    "check_labelled",
    "grid",
    "left_out",
    "legend",
    "literal",
    "looks",
    "make_room",
    "needs_matplotlib",
    "one_line",
    "readable_log",
    "tiles",
    "told",
    "whole_numbers",
    "within_reach",
    "wrapped",
]

# Okabe and Ito's colours, which survive colour-blindness; grey for their black, which a dark page
# would swallow. Line style and marker are the second cue.
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999")
STYLES: Final[tuple[Any, ...]] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS: Final = ("o", "^", "s", "D", "v", "P", "X", "<", "*", ">", "p")

SIZES: Final = "viridis"  # colours for a size
DIVERGING: Final = "RdBu_r"  # colours for a sign, white at 0
SHARES: Final = "Reds"  # its positive half: what has no sign beside what has one

MOST_NUMBERS: Final = 32  # units of a map of which each can be told from the next

WIDTH: Final = 8.0  # inches: a notebook's column
MOST_LABELS: Final = 12  # curves or rows that a reader can still tell apart
# Beyond these, limits and ticks of matplotlib overflow.
FARTHEST: Final = 1e300  # of a linear axis
FARTHEST_LOG: Final = 1e200
MOST_SPOKEN: Final = 700  # characters about curves or rows in a picture's description
GAP: Final = 6.0  # points between the texts of two panels
LETTER: Final = 5.0  # points, about, of one of a legend
LEGEND: Final = 30  # of them in a line, where there is room
SHORTEST: Final = 14  # of them, where there is none: "glorot_uniform"


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
        check_axes(ax, 1, 1)
        return np.asarray(ax, dtype=object).item()
    size = (width, height)
    return needs_matplotlib("pyplot").subplots(figsize=size, layout="constrained")[1]


def grid(ax: Any, rows: int, columns: int, height: float) -> NDArray[Any]:
    """Return rows x columns axes: the caller's, the place of the caller's one divided, or new ones.

    Raises
    ------
    TypeError
        If the caller gave something else than axes.
    ValueError
        If the caller gave an array of another number of axes.
    """
    if ax is None:
        pyplot = needs_matplotlib("pyplot")
        size = (WIDTH, height)
        figure = pyplot.figure(figsize=size, layout="constrained")
        return np.asarray(figure.subplots(rows, columns, squeeze=False))
    check_axes(ax, rows, columns)
    given = np.asarray(ax, dtype=object)
    if given.ndim:
        return given.reshape(rows, columns)
    ax.set_axis_off()
    return np.asarray(_place(ax).subgridspec(rows, columns).subplots(squeeze=False))


def _place(ax: Any) -> Any:
    """Return the place of axes, as one that can be divided."""
    place = ax.get_subplotspec()
    if place is None:  # put at a position by hand
        box = ax.get_position()
        place = needs_matplotlib("gridspec").GridSpec(
            1, 1, ax.figure, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1
        )[0]
    return place


def make_room(ax: Any, panels: NDArray[Any]) -> None:
    """Move the panels that divide a caller's `ax` so far apart that no text reaches the next one.

    For the end, when all is drawn. A layout engine would do it, and places that the caller made are
    left as they are.
    """
    if ax is None or np.ndim(np.asarray(ax, dtype=object)):
        return
    figure = ax.figure
    if figure.get_layout_engine() is not None:
        return
    left, right, below, above = np.max([_reach(panel) for panel in panels.flat], axis=0)
    gap = GAP / 72.0 * figure.dpi
    place, old = _place(ax), panels.flat[0].get_subplotspec().get_gridspec()
    rows, columns = old.get_geometry()
    width, height = place.get_position(figure).size * figure.bbox.size
    wide = place.subgridspec(
        *(rows, columns),
        wspace=max(figure.subplotpars.wspace, _space(width, columns, left + right + gap)),
        hspace=max(figure.subplotpars.hspace, _space(height, rows, below + above + gap)),
    )
    for panel in panels.flat:
        panel.set_subplotspec(wide[panel.get_subplotspec().num1])


def _reach(panel: Any) -> tuple[float, float, float, float]:
    """Return how far texts reach towards panels to the left, right, below and above, in pixels."""
    spec, frame = panel.get_subplotspec(), panel.bbox
    texts = panel.get_tightbbox(for_layout_only=True)
    return (
        0.0 if spec.is_first_col() else frame.x0 - texts.x0,
        0.0 if spec.is_last_col() else texts.x1 - frame.x1,
        0.0 if spec.is_last_row() else frame.y0 - texts.y0,
        0.0 if spec.is_first_row() else texts.y1 - frame.y1,
    )


def _space(length: float, count: int, gap: float) -> float:
    """Return a gap between so many panels as a share of one; all take half the length at most."""
    if count == 1:
        return 0.0
    gaps = min(gap * (count - 1), length / 2.0)
    return gaps / (length - gaps) * count / (count - 1)


def check_axes(ax: Any, rows: int, columns: int, single: str = "a single one to divide") -> None:
    """Raise if `ax` is not an Axes, or an array of Axes of the wrong size.

    `single` is what a single one would be for.
    """
    if ax is None:
        return
    given = np.asarray(ax, dtype=object)
    kind = needs_matplotlib("axes").Axes
    if not all(isinstance(one, kind) for one in given.flat):
        raise TypeError(
            f"ax must be axes of matplotlib, such as pyplot.subplots()[1], got {shown(ax)}"
        )
    if given.ndim and given.size != rows * columns:
        raise ValueError(
            f"ax holds {given.size} axes and the picture has {counted(rows * columns, 'panel')} "
            f"({rows} x {columns}); give as many, {single}, or none"
        )


def check_labelled(name: str, given: Any, what: str) -> None:
    """Raise if it is not a dict from labels to things to draw, or if it is empty."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict from labels to {what}, got {shown(given)}")
    if not given:
        raise ValueError(f"{name} is empty; give one at least, with a label")


def check_kind(name: str, value: Any, kind: type, word: str) -> None:
    """Refuse what is no `kind`, which messages call `word`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {with_article(word)}, got {shown(value)}")


def within_reach(what: str, values: NDArray[Any]) -> None:
    """Refuse finite values that are farther from 0 than a linear axis reaches."""
    largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    if largest > FARTHEST:
        raise ValueError(f"{what} reach {largest:.2g}, and the axis of a picture {FARTHEST:g}")


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
    """Return a label in so many lines at most, the arguments of a call on lines of their own."""
    text = one_line(label, width * lines - width // 4 * (lines - 1))
    name, bracket, arguments = text.partition("(")
    if len(text) > width and name:
        apart = [*wrap(name, width), *wrap(bracket + arguments, width)]
        if len(apart) <= lines:
            return "\n".join(apart)
    return "\n".join(wrap(text, width)[:lines])


def literal(texts: Iterable[Any]) -> None:
    """Let labels of the user's be drawn as they are: a dollar sign begins no formula."""
    for text in texts:
        text.set_parse_math(False)
        text.set_usetex(False)


def legend(ax: Any, handles: Sequence[Any], labels: Sequence[str], words: Sequence[str]) -> Any:
    """Put a legend, below some words, beside the axes: many curves leave no corner free.

    Within the axes of a figure without a layout engine, in which nothing would make room for it.
    """
    lines = max(1, 16 // max(1, len(labels)))
    beside = ax.figure.get_layout_engine() is not None
    # Within the axes a line and its margins take as much as eight letters.
    inside = int(ax.bbox.width / ax.figure.dpi * 72.0 / LETTER) - 8
    width = LEGEND if beside else min(max(inside, SHORTEST), LEGEND)
    numbers = map(str, range(len(labels)))  # matplotlib would skip labels that begin with "_"
    box = ax.legend(
        *(handles, numbers),
        loc="center left" if beside else "best",
        bbox_to_anchor=(1.0, 0.5) if beside else None,
        frameon=not beside,
        title="\n".join(wrapped(word, width, 3) for word in words) or None,
        fontsize=None if beside and len(labels) <= 8 else "small",
        title_fontsize="small",
    )
    for text, label in zip(box.get_texts(), labels, strict=True):
        text.set_text(wrapped(label, width, min(lines, 3)))
    literal([*box.get_texts(), box.get_title()])
    return box


def readable_log(axis: Any, most: int | None = None) -> None:
    """Label a logarithmic axis, however little or much it spans, with plain numbers.

    The fewest of 1, 2, 3 and 5 in each decade that give three places; if none do, the places of a
    linear axis. Where there is room for so many labels only, the other places have none.
    """
    ticker = needs_matplotlib("ticker")
    low, high = sorted(axis.get_view_interval())
    if high < 1.02 * low:  # too narrow for a tick
        low, high = low / 1.02, high * 1.02
        axis.set_view_interval(low, high, ignore=True)
    decades = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for subs in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5)):
        places = np.outer(subs, decades)
        if np.count_nonzero((low <= places) & (places <= high)) >= 3:
            axis.set_major_locator(ticker.LogLocator(subs=subs))
            break
    else:
        axis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())
    if most is not None:
        places = axis.get_majorticklocs()
        places = places[(low <= places) & (places <= high)]
        labels = [""] * places.size
        for place in evenly(places.size, most):
            labels[place] = f"{places[place]:g}"
        axis.set_ticks(places, labels)


def whole_numbers(axis: Any) -> None:
    """Put ticks at whole numbers only: steps, layers, units."""
    ticker = needs_matplotlib("ticker")
    steps = [1, 2, 5, 10]
    # One tick is enough where there is one step.
    axis.set_major_locator(ticker.MaxNLocator("auto", steps=steps, integer=True, min_n_ticks=1))


def apart(line: Callable[..., Any], count: int) -> None:
    """Draw a line between each two of the rows or columns of a map, numbered from 1."""
    for place in range(1, count):
        line(place + 0.5, color="white", linewidth=0.8)


def left_out(*parts: tuple[int, int, str]) -> list[str]:
    """Say of what a picture shows only some, given as (drawn, all, word)."""
    return [f"{drawn} of {count:,} {word} drawn" for drawn, count, word in parts if drawn < count]


def told(parts: Sequence[str]) -> str:
    """Join what is said of each curve or row, of many the first ones: a description is listened to.

    The others are in the table.
    """
    lengths = np.cumsum([len(part) for part in parts])
    count = max(1, int(np.searchsorted(lengths, MOST_SPOKEN, side="right")))
    text = "; ".join(parts[:count])
    left = len(parts) - count
    return f"{text}; {left} more in the table" if left else text
