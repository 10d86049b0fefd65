"""Scale by depth: a heat map with its numbers, of losses over chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.selection import evenly
from ..tables import Table
from ._figure import SIZES, axes, left_out, literal, needs_matplotlib, one_line, told
from .display import Display

__all__ = ["ScaleByDepthDisplay", "plot_scale_by_depth"]

MOST_ROWS: Final = 24
MOST_COLUMNS: Final = 16
HIGHEST: Final = 1e3  # of a ratio for a colour; matplotlib would leave infinity blank


@dataclass(frozen=True, eq=False, repr=False)
class ScaleByDepthDisplay(Display):
    """A picture of losses by scale and depth, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    image_ : matplotlib AxesImage
        The map.
    colorbar_ : matplotlib Colorbar
        Its scale.
    texts_ : list of matplotlib Text
        The numbers in the cells, row by row.
    scales : tuple of str
        Labels of the rows drawn.
    depths : tuple of int
        Hidden layers of the columns drawn.
    ratios : ndarray of shape (rows, columns)
        Median final loss over the loss at chance; NaN for a cell that was not trained.
    learned : ndarray of shape (rows, columns), bool
        Whether most seeds learned; the other cells are hatched.
    offered : (int, int)
        Rows and columns there were to draw.
    """

    image_: Any
    colorbar_: Any
    texts_: list[Any]
    scales: tuple[str, ...]
    depths: tuple[int, ...]
    ratios: NDArray[np.float64]
    learned: NDArray[np.bool_]
    offered: tuple[int, int]

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        ends = sorted({0, len(self.depths) - 1})
        each = told(
            [
                f"{one_line(label)}: "
                + ", ".join(f"{_ratio(row[column])} at {self.depths[column]}" for column in ends)
                for label, row in zip(self.scales, self.ratios, strict=True)
            ]
        )
        return (
            "Final loss over the loss at chance, one row per scale and one column per number of "
            f"hidden layers. At the fewest and the most: {each}. {' '.join(self.table().notes)}"
        )

    def table(self) -> Table:
        """Return the numbers in the cells, with a mark for those that did not learn.

        Returns
        -------
        Table
        """
        table = ratio_table(self.scales, self.depths, self.ratios, self.learned)
        rows, columns = self.offered
        some = left_out((len(self.scales), rows, "scales"), (len(self.depths), columns, "depths"))
        return replace(table, notes=(*table.notes, *some))


def ratio_table(
    scales: Sequence[str],
    depths: Sequence[int],
    ratios: NDArray[np.float64],
    learned: NDArray[np.bool_],
) -> Table:
    """Return losses over chance as a table, "!" after those of cells that did not learn."""
    rows = tuple(
        (
            label,
            *(
                _ratio(ratio) + ("" if good or np.isnan(ratio) else " !")
                for ratio, good in zip(ratio_row, good_row, strict=True)
            ),
        )
        for label, ratio_row, good_row in zip(scales, ratios, learned, strict=True)
    )
    return Table(
        "Scale by depth",
        ("scale", *(f"{depth}\nhidden" for depth in depths)),
        rows,
        (
            "In the cells: median final loss over the loss at chance.",
            "! (hatched in the picture): most seeds did not learn.",
        ),
    )


def plot_scale_by_depth(
    scales: Sequence[str],
    depths: Sequence[int],
    ratios: NDArray[np.float64],
    learned: NDArray[np.bool_],
    *,
    ax: Any = None,
    title: str = "",
) -> ScaleByDepthDisplay:
    """Draw losses over chance as a heat map with its numbers.

    Parameters
    ----------
    scales : sequence of str
        Labels of the rows; of more than 24 so many that lie evenly between the first and the last.
    depths : sequence of int
        Hidden layers of the columns; of more than 16 likewise.
    ratios : ndarray of shape (rows, columns)
        Median final loss over the loss at chance; NaN for a cell that was not trained.
    learned : ndarray of shape (rows, columns), bool
        Whether most seeds learned; the other cells are hatched.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure by default. Nothing is shown, and no global setting is touched.
    title : str, optional
        Of axes that have none yet.

    Returns
    -------
    ScaleByDepthDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    rows, columns = evenly(len(scales), MOST_ROWS), evenly(len(depths), MOST_COLUMNS)
    shown, good = ratios[np.ix_(rows, columns)], learned[np.ix_(rows, columns)]
    bad = ~(good | np.isnan(shown))
    ax = axes(ax, max(2.8, 1.5 + 0.36 * len(rows)))
    # Above chance all is equally bad: the colours are for what lies below.
    image = ax.imshow(np.minimum(shown, HIGHEST), cmap=SIZES, vmin=0.0, vmax=1.0, aspect="auto")
    rectangle = needs_matplotlib("patches").Rectangle
    texts = []
    for (row, column), ratio in np.ndenumerate(shown):
        # Viridis is light from here on; a cell without a number has the page's colour.
        colour = "0.5" if np.isnan(ratio) else "black" if ratio > 0.6 else "white"
        texts.append(
            ax.text(
                *(column, row, _ratio(ratio)),
                ha="center",
                va="center",
                fontsize="small",
                color=colour,
            )
        )
        if bad[row, column]:
            hatched = rectangle((column - 0.5, row - 0.5), 1, 1)
            hatched.set(fill=False, hatch="//", edgecolor=(colour, 0.3), linewidth=0)
            ax.add_patch(hatched)
    ax.set_xticks(range(len(columns)), [str(depths[i]) for i in columns])
    labels = [one_line(scales[i], 28) for i in rows]
    ax.set_yticks(range(len(rows)), labels)
    literal(ax.get_yticklabels())
    below = ["hidden layers"]
    if bad.any():
        below.append("hatched: most seeds did not learn")
    below += left_out((len(rows), len(scales), "scales"), (len(columns), len(depths), "depths"))
    ax.set(xlabel="\n".join(below), ylabel="scheme")
    if title and not ax.get_title():
        literal([ax.set_title(one_line(title, 80), fontsize="medium")])
    bar = ax.figure.colorbar(image, ax=ax, label="final loss / loss at chance", extend="max")
    return ScaleByDepthDisplay(
        ax,
        ax.figure,
        image,
        bar,
        texts,
        tuple(scales[i] for i in rows),
        tuple(depths[i] for i in columns),
        shown,
        good,
        (len(scales), len(depths)),
    )


def _ratio(value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.2f}" if value < 10 else f"{value:.2g}"
