"""Saturation map: the relative slope of every unit on every sample."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .._tools.format import share
from ..tables import Table
from ._figure import MOST_NUMBERS, SIZES, apart, axes, whole_numbers
from .display import Display

__all__ = ["SaturationDisplay", "plot_saturation"]

MOST_ROWS: Final = 12  # of the table


@dataclass(frozen=True, eq=False, repr=False)
class SaturationDisplay(Display):
    """A picture of the slopes of a layer, and what is in it.

    Parameters
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        Where it was drawn.
    image_ : matplotlib AxesImage
        The map.
    colorbar_ : matplotlib Colorbar
        Its scale, with a line at the threshold.
    slopes : ndarray of shape (n_out, samples drawn)
        The data: |g'(z)| over its largest value; NaN where z is not finite.
    layer : int
        From 1.
    threshold : float
        A pair of unit and sample below it is on the flat part.
    samples : int
        Number of samples there were to draw.
    """

    image_: Any
    colorbar_: Any
    slopes: NDArray[np.float64]
    layer: int
    threshold: float
    samples: int

    @property
    def alt_text(self) -> str:
        """The picture in words."""
        units, drawn = self.slopes.shape
        notes = " ".join(self.table().notes)
        return (
            f"Relative slopes of the {units} units of layer {self.layer} on {drawn} samples as "
            f"colours from 0 to 1. {notes}"
        )

    def table(self) -> Table:
        """Return the share of samples on which every unit is flat.

        Returns
        -------
        Table
        """
        low = np.where(np.isnan(self.slopes), np.nan, self.slopes < self.threshold)
        by_unit = low.mean(axis=1)
        most = np.argsort(-np.nan_to_num(by_unit), kind="stable")[:MOST_ROWS]
        rows = tuple(
            (str(unit + 1), share(float(by_unit[unit])), f"{np.median(self.slopes[unit]):.3g}")
            for unit in most
        )
        notes = [
            f"{share(float(np.nanmean(low)) if np.isfinite(low).any() else np.nan)} of all pairs "
            f"of unit and sample are flat: a slope below {self.threshold:g} of the largest."
        ]
        units, drawn = self.slopes.shape
        if units > MOST_ROWS:
            notes.append(f"The {MOST_ROWS} flattest of {units} units are listed.")
        if drawn < self.samples:
            notes.append(f"{drawn} of {self.samples:,} samples are drawn.")
        holes = np.count_nonzero(np.isnan(self.slopes))
        if holes:
            notes.append(f"{holes:,} pairs are not finite and left blank.")
        columns = ("unit", "flat\nshare of samples", "median\nrelative slope")
        return Table(f"Saturation of layer {self.layer}", columns, rows, tuple(notes))


def plot_saturation(
    slopes: NDArray[np.float64],
    *,
    layer: int,
    threshold: float,
    samples: int,
    ax: Any = None,
    title: str = "",
) -> SaturationDisplay:
    """Draw the relative slopes of a layer, one row per unit and one column per sample.

    Parameters
    ----------
    slopes : ndarray of shape (n_out, samples drawn)
        As `diagnosis.relative_slope` gives them.
    layer : int
        From 1.
    threshold : float
        A pair of unit and sample below it is on the flat part.
    samples : int
        Number of samples there are, of which `slopes` may hold some.
    ax : matplotlib.axes.Axes, optional
        Where; a new figure by default. Nothing is shown, and no global setting is touched.
    title : str, optional
        Of axes that have none yet.

    Returns
    -------
    SaturationDisplay

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ax = axes(ax, 3.5)
    units, drawn = slopes.shape
    image = ax.imshow(
        slopes,
        cmap=SIZES,
        vmin=0.0,
        vmax=1.0,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, drawn + 0.5, units + 0.5, 0.5),
    )
    if units <= MOST_NUMBERS:
        apart(ax.axhline, units)
    some = "" if drawn == samples else f" ({drawn} of {samples:,})"
    ax.set(xlabel=f"sample{some}", ylabel="unit")
    whole_numbers(ax.xaxis)
    whole_numbers(ax.yaxis)
    if title and not ax.get_title():
        ax.set_title(title)
    words = "relative slope |g'(z)| / max |g'|\nbelow the line: flat"
    bar = ax.figure.colorbar(image, ax=ax, label=words)
    bar.ax.axhline(threshold, color="white", linewidth=1.5)
    bar.set_ticks([threshold, 0.5, 1.0], labels=[f"{threshold:g}", "0.5", "1"])
    return SaturationDisplay(ax, ax.figure, image, bar, slopes, layer, threshold, samples)
